"""Fixture for engine::noise: what PyTorch's CPU generator gives.

Run: python tests/oracles/noise.py > tests/fixtures/engine/noise.json
"""

import json

import torch

cases = []
for seed in (0, 1, 42, 2**32 - 1, 2**53):
    for count in (1, 15, 16, 17, 31, 4096):
        values = torch.randn(count, generator=torch.Generator().manual_seed(seed))
        cases.append(
            dict(seed=seed, count=count, head=values[:20].tolist(), tail=values[-20:].tolist(),
                 sum=values.double().sum().item())
        )
print(json.dumps(cases))
