"""Seconds and memory of each part in PyTorch and diffusers, under the keys of `adorn bench --json`.

Run alone:   python tests/oracles/bench_diffusers.py --size 512 --dtype bf16
Side by side: add --adorn target/release/adorn --bundle DIR; one after the other, then ratios, ours over theirs.

Networks are Stable Diffusion 1.5's with random weights: denoiser, stock text-only ControlNet that reads a hint of
four channels, CLIP's text encoder, DINOv2, autoencoder. The ControlNet has one branch where ours has three.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PARTS = ["text", "image_encoder", "control_step", "unet_step", "vae_decode"]
DINO = {"s": (384, 12, 6), "b": (768, 12, 12), "l": (1024, 24, 16), "g": (1536, 40, 24)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="512", help="N or WxH")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dino", choices=sorted(DINO), default="b")
    parser.add_argument("--adorn", help="our program, to run before")
    parser.add_argument("--bundle", help="our bundle of the same shapes")
    return parser.parse_args()


def peak():
    """Linux's VmHWM in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def networks(torch, args):
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, Dinov2Config, Dinov2Model

    width, depth, heads = DINO[args.dino]
    text = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
    image = Dinov2Config(
        hidden_size=width, num_hidden_layers=depth, num_attention_heads=heads, image_size=518, patch_size=14,
        use_swiglu_ffn=args.dino == "g",
    )
    levels = dict(block_out_channels=(128, 256, 512, 512), layers_per_block=2)
    makers = {
        "text": lambda: CLIPTextModel(text),
        "image": lambda: Dinov2Model(image),
        "unet": lambda: UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8),
        "control": lambda: ControlNetModel(cross_attention_dim=768, attention_head_dim=8, conditioning_channels=4),
        "vae": lambda: AutoencoderKL(
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, **levels
        ),
    }
    return {name: filled(torch, make) for name, make in makers.items()}


def filled(torch, make):
    """A network of cheap random numbers: its own initialisation takes minutes and is not what is timed."""
    with torch.device("meta"):
        net = make()
    net = net.to_empty(device="cpu").eval()
    noise = torch.randn(1 << 20)
    for parameter in net.parameters():
        flat = parameter.data.view(-1)
        if parameter.ndim < 2:
            flat.fill_(1 if parameter.numel() > 1 else 0)
            continue
        spread = (parameter[0].numel()) ** -0.5
        for start in range(0, flat.numel(), noise.numel()):
            piece = flat[start : start + noise.numel()]
            piece.copy_(noise[: piece.numel()] * spread)
    for name, buffer in net.named_buffers():
        assert name.endswith("position_ids"), name
        buffer.copy_(torch.arange(buffer.shape[-1]).expand_as(buffer))
    return net


def measure(args):
    import torch

    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[args.dtype]
    width, height = (int(side) for side in (args.size.split("x") * 2)[:2])
    forget_peak()
    started = time.perf_counter()
    torch.set_default_dtype(dtype)
    nets = {name: net.to(memory_format=torch.channels_last) for name, net in networks(torch, args).items()}
    load_seconds, peaks = time.perf_counter() - started, {"load": peak()}

    ids = torch.zeros(1, 77, dtype=torch.long)
    photo = torch.zeros(1, 3, 224, 224)
    latents = torch.randn(args.batch, 4, height // 8, width // 8).to(memory_format=torch.channels_last)
    hint = torch.zeros(args.batch, 4, height, width)
    words = nets["text"](ids).last_hidden_state.repeat(args.batch, 1, 1)
    control = lambda: nets["control"](latents, 401, words, hint, return_dict=False)
    given = {}

    def unet():
        down, middle = given["residuals"]
        return nets["unet"](
            latents, 401, words, down_block_additional_residuals=down, mid_block_additional_residual=middle
        )

    work = {
        "text": lambda: nets["text"](ids),
        "image_encoder": lambda: nets["image"](photo),
        "control_step": control,
        "unet_step": unet,
        "vae_decode": lambda: nets["vae"].decode(latents[:1]),
    }
    seconds = {}
    for part in PARTS:
        if part == "unet_step":
            given["residuals"] = control()
        forget_peak()
        seconds[part] = median(work[part], args.runs)
        peaks[part] = peak()
        if part == "unet_step":
            given.clear()
    step = seconds["control_step"] + seconds["unet_step"]
    return {
        "bundle": f"diffusers, random weights, DINOv2 {args.dino}",
        "device": f"cpu ({args.dtype}), {args.threads} threads, torch {torch.__version__}",
        "width": width,
        "height": height,
        "batch": args.batch,
        "runs": args.runs,
        "load_seconds": load_seconds,
        **{f"{part}_seconds": seconds[part] for part in PARTS},
        "steps_per_second": 1 / step,
        "peak_memory_bytes": max(peaks.values()),
        "peaks": peaks,
    }


def median(work, runs):
    work()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def beside(args):
    """Ours, theirs in a process of its own, and ratios."""
    shape = ["--size", args.size, "--batch", str(args.batch), "--runs", str(args.runs), "--dtype", args.dtype]
    environment = os.environ | {"RAYON_NUM_THREADS": str(args.threads)}
    ours = [args.adorn, "bench", "--bundle", args.bundle, "--device", "cpu", "--json", *shape]
    theirs = [sys.executable, __file__, "--threads", str(args.threads), "--dino", args.dino, *shape]
    run = lambda command: json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)
    ours, theirs = run(ours), run(theirs)
    keys = [f"{part}_seconds" for part in PARTS] + ["peak_memory_bytes"]
    ratios = {key: round(ours[key] / theirs[key], 3) for key in keys}
    step = lambda found: found["control_step_seconds"] + found["unet_step_seconds"]
    ratios["step_seconds"] = round(step(ours) / step(theirs), 3)
    return {"ours": ours, "theirs": theirs, "ours_over_theirs": ratios}


if __name__ == "__main__":
    args = arguments()
    print(json.dumps(beside(args) if args.adorn else measure(args), indent=1))
