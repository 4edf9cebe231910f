"""Numbers made from names: weights and inputs that no fixture has to carry.

tests/parity/made.rs is its twin: both give the same bits for the same name, so a fixture holds names, shapes
and what the oracle computed, and the Rust side makes the weights anew.
"""

import numpy as np
import torch


def uniform(name, shape):
    """-1 to 1, from the name's FNV-1a hash through SplitMix64; 24 bits, so exact in f32."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    with np.errstate(over="ignore"):
        count = int(np.prod(shape, dtype=np.int64))
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    values = (z >> np.uint64(40)).astype(np.float32) / np.float32(2**23) - np.float32(1)
    return torch.from_numpy(values.reshape(shape))


def weight(name, shape):
    """No weight at a value that hides a mistake: norms off one, biases and zero convolutions off zero."""
    values = uniform(name, shape)
    if len(shape) < 2:
        return values * np.float32(0.2) + np.float32(0 if name.endswith("bias") else 1)
    if shape[0] == 1:
        return values * np.float32(0.5)
    return values * np.float32((3 / np.prod(shape[1:], dtype=np.int64)) ** 0.5)


def fill(names, scope):
    """A state dict of made weights: `names` gives each tensor's shape, `scope` sets one case off the next."""
    return {name: weight(f"{scope}/{name}", shape) for name, shape in names.items()}
