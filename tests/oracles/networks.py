"""Fixtures for tests/networks_parity.rs: tiny random networks run by PyTorch, diffusers and transformers.

Run: python tests/oracles/networks.py tests/fixtures/engine
Each file holds the weights under `weights.` (names as on disk), the inputs, the expected outputs, and the
network's config.json as its metadata.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, Dinov2Config, Dinov2Model

OUT = Path(sys.argv[1])

NET = dict(
    in_channels=4,
    block_out_channels=[8, 8, 16],
    down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    layers_per_block=1,
    cross_attention_dim=12,
    attention_head_dim=2,
    norm_num_groups=4,
)
UP = ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]


def shaken(net):
    """No weight at a value that hides a mistake: norms off one, zero convolutions off zero."""
    with torch.no_grad():
        for parameter in net.parameters():
            spread = 0.2 if parameter.ndim == 1 else 0.5 / parameter[0].numel() ** 0.5
            parameter.add_(torch.randn_like(parameter) * spread)
    return net.eval()


def save(name, config, weights, **tensors):
    tensors |= {f"weights.{key}": value for key, value in weights.items()}
    tensors = {key: value.detach().clone().contiguous() for key, value in tensors.items()}
    path = OUT / f"{name}.safetensors"
    save_file(tensors, path, metadata={"config": json.dumps(config)})
    print(path, path.stat().st_size)


def disk_names(net):
    """The state dict under the names that `save_pretrained` writes, which differ from the module's."""
    folder = OUT / "tmp"
    net.save_pretrained(folder)
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return weights


def text(name, act):
    config = dict(
        vocab_size=60, hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
        max_position_embeddings=9, hidden_act=act, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    net = shaken(CLIPTextModel(CLIPTextConfig(**config)))
    ids = torch.tensor([[1, 17, 4, 59, 2, 2, 2], [1, 8, 8, 30, 31, 5, 2]])
    weights = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in disk_names(net).items()}
    weights.pop("text_model.embeddings.position_ids", None)
    save(name, config, weights, ids=ids, expected=net(ids).last_hidden_state)


def image(name, swiglu, image_size):
    config = dict(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, mlp_ratio=4, image_size=image_size,
        patch_size=14, use_swiglu_ffn=swiglu, layerscale_value=1.0,
    )  # fmt: skip
    net = shaken(Dinov2Model(Dinov2Config(**config)))
    pixels = torch.rand(2, 3, 56, 84)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (pixels - mean[:, None, None]) / deviation[:, None, None]
    save(name, config, disk_names(net), pixels=pixels, expected=net(normalised).last_hidden_state)


def vae():
    config = dict(
        block_out_channels=[8, 8, 16], down_block_types=["DownEncoderBlock2D"] * 3, layers_per_block=1,
        up_block_types=["UpDecoderBlock2D"] * 3, norm_num_groups=4, latent_channels=4,
    )  # fmt: skip
    net = shaken(AutoencoderKL(**config))
    pixels, latents = torch.rand(1, 3, 24, 40) * 2 - 1, torch.randn(1, 4, 6, 5)
    posterior = net.encode(pixels).latent_dist
    save(
        "vae", config, net.state_dict(), pixels=pixels, mean=posterior.mean, logvar=posterior.logvar,
        latents=latents, decoded=net.decode(latents).sample,
    )  # fmt: skip


def unet(name, size, **changes):
    config = NET | dict(up_block_types=UP, out_channels=4) | changes
    net = shaken(UNet2DConditionModel(**config))
    latents, tokens, timestep = torch.randn(2, 4, *size), torch.randn(2, 7, 12), torch.tensor(501)
    expected = net(latents, timestep, tokens).sample
    save(name, config, net.state_dict(), latents=latents, text=tokens, expected=expected)


def returned(residuals):
    down = {f"down.{i}": tensor for i, tensor in enumerate(residuals.down_block_res_samples)}
    return down | {"middle": residuals.mid_block_res_sample}


def control_net():
    config = NET | dict(conditioning_channels=3, conditioning_embedding_out_channels=[4, 4, 8, 8])
    net = shaken(ControlNetModel(**config))
    latents, tokens, hint = torch.randn(2, 4, 8, 10), torch.randn(2, 7, 12), torch.rand(2, 3, 64, 80)
    residuals = net(latents, torch.tensor(301), tokens, hint, conditioning_scale=0.6)
    save(
        "control_net", config, net.state_dict(), latents=latents, text=tokens, hint=hint, **returned(residuals)
    )  # fmt: skip


def branched(block, context):
    """METHOD's Eq. 8 and 9 in one of diffusers' transformer blocks."""
    width, heads = block.norm1.normalized_shape[0], block.attn1.heads
    for branch in ["pose", "appearance"]:
        setattr(block, f"norm2_{branch}", nn.LayerNorm(width))
        attention = Attention(width, cross_attention_dim=12, heads=heads, dim_head=width // heads)
        setattr(block, f"attn2_{branch}", attention)

    def forward(x, *_, **__):
        x = x + block.attn1(block.norm1(x))
        text = block.attn2(block.norm2(x), context["text"])
        pose = block.attn2_pose(block.norm2_pose(x), context["pose"])
        appearance = block.attn2_appearance(block.norm2_appearance(x), context["appearance"])
        deviation = lambda y: y.std(dim=(1, 2), unbiased=True, keepdim=True)
        appearance = appearance / deviation(appearance) * deviation(text)
        x = x + text + pose + context["alpha"] * appearance
        return x + block.ff(block.norm3(x))

    block.forward = forward


def multi_branch():
    config = NET | dict(conditioning_channels=4, conditioning_embedding_out_channels=[4, 4, 8, 8])
    net, context = ControlNetModel(**config), {}
    for module in list(net.modules()):
        if isinstance(module, BasicTransformerBlock):
            branched(module, context)
    net.pose_proj, net.appearance_proj = nn.Linear(10, 12), nn.Linear(10, 12)
    shaken(net)
    latents, hint, text = torch.randn(2, 4, 8, 10), torch.rand(1, 4, 64, 80), torch.randn(2, 7, 12)
    pose, appearance = torch.randn(1, 5, 10), torch.randn(1, 5, 10)
    context |= dict(text=text, alpha=1 - (500 - 400) / 400)
    context["pose"] = net.pose_proj(pose).expand(2, -1, -1)
    context["appearance"] = net.appearance_proj(appearance).expand(2, -1, -1)
    residuals = net(latents, torch.tensor(500), text, hint.expand(2, -1, -1, -1))
    save(
        "multi_branch", config | dict(adorn_branches=["pose", "appearance"]), net.state_dict(), hint=hint,
        latents=latents, text=text, pose=pose, appearance=appearance, **returned(residuals),
    )  # fmt: skip


torch.manual_seed(7)
OUT.mkdir(parents=True, exist_ok=True)
with torch.no_grad():
    text("text_quick_gelu", "quick_gelu")
    text("text_gelu", "gelu")
    image("image_interpolated", False, 70)
    image("image_swiglu", True, 98)
    vae()
    unet("unet", (8, 12))
    unet("unet_odd", (9, 7), use_linear_projection=True, attention_head_dim=[1, 2, 4], freq_shift=1)
    control_net()
    multi_branch()
