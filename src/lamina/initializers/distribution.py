"""Random initializers of a given spread: uniform, normal, truncated normal."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..errors import ArgumentError, message
from .initializer import RandomInitializer, named, number_type, sizes
from .numbers import normals, uniforms


@named("uniform")
class RandomUniform(RandomInitializer):
    """Numbers spread evenly over [minval, maxval], by default -0.05 to 0.05.

    >>> w = lamina.initializers.RandomUniform(0.0, 1.0, seed=1)((1000,))
    >>> bool(0 <= w.min() and w.max() <= 1), round(float(w.mean()), 1)
    (True, 0.5)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        if maxval < minval:
            raise ArgumentError(message("RandomUniform has no numbers to draw", got=f"minval={minval}, maxval={maxval}",
                                        want="minval up to maxval"))
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        shape, dtype = sizes(shape), number_type("RandomUniform", dtype, floats=True)
        return uniforms(self.draw(), prod(shape), self.minval, self.maxval, dtype).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


@named("normal")
class RandomNormal(RandomInitializer):
    """Normal numbers with a mean (0) and a standard deviation (0.05).

    >>> w = lamina.initializers.RandomNormal(stddev=1.0, seed=1)((100, 100))
    >>> round(float(w.std()), 1)
    1.0
    """

    cut = float("inf")

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        if stddev < 0:
            raise ArgumentError(message(f"{type(self).__name__}: a standard deviation is not negative",
                                        got=f"stddev={stddev}"))
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        shape, dtype = sizes(shape), number_type(type(self).__name__, dtype, floats=True)
        return normals(self.draw(), prod(shape), self.mean, self.stddev, dtype, self.cut).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


@named()
class TruncatedNormal(RandomNormal):
    """Normal numbers of which none is further than two standard deviations from the mean.

    ``stddev`` is that of the whole distribution: what is left has 0.88 of it.

    >>> w = lamina.initializers.TruncatedNormal(stddev=1.0, seed=1)((1000,))
    >>> bool(abs(w).max() <= 2)
    True
    """

    cut = 2.0
