"""Initializers without chance: zeros, ones, any constant, the identity matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError, message
from .initializer import Initializer, named, number_type, sizes


@named("zero")
class Zeros(Initializer):
    """All zeros.

    >>> lamina.initializers.Zeros()((2, 2))
    array([[0., 0.],
           [0., 0.]], dtype=float32)
    """

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        return np.zeros(sizes(shape), number_type("Zeros", dtype))


@named("one")
class Ones(Initializer):
    """All ones.

    >>> lamina.initializers.Ones()((3,), dtype="int32")
    array([1, 1, 1], dtype=int32)
    """

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        return np.ones(sizes(shape), number_type("Ones", dtype))


@named()
class Constant(Initializer):
    """One value everywhere, or an array of values that broadcasts to the shape. ``value`` defaults to 0.

    Raises ShapeError where the array does not broadcast.

    >>> lamina.initializers.Constant(0.1)((2,))
    array([0.1, 0.1], dtype=float32)
    """

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        shape, value = sizes(shape), np.asarray(self.value)
        try:
            return np.array(np.broadcast_to(value, shape), dtype=number_type("Constant", dtype))
        except ValueError:
            problem = f"Constant: an array of shape {value.shape} does not fill a weight of shape {shape}"
            raise ShapeError(message(problem, fix="give one value, or an array of the shape of the weight")) from None

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, np.ndarray | np.generic) else self.value}


@named("IdentityInitializer")
class Identity(Initializer):
    """``gain`` times the identity matrix; a matrix that is not square is cut off or filled up with zeros.

    Raises ShapeError for anything but a matrix. ``gain`` defaults to 1.

    >>> lamina.initializers.Identity(2.0)((2, 3))
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        shape = sizes(shape)
        if len(shape) != 2:
            raise ShapeError(message("Identity makes matrices only", got=f"shape {shape}", want="two dimensions"))
        return (self.gain * np.eye(*shape)).astype(number_type("Identity", dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
