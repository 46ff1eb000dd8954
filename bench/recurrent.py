"""The recurrent networks of the races: what they read, their layers, and their weights as Keras orders them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GATES = {"LSTM": 4, "GRU": 3}


@dataclass(frozen=True)
class Recurrent:
    """Layers of LSTM or GRU over time, then one unit.

    words     how many there are; each is embedded in ``width`` numbers. 0 where numbers come in, (batch, times, width)
    width     of what the first layer reads
    both      whether each layer runs over time in both directions, ``units`` wide each
    padded    whether the sequences differ in length, word 0 standing in front of the short ones
    masked    whether the networks leave that padding out
    """

    cell: str
    times: int
    width: int
    units: int
    words: int = 0
    layers: int = 1
    both: bool = False
    padded: bool = False
    masked: bool = False

    @property
    def directions(self) -> int:
        return 2 if self.both else 1

    def shapes(self) -> list[tuple[int, ...]]:
        """Of all weights, in the order of Keras's get_weights."""
        width, gates = self.width, GATES[self.cell] * self.units
        found: list[tuple[int, ...]] = [(self.words, width)] if self.words else []
        for _ in range(self.layers):
            bias = (2, gates) if self.cell == "GRU" else (gates,)
            found += [(width, gates), (self.units, gates), bias] * self.directions
            width = self.units * self.directions
        return [*found, (width, 1), (1,)]

    def data(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and answers, 0 or 1. The lengths of padded sequences are spread as those of film reviews are."""
        rng = np.random.default_rng(0)
        if not self.words:
            x = rng.standard_normal((n, self.times, self.width), dtype=np.float32)
        else:
            x = rng.integers(1, self.words, (n, self.times)).astype("int32")
        if self.padded:
            lengths = np.clip(rng.lognormal(np.log(174), 0.65, n).astype(int), 10, self.times)
            x[np.arange(self.times) < self.times - lengths[:, None]] = 0
        return x, rng.integers(0, 2, (n, 1)).astype("float32")
