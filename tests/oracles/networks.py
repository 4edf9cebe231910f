"""Expected outputs for tests/parity: networks of made weights, run by PyTorch, diffusers and transformers.

Run: python tests/oracles/networks.py tests/fixtures/parity [text|image|vae|unet|control_net|gradients|norm]...
One file a component. Its metadata lists the cases: config.json, the tensors that a weight file would hold,
inputs, numbers, and how far PyTorch's own bf16 and f16 are from its f32. Tensors are the f32 outputs.
"""

import json
import sys
import tempfile
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from made import fill, uniform
from multi_branch import MultiBranch, std_norm
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, Dinov2Config, Dinov2Model

OUT = Path(sys.argv[1])
HALVES = {"bf16": torch.bfloat16, "f16": torch.float16}


class Cases:
    """One component's file in the making."""

    def __init__(self, component):
        self.component, self.cases, self.tensors = component, [], {}

    def add(self, name, config, load, names, inputs, run, halves=True, **numbers):
        """`names`: shapes by the names on disk. `load(weights)` gives the network in f32, and
        `run(net, cast, **inputs)` its outputs by name."""
        scope = f"{self.component}/{name}"
        net = load(fill(names, scope)).eval() if names else None
        made = {}
        for key, (kind, shape) in inputs.items():
            made[key] = given(kind, f"{scope}/{key}", shape)
        expected = run(net, lambda x: x, **made)
        self.tensors |= {f"{name}/{key}": value for key, value in expected.items()}
        half = {}
        for label, dtype in HALVES.items() if names and halves else []:
            got = run(deepcopy(net).to(dtype), lambda x: x.to(dtype), **made)
            half[label] = max(error(got[key], expected[key]) for key in expected)
        self.cases.append(
            dict(name=name, config=config, weights=[[key, list(shape)] for key, shape in names.items()],
                 inputs=[[key, kind, list(shape)] for key, (kind, shape) in inputs.items()],
                 half=half, numbers=numbers)
        )  # fmt: skip
        largest = {key: round(value.abs().max().item(), 3) for key, value in list(expected.items())[:3]}
        print(f"{scope:46} {len(names):4} tensors, largest {largest}, half {half}")

    def save(self):
        tensors = {key: value.detach().float().contiguous().clone() for key, value in self.tensors.items()}
        path = OUT / f"{self.component}.safetensors"
        save_file(tensors, path, metadata={"cases": json.dumps(self.cases, separators=(",", ":"))})
        print(path, path.stat().st_size, "bytes")


class Gradients(Cases):
    """The same cases, trained: each weight's gradient as its length and its share along a made direction, in
    the weights' order. The loss is the sum of every output times a made direction of its own."""

    @staticmethod
    def pair(key, weight):
        gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
        return torch.stack([gradient.norm(), (gradient * uniform(f"direction/{key}", tuple(weight.shape))).sum()])

    def add(self, name, config, load, names, inputs, run, halves=True, **numbers):
        scope = f"{self.component}/{name}"
        made = {key: given(kind, f"{scope}/{key}", shape) for key, (kind, shape) in inputs.items()}
        with torch.enable_grad():
            net = load(fill(names, scope)).eval()
            outputs = run(net, lambda x: x, **made)
            loss = sum((y * uniform(f"direction/{key}", tuple(y.shape))).sum() for key, y in outputs.items())
            loss.backward()
        weights = {key.removeprefix("net."): weight for key, weight in net.named_parameters()}
        pairs = [self.pair(key, weights[key]) for key in names]
        self.tensors[f"{name}/gradients"] = torch.stack(pairs)
        self.cases.append(
            dict(name=name, config=config, weights=[[key, list(shape)] for key, shape in names.items()],
                 inputs=[[key, kind, list(shape)] for key, (kind, shape) in inputs.items()],
                 half={}, numbers=numbers)
        )  # fmt: skip
        print(f"{scope:46} {len(names):4} gradients, loss {loss.item():.4}")


