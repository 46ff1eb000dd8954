"""The work to be done: data and networks, told once for all competitors.

Numbers are drawn, not read: the time of a step does not depend on what the pixels show.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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
        Work("cnn", "conv 32 - pool - conv 64 - pool - dropout - dense 10 on 28 x 28, Adam, batch 128", 128, 128 * 20),
        Work("plain_cnn", "five 3 x 3 convolutions with batch norm on 32 x 32 x 3, Adam, batch 64", 64, 64 * 5),
        Work("lstm", "Embedding 20,000 x 128 - LSTM 128 - Dense 1, batch 32, 80 steps, Adam", 32, 32 * 20),
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


SHAPES = {  # of the weights, in the order of Keras's get_weights
    "book": [(784, 50), (50,), (50, 100), (100,), (100, 10), (10,)],
    "mlp": [(784, 512), (512,), (512, 512), (512,), (512, 10), (10,)],
    "cnn": [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (1600, 10), (10,)],
    "plain_cnn": [
        *(s for a, b in pairwise((3, 32, 64, 64, 128, 128)) for s in ((3, 3, a, b), *[(b,)] * 5)),
        (128, 10),
        (10,),
    ],
    "lstm": [(20_000, 128), (128, 512), (128, 512), (512,), (128, 1), (1,)],
}


def weights(name: str) -> list[np.ndarray]:
    """The same first weights for everybody."""
    rng = np.random.default_rng(1)
    made = []
    for place, shape in enumerate(SHAPES[name]):
        if len(shape) > 1:
            made.append(rng.standard_normal(shape).astype("float32") * np.float32((2 / sum(shape[-2:])) ** 0.5))
        else:  # of a convolution with batch norm: bias, gamma, beta, mean, variance
            one = name == "plain_cnn" and place < 30 and place % 6 in (2, 5)
            made.append(np.full(shape, float(one), "float32"))
    return made


def sample(work: Work) -> np.ndarray:
    """Some rows on which all competitors' outputs (logits, dropout off) are compared before they race."""
    return data(work)[0][:16]
