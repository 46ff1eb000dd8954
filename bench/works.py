"""The work to be done: data and networks, told once for all competitors.

Numbers are drawn, not read: the time of a step does not depend on what the pixels show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Work:
    """One training job: an epoch over ``samples`` rows in batches of ``batch``."""

    name: str
    about: str
    batch: int
    samples: int

    @property
    def steps(self) -> int:
        return self.samples // self.batch


WORKS = {
    w.name: w
    for w in (
        Work("book", "784-50-100-10, sigmoid, SGD, batch 100", 100, 60_000),
        Work("mlp", "784-512-512-10, ReLU, dropout 0.2, Adam, batch 128", 128, 128 * 200),
        Work("cnn", "conv 32 - pool - conv 64 - pool - dropout - dense 10 on 28 x 28, Adam, batch 128", 128, 128 * 40),
        Work("plain_cnn", "five 3 x 3 convolutions with batch norm on 32 x 32 x 3, Adam, batch 64", 64, 64 * 10),
        Work("lstm", "Embedding 20,000 x 128 - LSTM 128 - Dense 1, batch 32, 80 steps, Adam", 32, 32 * 40),
    )
}


def data(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """x and y as arrays in memory."""
    rng = np.random.default_rng(0)
    n = work.samples
    if work.name == "lstm":
        return rng.integers(0, 20_000, (n, 80)).astype("int32"), rng.integers(0, 2, (n, 1)).astype("float32")
    shape = {"cnn": (28, 28, 1), "plain_cnn": (32, 32, 3)}.get(work.name, (784,))
    return rng.random((n, *shape), dtype=np.float32), rng.integers(0, 10, n).astype("int32")
