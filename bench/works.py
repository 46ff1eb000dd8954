"""The work to be done: data and networks, told once for all competitors.

Numbers are drawn, not read. The time of a step does not depend on what the pixels show, but where only dense layers
read them, Lamina's depends on how many are zero: two works have strokes on an empty page, as handwriting has. (Of the
activations behind a ReLU, how many are zero follows from the network and its training.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .recurrent import Recurrent

STROKES = "_strokes"


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

    @property
    def network(self) -> str:
        """Works that differ in their data only have the same network."""
        return self.name.removesuffix(STROKES)


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
        Work(f"book{STROKES}", "book on strokes: four numbers in five are zero, as in handwriting", 100, 60_000),
        Work(f"mlp{STROKES}", "mlp on strokes: four numbers in five are zero, as in handwriting", 128, 128 * 200),
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
    if work.name.endswith(STROKES):
        return strokes(rng, n), rng.integers(0, 10, n).astype("int32")
    return rng.random((n, *shape), dtype=np.float32), rng.integers(0, 10, n).astype("int32")


def strokes(rng: np.random.Generator, n: int, different: int = 4000) -> np.ndarray:
    """n pictures of 28 x 28, some of them equal: three curved strokes in the middle, about three pixels wide.

    A fifth of the numbers is not zero, as in pictures of handwritten digits (19 in 100).
    """
    pages = np.zeros((different, 28 * 28), "float32")
    rows, pen = np.arange(different), rng.uniform(0.5, 1, different).astype("float32")
    for ends in rng.uniform(4, 24, (3, 3, different, 2)):
        for t in np.linspace(0, 1, 16):
            place = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * ends[1] + t**2 * ends[2]
            down, right = np.clip(place.round().astype(int), 1, 26).T
            for i in (-1, 0, 1):
                for j in (-1, 0, 1):
                    cell = rows, (down + i) * 28 + right + j
                    pages[cell] = np.maximum(pages[cell], pen / (1 + i * i + j * j))
    return pages[rng.integers(0, different, n)]


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
    for place, shape in enumerate(network.shapes() if network else SHAPES[WORKS[name].network]):
        if len(shape) > 1:
            made.append(rng.standard_normal(shape).astype("float32") * np.float32((2 / sum(shape[-2:])) ** 0.5))
        else:  # of a convolution with batch norm: bias, gamma, beta, mean, variance
            one = name == "plain_cnn" and place < 30 and place % 6 in (2, 5)
            made.append(np.full(shape, float(one), "float32"))
    return made


def sample(work: Work) -> np.ndarray:
    """Some rows on which all competitors' outputs (logits, dropout off) are compared before they race."""
    return data(work)[0][:16]
