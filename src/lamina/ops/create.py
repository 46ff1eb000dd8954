"""Values made out of nothing: constants and counting numbers."""

from __future__ import annotations

from ..graph import Node
from ..op import Op
from ..types import Type


class Full(Op):
    """One value, repeated to any shape."""

    kernel = "fill"
    samples = [
        ((), {"value": 2.0, "shape": (2, 3), "dtype": "float32"}),
        ((), {"value": 7, "shape": (), "dtype": "int32"}),
        ((), {"value": True, "shape": (0, 2), "dtype": "bool"}),
    ]

    def infer(self, value, shape, dtype):
        return Type(dtype, tuple(shape))

    def compute(self, xp, value, shape, dtype):
        return xp.full(shape, value, dtype)

    def vjp(self, dy, y, **attrs):
        return ()


class Iota(Op):
    """0, 1, 2, … along one axis, repeated along the others."""

    kernel = "iota"
    samples = [
        ((), {"shape": (5,), "axis": 0, "dtype": "int32"}),
        ((), {"shape": (2, 3), "axis": 1, "dtype": "float32"}),
        ((), {"shape": (2, 3), "axis": 0, "dtype": "int32"}),
    ]

    def infer(self, shape, axis, dtype):
        return Type(dtype, tuple(shape))

    def compute(self, xp, shape, axis, dtype):
        numbers = xp.arange(shape[axis]).astype(dtype)
        return xp.broadcast_to(numbers.reshape([-1 if i == axis else 1 for i in range(len(shape))]), shape)

    def vjp(self, dy, y, **attrs):
        return ()


full, iota = Full(), Iota()


def full_like(x, value, shape=None, dtype: str | None = None):
    """One value, in the shape and dtype of x unless others are given: a node if x is one, else an array."""
    attrs = {"value": value, "shape": tuple(x.shape if shape is None else shape), "dtype": dtype or str(x.dtype)}
    return full.node([], attrs) if isinstance(x, Node) else full(**attrs)


def iota_of(x, axis: int):
    """For each element of x its number along an axis, as int32: a node if x is one, else an array."""
    attrs = {"shape": tuple(x.shape), "axis": axis, "dtype": "int32"}
    return iota.node([], attrs) if isinstance(x, Node) else iota(**attrs)


def iota_like(x, count: int):
    """0, 1, … count - 1 in the dtype of x: a node if x is one, else an array."""
    attrs = {"shape": (count,), "axis": 0, "dtype": str(x.dtype)}
    return iota.node([], attrs) if isinstance(x, Node) else iota(**attrs)
