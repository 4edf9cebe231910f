"""tests/fixtures/engine/ldm_names.json: diffusers' own conversion of single-file names, at Stable Diffusion 1.5's size.

Run: python tests/oracles/names.py tests/fixtures/engine/ldm_names.json
Every tensor of a single file is told apart by its number of elements alone, so that the converter shows which
name became which. The list is committed as its digest and a few pairs; the digest is over sorted lines.
"""

import hashlib
import json
import sys

import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.loaders import single_file_utils as single

UNET = dict(
    block_out_channels=[320, 640, 1280, 1280], layers_per_block=2, cross_attention_dim=768, attention_head_dim=8,
    down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
)  # fmt: skip
VAE = dict(
    block_out_channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=4, norm_num_groups=32,
    down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
)  # fmt: skip
HALF = dict(UNET)
HALF.pop("up_block_types")


def marked(names):
    """One tensor a name: its number of rows is its number. A convolution's axes, which the VAE's converter squeezes."""
    return {name: torch.empty(i + 1, 1, 1, 1, device="meta") for i, name in enumerate(names)}


def pairs(names, converted):
    by_number = {i + 1: name for i, name in enumerate(names)}
    return sorted((by_number[tensor.shape[0]], name) for name, tensor in converted.items())


def listed(names, converted, net):
    found = pairs(names, converted)
    missing = set(net.state_dict()) - {new for _, new in found}
    assert not missing, sorted(missing)[:5]
    found = [pair for pair in found if pair[1] in net.state_dict()]
    lines = "".join(f"{old} {new}\n" for old, new in found)
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return {"count": len(found), "sha256": digest, "some": found[:: len(found) // 12]}


def block(prefix, channels_change):
    names = [f"{prefix}.{leaf}.{kind}" for leaf in ["in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0",
             "out_layers.3"] for kind in ["weight", "bias"]]  # fmt: skip
    return names + [f"{prefix}.skip_connection.{kind}" for kind in ["weight", "bias"]] * channels_change


def transformer(prefix):
    base = f"{prefix}.transformer_blocks.0"
    names = [f"{prefix}.{leaf}.{kind}" for leaf in ["norm", "proj_in", "proj_out"] for kind in ["weight", "bias"]]
    for attention in ["attn1", "attn2"]:
        names += [f"{base}.{attention}.{leaf}.weight" for leaf in ["to_q", "to_k", "to_v"]]
        names += [f"{base}.{attention}.to_out.0.{kind}" for kind in ["weight", "bias"]]
    leaves = ["ff.net.0.proj", "ff.net.2", "norm1", "norm2", "norm3"]
    return names + [f"{base}.{leaf}.{kind}" for leaf in leaves for kind in ["weight", "bias"]]


def both(*prefixes):
    return [f"{prefix}.{kind}" for prefix in prefixes for kind in ["weight", "bias"]]


def way_down():
    """CompVis' `UNetModel`: the places of blocks as its constructor counts them."""
    names = both("time_embed.0", "time_embed.2", "input_blocks.0.0")
    place, channels = 1, 320
    for level, width in enumerate([320, 640, 1280, 1280]):
        for _ in range(2):
            names += block(f"input_blocks.{place}.0", channels != width)
            if level < 3:
                names += transformer(f"input_blocks.{place}.1")
            channels, place = width, place + 1
        if level < 3:
            names += both(f"input_blocks.{place}.0.op")
            place += 1
    names += block("middle_block.0", False) + transformer("middle_block.1") + block("middle_block.2", False)
    return names


def unet_names():
    names, place = way_down(), 0
    for level in reversed(range(4)):
        for layer in range(3):
            names += block(f"output_blocks.{place}.0", True)
            if level < 3:
                names += transformer(f"output_blocks.{place}.1")
            if level and layer == 2:
                names += both(f"output_blocks.{place}.{2 if level < 3 else 1}.conv")
            place += 1
    return names + both("out.0", "out.2")


def control_names():
    names = way_down() + both(*[f"zero_convs.{i}.0" for i in range(12)], "middle_block_out.0")
    return names + both(*[f"input_hint_block.{i}" for i in range(0, 15, 2)])


def vae_block(prefix, change):
    names = both(*[f"{prefix}.{leaf}" for leaf in ["norm1", "conv1", "norm2", "conv2"]])
    return names + both(f"{prefix}.nin_shortcut") * change


def vae_middle(prefix):
    names = vae_block(f"{prefix}.block_1", False) + vae_block(f"{prefix}.block_2", False)
    return names + both(*[f"{prefix}.attn_1.{leaf}" for leaf in ["norm", "q", "k", "v", "proj_out"]])


def vae_names():
    names, channels = both("encoder.conv_in", "encoder.norm_out", "encoder.conv_out"), 128
    for level, width in enumerate([128, 256, 512, 512]):
        for layer in range(2):
            names += vae_block(f"encoder.down.{level}.block.{layer}", channels != width)
            channels = width
        if level < 3:
            names += both(f"encoder.down.{level}.downsample.conv")
    names += vae_middle("encoder.mid") + vae_middle("decoder.mid")
    names += both("decoder.conv_in", "decoder.norm_out", "decoder.conv_out", "quant_conv", "post_quant_conv")
    channels = 512
    for level in reversed(range(4)):
        for layer in range(3):
            width = [128, 256, 512, 512][level]
            names += vae_block(f"decoder.up.{level}.block.{layer}", channels != width)
            channels = width
        if level:
            names += both(f"decoder.up.{level}.upsample.conv")
    return names


def text_names():
    base = "cond_stage_model.transformer.text_model"
    names = [f"{base}.embeddings.{part}_embedding.weight" for part in ["token", "position"]]
    for layer in range(12):
        leaves = [f"self_attn.{part}_proj" for part in "qkv"] + ["self_attn.out_proj", "mlp.fc1", "mlp.fc2"]
        leaves += ["layer_norm1", "layer_norm2"]
        names += both(*[f"{base}.encoder.layers.{layer}.{leaf}" for leaf in leaves])
    return names + both(f"{base}.final_layer_norm")


with init_empty_weights():
    unet, vae = UNet2DConditionModel(**UNET), AutoencoderKL(**VAE)
    control = ControlNetModel(**HALF, conditioning_channels=4)

names = unet_names()
full = [f"model.diffusion_model.{name}" for name in names]
result = {"unet": listed(full, single.convert_ldm_unet_checkpoint(marked(full), dict(unet.config)), unet)}

# Its own way: `model_ema.` and the name without dots.
ema = {f"model_ema.diffusion_model{name.replace('.', '')}": tensor for name, tensor in marked(full).items() for name in [name.removeprefix("model.diffusion_model.")]}  # fmt: skip
flat = list(ema)
converted = single.convert_ldm_unet_checkpoint(marked(full) | ema, dict(unet.config), extract_ema=True)
result["unet_ema"] = listed(flat, converted, unet)

full = [f"first_stage_model.{name}" for name in vae_names()]
result["vae"] = listed(full, single.convert_ldm_vae_checkpoint(marked(full), dict(vae.config)), vae)
full = [f"control_model.{name}" for name in control_names()]
result["control_net"] = listed(full, single.convert_controlnet_checkpoint(marked(full), dict(control.config)), control)

full = text_names()
converted = single.convert_ldm_clip_checkpoint(marked(full), remove_prefix="cond_stage_model.transformer.")
found = pairs(full, converted)
lines = "".join(f"{old} {new}\n" for old, new in found)
result["text"] = {"count": len(found), "sha256": hashlib.sha256(lines.encode()).hexdigest(), "some": found[::20]}
with open(sys.argv[1], "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
