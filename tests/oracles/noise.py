"""Fixture for engine::noise: what PyTorch's CPU generator gives, draw after draw.

Run: python tests/oracles/noise.py > tests/fixtures/engine/noise.json
"""

import json

import torch

# The last is a picture's own: start noise, then noise for ancestral steps; with odd single draws between.
DRAWS = [[1], [15], [16], [17], [31], [4096], [1, 2, 256, 1, 3, 256, 4]]


def summary(values):
    return dict(count=len(values), head=values[:20].tolist(), tail=values[-20:].tolist(), sum=values.double().sum().item())


cases = []
for seed in (0, 1, 42, 2**32 - 1, 2**53):
    for counts in DRAWS:
        generator = torch.Generator().manual_seed(seed)
        draws = [summary(torch.randn(count, generator=generator)) for count in counts]
        cases.append(dict(seed=seed, draws=draws))
print(json.dumps(cases))
