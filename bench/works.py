"""The work to be done: data and networks, told once for all competitors.

Numbers are drawn, not read: the time of a step does not depend on what the pixels show.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .recurrent import Recurrent


@dataclass(frozen=True)
class Work:
    """One training job: an epoch over ``samples`` rows in batches of ``batch``.

    recurrent  the network, where it is one of those that ``recurrent.py`` tells
    peers      who has a form of it
    """

    name: str
    about: str
    batch: int
    samples: int
    recurrent: Recurrent | None = None
    peers: tuple[str, ...] = ("torch", "jax")

    @property
    def steps(self) -> int:
        return self.samples // self.batch


def over_time(cell: str, batch: int, times: int, units: int) -> Work:
    """A layer of a cell over numbers as many as it has units."""
    name, about = (
        f"{cell.lower()}_{times}",
        f"{cell} {units} over {times} steps of {units} numbers, Adam, batch {batch}",
    )
    return Work(name, about, batch, batch * 20, Recurrent(cell, times, units, units))


def reviews(name: str, about: str, layers: int, units: int, masked: bool) -> Work:
    """Words of film reviews, the last 200, with padding in front; ``layers`` above 1 read them in both directions."""
    network = Recurrent("LSTM", 200, 128, units, 20_000, layers, layers > 1, True, masked)
    return Work(name, f"Embedding 20,000 x 128 - {about}, 200 words, Adam, batch 32", 32, 32 * 10, network, ("torch",))


TEXT = Recurrent("LSTM", 80, 128, 128, 20_000)
WORKS = {
    w.name: w
    for w in (
        Work("book", "784-50-100-10, sigmoid, SGD, batch 100", 100, 60_000),
        Work("mlp", "784-512-512-10, ReLU, dropout 0.2, Adam, batch 128", 128, 128 * 200),
        Work("cnn", "conv 32 - pool - conv 64 - pool - dropout - dense 10 on 28 x 28, Adam, batch 128", 128, 128 * 20),
        Work("plain_cnn", "five 3 x 3 convolutions with batch norm on 32 x 32 x 3, Adam, batch 64", 64, 64 * 5),
        Work("lstm", "Embedding 20,000 x 128 - LSTM 128 - Dense 1, batch 32, 80 steps, Adam", 32, 32 * 20, TEXT),
        *(
            over_time(cell, *sizes)
            for cell in ("LSTM", "GRU")
            for sizes in ((32, 80, 128), (64, 28, 64), (128, 200, 32))
        ),
        reviews("reviews", "LSTM 128 with masked padding", 1, 128, True),
        reviews("reviews_unmasked", "LSTM 128, padding read as words", 1, 128, False),
        reviews("reviews_both", "two LSTM 64 in both directions, masked padding", 2, 64, True),
        reviews("reviews_both_unmasked", "two LSTM 64 in both directions, padding read as words", 2, 64, False),
    )
}


def data(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """x and y as arrays in memory."""
    if work.recurrent:
        return work.recurrent.data(work.samples)
    rng = np.random.default_rng(0)
    n = work.samples
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
}


def weights(name: str) -> list[np.ndarray]:
    """The same first weights for everybody."""
    rng = np.random.default_rng(1)
    made = []
    network = WORKS[name].recurrent
    for place, shape in enumerate(network.shapes() if network else SHAPES[name]):
        if len(shape) > 1:
            made.append(rng.standard_normal(shape).astype("float32") * np.float32((2 / sum(shape[-2:])) ** 0.5))
        else:  # of a convolution with batch norm: bias, gamma, beta, mean, variance
            one = name == "plain_cnn" and place < 30 and place % 6 in (2, 5)
            made.append(np.full(shape, float(one), "float32"))
    return made


def sample(work: Work) -> np.ndarray:
    """Some rows on which all competitors' outputs (logits, dropout off) are compared before they race."""
    return data(work)[0][:16]
