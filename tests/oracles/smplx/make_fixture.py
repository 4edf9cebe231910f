"""Writes SMPLX_NEUTRAL.npz: random numbers in SMPL-X's file layout, not derived from SMPL-X.

Needs numpy. Run in tests/fixtures/body:  python ../../oracles/smplx/make_fixture.py
"""

import numpy as np

VERTICES, FACES, COLUMNS, JOINTS = 64, 96, 20, 55
rng = np.random.default_rng(7)

body = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15]
hands = [joint for wrist, first in ((20, 25), (21, 40)) for k in range(5)
         for joint in (wrist, first + 3 * k, first + 3 * k + 1)]
parents = np.array(body + hands)
assert len(parents) == JOINTS

kintree = np.zeros((2, JOINTS), np.uint32)
kintree[0] = parents.astype(np.int64) % (1 << 32)  # the real file stores -1 as 4294967295
kintree[1] = np.arange(JOINTS)

regressor = rng.random((JOINTS, VERTICES))
regressor /= regressor.sum(1, keepdims=True)
weights = rng.random((VERTICES, JOINTS)) ** 6
weights /= weights.sum(1, keepdims=True)


def barycentric(*shape):
    x = rng.random(shape)
    return x / x.sum(-1, keepdims=True)


# The order of these draws decides the numbers: do not reorder.
np.savez_compressed(
    "SMPLX_NEUTRAL.npz",
    v_template=rng.normal(size=(VERTICES, 3)) * 0.3,
    f=rng.integers(0, VERTICES, (FACES, 3)).astype(np.uint32),
    shapedirs=rng.normal(size=(VERTICES, 3, COLUMNS)) * 0.01,
    posedirs=rng.normal(size=(VERTICES, 3, 486)) * 0.001,
    J_regressor=regressor,
    weights=weights,
    kintree_table=kintree,
    hands_componentsl=np.linalg.qr(rng.normal(size=(45, 45)))[0],
    hands_componentsr=np.linalg.qr(rng.normal(size=(45, 45)))[0],
    hands_meanl=rng.normal(size=45) * 0.1,
    hands_meanr=rng.normal(size=45) * 0.1,
    lmk_faces_idx=rng.integers(0, FACES, 51).astype(np.uint32),
    lmk_bary_coords=barycentric(51, 3),
    dynamic_lmk_faces_idx=rng.integers(0, FACES, (79, 17)).astype(np.uint32),
    dynamic_lmk_bary_coords=barycentric(79, 17, 3),
)
