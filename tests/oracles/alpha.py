"""Fixture for engine::control_net::alpha: Eq. 10 of the paper at every training timestep.

Run: python tests/oracles/alpha.py > tests/fixtures/engine/alpha.json
"""

import json

import numpy as np

t = np.arange(1000, dtype=np.float64)
table = {}
for gamma in (0.0, 1.0, 100.0, 400.0, 499.5, 1000.0):
    middle = 1 - (t - gamma) / max(gamma, 1e-300)
    alpha = np.where(t <= gamma, 1.0, np.where(t >= 2 * gamma, 0.0, middle))
    table[str(gamma)] = [float(f"{value:.12g}") for value in alpha]
print(json.dumps(table, separators=(",", ":")).replace(".0,", ",").replace(".0]", "]"))
