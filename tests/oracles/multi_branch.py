"""The multi-branch ControlNet in PyTorch, read from METHOD's sections 4 to 6 and the bundle contract alone.

Convolutions, norms and residual blocks are diffusers' `ControlNetModel`; every transformer block is the class
below, and so are the projections of Eq. 7.
"""

import torch
from diffusers import ControlNetModel
from diffusers.models.attention import BasicTransformerBlock
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention

# Settings of the config that only this project knows.
OWN = ("adorn_branches",)
BRANCHES = {"pose": "_pose", "appearance": "_appearance"}


class Attention(nn.Module):
    """softmax(Q K^T / sqrt(d)) V of every head; leaves are named as diffusers names them."""

    def __init__(self, width, context, heads):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, width, bias=False)
        self.to_v = nn.Linear(context, width, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x, tokens):
        part = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = part(self.to_q(x)), part(self.to_k(tokens)), part(self.to_v(tokens))
        return self.to_out[0](scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Gated(nn.Module):
    """GEGLU; `net.0.proj` and `net.2` on disk."""

    def __init__(self, width):
        super().__init__()
        first = nn.Module()
        first.proj = nn.Linear(width, 8 * width)
        self.net = nn.ModuleList([first, nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x):
        value, gate = self.net[0].proj(x).chunk(2, dim=-1)
        return self.net[2](value * gelu(gate))


def std(y, guard=1e-6):
    """Per sample over tokens and channels, unbiased, in f32; the guard keeps a silent branch from dividing by 0."""
    return (y.float().var(dim=(1, 2), unbiased=True, keepdim=True) + guard**2).sqrt()


def std_norm(y, like):
    """Y'_a = Y_a / std(Y_a) * std(Y_t)."""
    return (y.float() * (std(like) / std(y))).to(y.dtype)


class Block(nn.Module):
    """Eq. 8 and 9. `said` holds this picture's tokens and alpha."""

    def __init__(self, width, context, heads, branches, said):
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Attention(width, width, heads)
        self.norm2, self.attn2 = nn.LayerNorm(width), Attention(width, context, heads)
        for branch in branches:
            self.add_module("norm2" + BRANCHES[branch], nn.LayerNorm(width))
            self.add_module("attn2" + BRANCHES[branch], Attention(width, context, heads))
        self.norm3, self.ff = nn.LayerNorm(width), Gated(width)
        self.said = said

    def branch(self, x, suffix, tokens):
        norm, attention = getattr(self, "norm2" + suffix), getattr(self, "attn2" + suffix)
        return attention(norm(x), tokens)

    def forward(self, x, *_, **__):
        x = x + self.attn1(self.norm1(x), self.norm1(x))
        text = self.branch(x, "", self.said["text"])
        total = text
        if self.said.get("pose") is not None:
            total = total + self.branch(x, "_pose", self.said["pose"])
        if self.said.get("appearance") is not None:
            appearance = std_norm(self.branch(x, "_appearance", self.said["appearance"]), text)
            total = total + self.said["alpha"] * appearance
        x = x + total
        return x + self.ff(self.norm3(x))


def alpha(t, gamma):
    """Eq. 10; 0 <= t <= 999."""
    if t <= gamma:
        return 1.0
    return 0.0 if t >= 2 * gamma else 1 - (t - gamma) / gamma


class MultiBranch(nn.Module):
    """A ControlNet whose every transformer block attends to text, pose and appearance."""

    def __init__(self, config, image_width, branches):
        super().__init__()
        config = {key: value for key, value in config.items() if key not in OWN and not key.startswith("_")}
        self.net, self.said = ControlNetModel(**config), {}
        context = self.net.config.cross_attention_dim
        for parent in list(self.net.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, BasicTransformerBlock):
                    width, heads = child.norm1.normalized_shape[0], child.attn1.heads
                    setattr(parent, name, Block(width, context, heads, branches, self.said))
        for branch in branches:
            self.net.add_module(branch + "_proj", nn.Linear(image_width, context))

    def project(self, branch, tokens):
        """Eq. 7."""
        return getattr(self.net, branch + "_proj")(tokens)

    def forward(self, latents, t, hint, text, pose=None, appearance=None, alpha=0.0, strength=1.0):
        """Projected tokens and hint of one sample serve the whole batch."""
        batch = latents.shape[0]
        whole = lambda y: None if y is None else y.expand(batch, -1, -1)
        self.said.update(text=whole(text), pose=whole(pose), appearance=whole(appearance), alpha=alpha)
        # Only the shape of the text matters here: the blocks read `said`.
        made = self.net(latents, torch.tensor(t), whole(text), hint.expand(batch, -1, -1, -1), strength)
        return [*made.down_block_res_samples, made.mid_block_res_sample]
