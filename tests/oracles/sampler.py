"""Fixture for engine::sampler: diffusers' DDIM, eta 0, on a made-up noise prediction.

Run: python tests/oracles/sampler.py > tests/fixtures/engine/sampler.json
"""

import json

import torch
from diffusers import DDIMScheduler

SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
          set_alpha_to_one=False, steps_offset=1, num_train_timesteps=1000)
cases = []
for changes, steps in (
    ({}, 30), ({}, 7), (dict(timestep_spacing="trailing"), 9), (dict(timestep_spacing="linspace"), 12),
    (dict(beta_schedule="linear", beta_start=0.0001, beta_end=0.02, set_alpha_to_one=True, steps_offset=0), 10),
    (dict(prediction_type="v_prediction"), 8), (dict(clip_sample=True), 6),
):
    config = SD | changes
    scheduler = DDIMScheduler(**config)
    scheduler.set_timesteps(steps)
    start = torch.randn(8, generator=torch.Generator().manual_seed(3))
    x, path = start, []
    for t in scheduler.timesteps:
        prediction = 0.7 * x + 0.1 * torch.cos(torch.arange(8.0) + float(t) / 100)
        x = scheduler.step(prediction, t, x, eta=0.0).prev_sample
        path.append(x.tolist())
    cases.append(dict(config=config, steps=steps, timesteps=scheduler.timesteps.tolist(), start=start.tolist(), path=path))
print(json.dumps(cases))
