"""What all initializers share: a call with a shape, a configuration, and names."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..errors import ArgumentError, DtypeError, message
from ..random import next_seed
from ..registry import Registry, snake_case
from ..types import DTYPES

initializers = Registry("initializer")


def named(*aliases: str):
    """A class becomes known under its name, under that name in snake case, and under ``aliases``."""
    return lambda cls: initializers.register(cls, snake_case(cls.__name__), *aliases)


class Initializer:
    """Gives a weight its first value: a call with a shape and a dtype returns a NumPy array.

    >>> class Halves(lamina.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.full(shape, 0.5, dtype or "float32")
    >>> Halves()((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The initializer that ``get_config`` described."""
        return cls(**config)

    def clone(self):
        """An equal initializer."""
        return type(self).from_config(self.get_config())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


class RandomInitializer(Initializer):
    """An initializer with a seed.

    ``seed`` is a whole number: the same values for the same shape at each call. None: the next seed of
    ``lamina.random``, another one at each call, and the same sequence after ``lamina.random.set_seed``. (In Keras, an
    initializer without a seed gives equal values to all layers that share it.)
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed

    def draw(self) -> int:
        """The seed of this call."""
        if self.seed is None:
            return next_seed()
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer):
            raise ArgumentError(message(f"{type(self).__name__}: a seed is a whole number", got=repr(self.seed),
                                        want="int or None"))
        return int(self.seed) % 2**64

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


def sizes(shape) -> tuple[int, ...]:
    """A shape as a tuple of whole numbers, none of them negative."""
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if any(n is None or int(n) < 0 for n in shape):
        raise ArgumentError(message("a weight needs a known shape", got=str(shape), want="whole numbers from 0 on",
                                    fix="give Input all sizes but the batch"))
    return tuple(int(n) for n in shape)


def number_type(name: str, dtype: str | None, floats: bool = False) -> str:
    """The dtype of the result, float32 where none is asked for."""
    dtype = "float32" if dtype is None else str(np.dtype(dtype))
    if dtype not in DTYPES or (floats and not dtype.startswith("float")):
        raise DtypeError(message(f"{name} gives no elements of type {dtype}",
                                 want="float32 or float64" if floats else ", ".join(DTYPES)))
    return dtype


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs and how many outputs one weight touches: kernels count their receptive field with both."""
    if len(shape) < 2:
        return (shape or (1,))[0], (shape or (1,))[0]
    field = prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field
