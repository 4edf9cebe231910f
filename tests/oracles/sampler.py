"""Fixture for engine::sampler: diffusers' samplers on a made-up prediction.

Run: python tests/oracles/sampler.py > tests/fixtures/engine/sampler.json

Each sampler is made as a pipeline makes it, `from_config` of the bundle's scheduler, and drawn from one generator.
"""

import json

import torch
from diffusers import (
    DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler, LCMScheduler, UniPCMultistepScheduler,
)  # fmt: skip

# 16 numbers: fewer are drawn in PyTorch's other way, which no latents are.
COUNT = 16
SD = dict(
    beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
    set_alpha_to_one=False, steps_offset=1, num_train_timesteps=1000,
)  # fmt: skip
LINEAR = dict(beta_schedule="linear", beta_start=0.0001, beta_end=0.02, set_alpha_to_one=True, steps_offset=0)
V = dict(prediction_type="v_prediction")
SPACED = [dict(timestep_spacing=name) for name in ("leading", "trailing", "linspace")]
KARRAS = dict(use_karras_sigmas=True)
MADE = {
    "ddim": (DDIMScheduler, {}),
    "ddpm": (DDPMScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler_ancestral": (EulerAncestralDiscreteScheduler, {}),
    "dpmpp_2m_karras": (DPMSolverMultistepScheduler, KARRAS),
    "unipc": (UniPCMultistepScheduler, {}),
    "lcm": (LCMScheduler, {}),
}
CASES = [(name, changes, steps) for name in MADE for changes, steps in [
    ({}, 30), ({}, 1), ({}, 2), (LINEAR, 5), (V, 4), *((changes, 7) for changes in SPACED),
    *((V | changes, 3) for changes in SPACED),
]] + [
    ("ddim", dict(clip_sample=True), 6), ("ddpm", dict(clip_sample=True), 6), ("lcm", dict(clip_sample=True), 4),
    ("euler", KARRAS, 6), ("euler", KARRAS | V, 3), ("unipc", KARRAS, 6), ("dpmpp_2m_karras", {}, 14),
    ("dpmpp_2m_karras", {}, 15), ("dpmpp_2m_karras", {}, 16), ("unipc", {}, 14), ("unipc", {}, 16),
    ("lcm", dict(original_inference_steps=100, timestep_scaling=5.0), 8), ("lcm", {}, 50),
    ("ddim", {}, 999),
]  # fmt: skip


def path(name, changes, steps):
    kind, own = MADE[name]
    scheduler = kind.from_config(SD | changes | own)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(1, COUNT, generator=generator) * scheduler.init_noise_sigma
    scheduler.set_begin_index(0) if hasattr(scheduler, "set_begin_index") else None
    points = []
    for t in scheduler.timesteps:
        shown = scheduler.scale_model_input(x, t)
        prediction = 0.7 * shown + 0.1 * torch.cos(torch.arange(float(COUNT)) + float(t) / 100)
        drawing = {} if name in ("dpmpp_2m_karras", "unipc") else dict(generator=generator)
        x = scheduler.step(prediction, t, x, **drawing).prev_sample
        points.append([float(f"{value:.8g}") for value in x[0].tolist()])
    kept = sorted({0, 1, 2, len(points) // 2, len(points) - 2, len(points) - 1} & set(range(len(points))))
    return dict(
        sampler=name, config=SD | changes, steps=steps, noise_scale=float(scheduler.init_noise_sigma),
        timesteps=[float(t) for t in scheduler.timesteps], path={i: points[i] for i in kept},
    )  # fmt: skip


print(json.dumps([path(*case) for case in CASES], separators=(",", ":")))
