"""Re-runs a traced picture in PyTorch, stage by stage, from the trace's own inputs and the bundle's own files.

    adorn bundle random --config sd15 --seed 1 --out BUNDLE
    adorn render PROJECT.adorn --bundle BUNDLE --dtype f32 --steps 30 --out a.png --trace TRACE.safetensors
    python tests/oracles/full_picture.py BUNDLE TRACE.safetensors --project PROJECT.adorn

Prints each stage's error (largest difference over the largest expected value) and the picture's PSNR, and exits
with 1 above 1e-4 or below 55 dB. The oracle paints its own picture from the noise to the end; with `--each` it
also takes every step once from the trace's latents, which tells a wrong step from one that inherits an error.
DDIM alone. `--project` tells prompts and recipe; or give them as arguments, as they were given to `adorn`.
Needs memory for the denoiser and the ControlNet in f32 (5 GiB for Stable Diffusion 1.5) and half a minute a step
on two cores at 512 x 512.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
from bundle import Bundle, Painter
from safetensors import safe_open

LIMIT, LEAST_PSNR = 1e-4, 55.0


class Report:
    """Prints as it goes; remembers whether all was well."""

    def __init__(self):
        self.started, self.good = time.time(), True
        print(f"{'stage':24}{'error':>12}   seconds")

    def compare(self, stage, got, expected):
        if got.shape != expected.shape:
            self.good = False
            print(f"{stage:24} is {list(got.shape)}, the oracle's {list(expected.shape)}  <-- wrong", flush=True)
            return
        error = ((got - expected).abs().max() / expected.abs().max().clamp_min(1e-30)).item()
        fits = error <= LIMIT
        self.good &= fits
        print(f"{stage:24}{error:12.2e}{time.time() - self.started:10.0f}{'' if fits else '  <-- wrong'}", flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--project", type=Path, help="prompts and recipe")
    parser.add_argument("--prompt")
    parser.add_argument("--negative")
    for name in ["seed", "guidance", "gamma", "appearance-strength", "control-strength"]:
        parser.add_argument("--" + name, type=int if name == "seed" else float)
    parser.add_argument("--each", action="store_true", help="also every step alone, from the trace's latents")
    return parser.parse_args()


def recipe(said, bundle):
    """Arguments first, then the project, then the bundle's defaults."""
    project = json.loads(said.project.read_text()) if said.project else {}
    known = bundle.defaults | dict(appearance_strength=1.0, control_strength=1.0, seed=0)
    known |= {key: value for key, value in project.get("recipe", {}).items() if value is not None}
    for name in ["seed", "guidance", "gamma", "appearance_strength", "control_strength"]:
        if getattr(said, name) is not None:
            known[name] = getattr(said, name)
    if known.get("sampler", "ddim") != "ddim":
        sys.exit(f"the sampler is {known['sampler']}; this oracle re-runs ddim")
    known["prompt"] = said.prompt if said.prompt is not None else project.get("prompt")
    known["negative"] = said.negative if said.negative is not None else project.get("negative_prompt", "")
    return known


def psnr(got, expected):
    gap = (got.clamp(-1, 1) - expected.clamp(-1, 1)).double().square().mean().item()
    return math.inf if gap == 0 else 10 * math.log10(4 / gap)


def main():
    said = options()
    bundle, report = Bundle(said.bundle), Report()
    known = recipe(said, bundle)
    with safe_open(said.trace, "pt") as file:
        trace = {name: file.get_tensor(name) for name in file.keys()}

    text = trace["text_tokens"]
    if known["prompt"] is None:
        print("text_tokens             not compared: give --project or --prompt")
    else:
        text = bundle.text_tokens([known["negative"], known["prompt"]])
        report.compare("text_tokens", trace["text_tokens"], text)

    painter = Painter(bundle, trace["hint"], text, None, None, known["guidance"], known["gamma"],
                      known["appearance_strength"], known["control_strength"])  # fmt: skip
    for branch in ["pose", "appearance"]:
        if f"{branch}_image" in trace:
            dino = bundle.image_tokens(trace[f"{branch}_image"])
            setattr(painter, branch, painter.control_net.project(branch, dino))
            report.compare(f"{branch}_tokens", trace[f"{branch}_tokens"], getattr(painter, branch))

    noise = trace["noise"]
    torches = torch.randn(noise.shape, generator=torch.Generator().manual_seed(known["seed"]))
    report.compare("noise", noise, torches)
    times = trace["timesteps"]
    painter.scheduler.set_timesteps(len(times))
    report.compare("timesteps", times, painter.scheduler.timesteps.float())

    x, before = torches, noise
    for i, t in enumerate(painter.scheduler.timesteps.tolist(), 1):
        x = painter.step(x, t)
        after = trace[f"latents.{i}"]
        report.compare(f"latents.{i}", after, x)
        if said.each:
            report.compare(f"latents.{i} alone", after, painter.step(before, t))
        before = after

    del painter
    report.compare("decoded alone", trace["decoded"], bundle.decode(before))
    decoded = bundle.decode(x)
    report.compare("decoded", trace["decoded"], decoded)
    db = psnr(trace["decoded"], decoded)
    print(f"picture, PSNR {db:.1f} dB (at least {LEAST_PSNR:.0f})")
    return 0 if report.good and db >= LEAST_PSNR else 1


if __name__ == "__main__":
    with torch.inference_mode():
        sys.exit(main())
