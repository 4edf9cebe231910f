"""Writes expected.npz: what the reference implementation makes of the fixture.

Needs numpy, torch and the Python package smplx 0.1.28 (its licence is non-commercial: it is run here to compare
numbers, never shipped). Run in tests/fixtures/body:  python ../../oracles/smplx/expect.py
"""

import numpy as np
import smplx
import torch
from smplx import body_models

# The package's vertex picks name vertices of the real 10,475-vertex mesh; the fixture has 64, so its picks are
# simply 0, 1, 2, ... in the package's order (nose, reye, leye, rear, lear, ...).
body_models.VERTEX_IDS["smplx"] = {key: i for i, key in enumerate(body_models.VERTEX_IDS["smplx"])}

out = {}
for flat in (False, True):
    model = smplx.SMPLX(
        "SMPLX_NEUTRAL.npz", ext="npz", use_pca=False, flat_hand_mean=flat, use_face_contour=True,
        num_betas=10, num_expression_coeffs=10, dtype=torch.float64,
    )
    rng = np.random.default_rng(3)

    def draw(n, scale=0.3):
        return torch.tensor(rng.normal(size=(1, n)) * scale)

    # The order of these draws decides the numbers: do not reorder.
    inputs = dict(
        betas=draw(10, 1), expression=draw(10, 1), global_orient=draw(3), body_pose=draw(63), jaw_pose=draw(3),
        leye_pose=draw(3), reye_pose=draw(3), left_hand_pose=draw(45), right_hand_pose=draw(45), transl=draw(3),
    )
    result = model(return_full_pose=True, **{key: value.clone() for key, value in inputs.items()})
    out[f"v{int(flat)}"] = result.vertices[0].detach().numpy()
    out[f"j{int(flat)}"] = result.joints[0].detach().numpy()
for key, value in inputs.items():
    out["in_" + key] = value.numpy()
np.savez("expected.npz", **out)
