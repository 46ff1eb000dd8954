"""The order of the samples: a pure function of a seed, of where training began, and of how often the data were seen.

No generator is consumed, so a training that is resumed in the middle of an epoch finds the same order again.
"""

from __future__ import annotations

import numpy as np

from .. import _native

FIRST_STREAM = 2**31  # random ops of a program number their streams from 1; the orders of a training begin here


def permutation(size: int, seed: int, start: int, turn: int) -> np.ndarray:
    """The numbers 0..size-1 in random order, int64.

    seed    of the model's generator
    start   the generator's step when ``fit`` was called, so that two calls in a row give different orders
    turn    how often the data have been seen in this call of ``fit``

    Each number gets a random word of Philox, and they are sorted by it; equal words keep the smaller number first.

    >>> sorted(lamina.training.order.permutation(4, seed=1, start=0, turn=0).tolist())
    [0, 1, 2, 3]
    """
    return _native.permutation(size, seed, start, (FIRST_STREAM + turn) % 2**32)