def given(kind, name, shape):
    """`plain`: deviation 1. `quiet`: 1e-3. `unit`: 0..1. `ids:N`: 0..N. `padded:N`: the second half 2."""
    values = uniform(name, shape)
    if kind == "plain":
        return values * 3**0.5
    if kind == "quiet":
        return values * np.float32(1e-3)
    if kind == "unit":
        return values * 0.5 + 0.5
    kind, count = kind.split(":")
    ids = ((values.double() * 0.5 + 0.5) * int(count)).long()
    if kind == "padded":
        ids[:, shape[1] // 2 :] = 2
    return ids


def error(got, expected):
    """Largest difference over the largest expected value."""
    return ((got.float() - expected).abs().max() / expected.abs().max()).item()


def shapes(net):
    return {key: tuple(value.shape) for key, value in net.state_dict().items()}


def on_disk(net):
    """Names as `save_pretrained` writes them, which differ from the module's."""
    with tempfile.TemporaryDirectory() as folder:
        net.save_pretrained(folder)
        return {key: tuple(value.shape) for key, value in load_file(f"{folder}/model.safetensors").items()}


def from_disk(kind, config, weights):
    """What transformers makes of a folder with these weights."""
    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        save_file(weights, f"{folder}/model.safetensors", metadata={"format": "pt"})
        net, report = kind.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not report["missing_keys"], report["missing_keys"]
    return net


def into(net, rename=lambda key: key):
    """Loads a state dict strictly."""

    def load(weights):
        net.load_state_dict({rename(key): value for key, value in weights.items()})
        return net

    return load


def text():
    cases = Cases("text")

    def case(name, ids, kind="ids", prefix=True, projection=False, **config):
        config = dict(
            vocab_size=64, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3,
            max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=1, eos_token_id=2,
        ) | config  # fmt: skip
        net = CLIPTextModel(CLIPTextConfig(**config))
        bare = {key.removeprefix("text_model."): shape for key, shape in on_disk(net).items()}
        bare.pop("embeddings.position_ids", None)
        names = {("text_model." if prefix else "") + key: shape for key, shape in bare.items()}
        if projection:
            names |= on_disk_extra(config)
        load = lambda weights: from_disk(CLIPTextModel, CLIPTextConfig(**config), weights)
        run = lambda net, cast, ids: {"last": net(ids).last_hidden_state}
        cases.add(name, config, load, names, {"ids": (f"{kind}:{config['vocab_size']}", ids)}, run)

    def on_disk_extra(config):
        """A file of `CLIPTextModelWithProjection` says more; and old files carry the positions' numbers."""
        whole = CLIPTextModelWithProjection(CLIPTextConfig(**config | dict(projection_dim=16)))
        return {key: shape for key, shape in on_disk(whole).items() if "text_projection" in key}

    case("quick gelu, 77 tokens, padded", (2, 77), kind="padded")
    case("gelu, one head, no prefix", (1, 13), prefix=False, hidden_act="gelu", num_attention_heads=1)
    case("8 heads of 4, 3 layers, projection", (3, 7), projection=True, hidden_size=32, num_attention_heads=8,
         num_hidden_layers=3, intermediate_size=128)  # fmt: skip
    case("one token, eps 1e-3, eos 0, projection", (1, 1), prefix=False, projection=True, layer_norm_eps=1e-3, eos_token_id=0)
    case("9 positions, one layer", (2, 9), hidden_size=20, num_attention_heads=5, num_hidden_layers=1,
         max_position_embeddings=9, hidden_act="gelu")  # fmt: skip
    cases.save()


def image():
    cases = Cases("image")

    def case(name, size, prefix=False, batch=1, **config):
        config = dict(
            hidden_size=24, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=4, image_size=518,
            patch_size=14, use_swiglu_ffn=False, layerscale_value=1.0, qkv_bias=True,
        ) | config  # fmt: skip
        net = Dinov2Model(Dinov2Config(**config))
        names = {("dinov2." if prefix else "") + key: shape for key, shape in on_disk(net).items()}
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

        def run(net, cast, pixels):
            normalised = (pixels - mean[:, None, None]) / deviation[:, None, None]
            return {"tokens": net(cast(normalised)).last_hidden_state}

        load = lambda weights: from_disk(Dinov2Model, Dinov2Config(**config), weights)
        cases.add(name, config, load, names, {"pixels": ("unit", (batch, 3, *size))}, run)

    case("small: 6 heads, 518 to 224", (224, 224), hidden_size=24, num_attention_heads=6)
    case("base: 12 heads, dinov2. prefix", (224, 224), prefix=True, hidden_size=24, num_attention_heads=12)
    case("large: 16 heads, 3 layers", (224, 224), hidden_size=32, num_attention_heads=16, num_hidden_layers=3)
    case("giant: SwiGLU, 24 heads", (224, 224), hidden_size=48, num_attention_heads=24, use_swiglu_ffn=True)
    case("SwiGLU, 53 rounded to 56, no bias", (56, 56), hidden_size=20, num_attention_heads=4,
         use_swiglu_ffn=True, qkv_bias=False)  # fmt: skip
    case("own grid 224", (224, 224), image_size=224)
    case("not square, enlarged, batch 2", (56, 84), batch=2, image_size=42)
    case("4 x 9 patches of a 6 x 6 grid", (56, 126), image_size=84)
    case("patches of 16, 224", (224, 224), patch_size=16, image_size=224, mlp_ratio=2, layer_norm_eps=1e-4)
    cases.save()


def vae():
    cases = Cases("vae")
    old = {"to_q.": "query.", "to_k.": "key.", "to_v.": "value.", "to_out.0.": "proj_attn."}

    def case(name, pixels, latents, old_names=False, batch=1, quiet=False, **config):
        levels = len(config.setdefault("block_out_channels", [8, 8, 16, 16]))
        config = dict(
            down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels,
            layers_per_block=1, norm_num_groups=4, latent_channels=4, scaling_factor=0.18215,
        ) | config  # fmt: skip
        net = AutoencoderKL(**config)

        def renamed(key, back=False):
            for new, older in old.items():
                key = key.replace(older, new) if back else key.replace(new, older)
            return key

        names = shapes(net)
        if old_names:
            names = {renamed(key): shape for key, shape in names.items()}

        def run(net, cast, pixels, latents):
            posterior = net.encode(cast(pixels * 2 - 1)).latent_dist
            decoded = net.decode(cast(latents)).sample
            return {"mean": posterior.mean, "logvar": posterior.logvar, "decoded": decoded}

        channels = config["latent_channels"]
        inputs = {"pixels": ("unit", (batch, 3, *pixels)), "latents": ("quiet" if quiet else "plain", (batch, channels, *latents))}
        rename = (lambda key: renamed(key, back=True)) if old_names else (lambda key: key)
        cases.add(name, config, into(net, rename), names, inputs, run, halves=not quiet)

    case("4 levels, 48 x 80 pixels", (48, 80), (6, 10), layers_per_block=2)
    case("4 levels, odd latents 5 x 3", (40, 24), (5, 3), norm_num_groups=2)
    case("3 levels, old attention names", (32, 48), (7, 9), block_out_channels=[8, 16, 24], old_names=True)
    case("2 levels, 8 groups, batch 2", (24, 16), (8, 5), block_out_channels=[16, 32], norm_num_groups=8, batch=2)
    # So little differs within a group that the norms' epsilon shows; a half cannot hold it.
    case("quiet latents, a group a channel", (16, 16), (6, 4), quiet=True, block_out_channels=[8, 8],
         norm_num_groups=8, use_post_quant_conv=False)  # fmt: skip
    case("no attention, no quant convs", (32, 32), (4, 6), mid_block_add_attention=False, use_quant_conv=False,
         use_post_quant_conv=False, latent_channels=8)  # fmt: skip
    cases.save()


CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"


def levels(*attends):
    """diffusers' names for levels that attend or not, finest first."""
    down = [CROSS if each else PLAIN for each in attends]
    up = [kind.replace("Down", "Up") for kind in reversed(down)]
    return dict(down_block_types=down, up_block_types=up)


def unet(cases=None):
    cases = cases or Cases("unet")

    def case(name, size, tokens=77, batch=2, t=501, **config):
        config = dict(
            in_channels=4, out_channels=4, block_out_channels=[8, 16, 16], layers_per_block=1,
            cross_attention_dim=12, attention_head_dim=2, norm_num_groups=4, **levels(True, True, False),
        ) | config  # fmt: skip
        net = UNet2DConditionModel(**config)
        run = lambda net, cast, latents, text: {"noise": net(cast(latents), torch.tensor(t), cast(text)).sample}
        width = config["cross_attention_dim"]
        inputs = {"latents": ("plain", (batch, config["in_channels"], *size)), "text": ("plain", (batch, tokens, width))}
        cases.add(name, config, into(net), shapes(net), inputs, run, timestep=t)

    case("3 levels, 6 x 10", (6, 10))
    case("4 levels as SD 1.5, 8 x 12", (8, 12), block_out_channels=[8, 16, 16, 16], layers_per_block=2,
         attention_head_dim=8, **levels(True, True, True, False))  # fmt: skip
    case("2 levels, 3 layers, 1 token", (5, 5), tokens=1, batch=1, t=0, block_out_channels=[8, 16],
         layers_per_block=3, **levels(True, True))  # fmt: skip
    case("odd 9 x 7, linear, heads by level", (9, 7), tokens=7, use_linear_projection=True, freq_shift=1,
         attention_head_dim=[1, 2, 4], t=999)  # fmt: skip
    case("154 tokens, batch 3, sines first", (6, 6), tokens=154, batch=3, flip_sin_to_cos=False, t=1)
    case("attends at the coarsest only, 8 groups", (10, 6), norm_num_groups=8, norm_eps=1e-3,
         block_out_channels=[16, 16, 32], **levels(False, False, True))  # fmt: skip
    case("wide finest level, upcast attention", (4, 6), block_out_channels=[32, 16], attention_head_dim=[4, 2],
         upcast_attention=True, cross_attention_dim=20, t=37, **levels(True, False))  # fmt: skip
    case("320 sinusoids, t = 981", (4, 4), block_out_channels=[320, 16], attention_head_dim=4, batch=1, t=981,
         tokens=3, norm_num_groups=8, **levels(False, True))  # fmt: skip
    cases.save()


def named(residuals):
    """`down.0` .. and `middle`."""
    return {f"down.{i}": tensor for i, tensor in enumerate(residuals[:-1])} | {"middle": residuals[-1]}


def control_net(cases=None):
    cases = cases or Cases("control_net")
    base = dict(
        in_channels=4, block_out_channels=[8, 16, 16], down_block_types=[CROSS, CROSS, PLAIN], layers_per_block=1,
        cross_attention_dim=12, attention_head_dim=2, norm_num_groups=4,
        conditioning_embedding_out_channels=[4, 4, 8, 8],
    )  # fmt: skip

    def stock(name, size, tokens=7, batch=2, t=301, strength=1.0, **config):
        config = base | dict(conditioning_channels=3) | config
        net = ControlNetModel(**config)

        def run(net, cast, latents, text, hint):
            made = net(cast(latents), torch.tensor(t), cast(text), cast(hint), strength)
            return named([*made.down_block_res_samples, made.mid_block_res_sample])

        inputs = {"latents": ("plain", (batch, 4, *size)), "text": ("plain", (batch, tokens, 12)),
                  "hint": ("unit", (batch, 3, 8 * size[0], 8 * size[1]))}  # fmt: skip
        cases.add(name, config, into(net), shapes(net), inputs, run, timestep=t, strength=strength)

    def branched(name, size, alpha, tokens=7, image_tokens=5, batch=2, t=500, strength=1.0,
                 branches=("pose", "appearance"), face=True, listed=True, **config):  # fmt: skip
        config = base | dict(conditioning_channels=4) | config
        net = MultiBranch(config, 10, branches)
        given = [branch for branch in branches if branch == "pose" or face]

        def run(net, cast, latents, text, hint, **images):
            projected = {branch: net.project(branch, cast(images[branch])) for branch in given}
            made = net(cast(latents), t, cast(hint), cast(text), alpha=alpha, strength=strength, **projected)
            return named(made) | {f"{branch}_tokens": tokens for branch, tokens in projected.items()}

        inputs = {"latents": ("plain", (batch, 4, *size)), "text": ("plain", (batch, tokens, 12)),
                  "hint": ("unit", (1, 4, 8 * size[0], 8 * size[1]))}  # fmt: skip
        inputs |= {branch: ("plain", (1, image_tokens, 10)) for branch in given}
        names = {key.removeprefix("net."): shape for key, shape in shapes(net).items()}
        said = config | (dict(adorn_branches=list(branches)) if listed else {})
        cases.add(name, said, into(net, lambda key: "net." + key), names, inputs, run,
                  timestep=t, strength=strength, alpha=alpha, image_width=10)  # fmt: skip

    stock("stock, strength 0.6", (8, 10), strength=0.6)
    stock("stock, 4 levels, odd 9 x 7", (9, 7), tokens=1, batch=1, block_out_channels=[8, 8, 16, 16],
          layers_per_block=2, down_block_types=[CROSS, CROSS, CROSS, PLAIN], attention_head_dim=4)  # fmt: skip
    stock("stock, linear, heads by level, no face", (6, 10), tokens=77, use_linear_projection=True,
          attention_head_dim=[1, 2, 4], num_attention_heads=[2, 4, 8], freq_shift=1)  # fmt: skip
    branched("both branches, alpha 1", (8, 10), 1.0, t=399)
    branched("both branches, alpha 0.25", (6, 10), 0.25, image_tokens=257, tokens=77, t=700)
    branched("both branches, alpha 0", (8, 10), 0.0, t=900)
    branched("both branches, no face", (9, 7), 1.0, face=False, t=200)
    branched("pose only", (8, 8), 0.0, branches=("pose",))
    branched("branches not listed, batch 3, 0.75", (5, 6), 0.75, batch=3, listed=False, strength=0.5,
             use_linear_projection=True, attention_head_dim=[1, 2, 4])  # fmt: skip
    branched("2 levels, 3 layers, alpha 0.5", (4, 6), 0.5, t=600, block_out_channels=[16, 32], layers_per_block=3,
             down_block_types=[CROSS, CROSS], norm_num_groups=8, attention_head_dim=4)  # fmt: skip
    cases.save()


def gradients():
    unet(Gradients("unet_gradients"))
    control_net(Gradients("control_net_gradients"))


def norm():
    """STD-Norm alone: `scale` and `offset` of the appearance branch, `like` of the text's."""
    cases = Cases("std_norm")
    for name, scale, offset, like in [
        ("both usual", 1.0, 0.0, 1.0), ("loud appearance", 1e4, 0.0, 1.0), ("quiet appearance", 1e-3, 0.0, 1.0),
        ("far from zero", 0.01, 30.0, 1.0), ("nearly constant", 1e-4, 1.0, 0.5), ("quiet text", 1.0, 0.5, 1e-4),
        ("constant", 0.0, 2.0, 1.0), ("silent text", 1.0, 0.0, 0.0),
    ]:  # fmt: skip
        inputs = {"y": ("plain", (2, 77, 12)), "like": ("plain", (2, 77, 12))}
        f32 = lambda x: torch.tensor(x, dtype=torch.float32)
        run = lambda net, cast, **x: {"normed": std_norm(x["y"] * f32(scale) + f32(offset), x["like"] * f32(like))}
        cases.add(name, {}, None, {}, inputs, run, scale=scale, offset=offset, like=like)
    cases.save()


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        for component in [text, image, vae, unet, control_net, gradients, norm]:
            if not sys.argv[2:] or component.__name__ in sys.argv[2:]:
                component()
