"""Sequences, and the same sequences with padding on the left, on the right, in the middle, scattered."""

import numpy as np

SAMPLES, REAL, WIDE, FEATURES = 4, 5, 9, 4
RNG = np.random.default_rng(15)
X = RNG.normal(size=(SAMPLES, REAL, FEATURES)).astype("float32")
Q = RNG.normal(size=(SAMPLES, 3, FEATURES)).astype("float32")
PLACES = ["left", "right", "middle", "scattered"]


def masked(place: str) -> np.ndarray:
    """Which of WIDE steps are real: REAL of them in each sample."""
    mask = np.zeros((SAMPLES, WIDE), bool)
    fixed = {"left": [4, 5, 6, 7, 8], "right": [0, 1, 2, 3, 4], "middle": [0, 1, 6, 7, 8]}
    for i, row in enumerate(mask):
        row[fixed.get(place) or np.random.default_rng(i).permutation(WIDE)[:REAL]] = True
    return mask


def padded(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The values at the real steps, and what must not matter everywhere else."""
    wide = 9 * np.random.default_rng(1).normal(size=(*mask.shape, *values.shape[2:])).astype("float32")
    wide[mask] = values.reshape(-1, *values.shape[2:])
    return wide
