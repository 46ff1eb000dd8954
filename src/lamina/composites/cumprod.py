"""Running products along an axis."""

from __future__ import annotations

import math

from ..composite import Composite
from ..errors import shape_error
from ..op import as_value
from ..ops.axes import canonical_axis
from ..ops.defer import public
from ..ops.elementwise import cast, mul
from ..ops.shape import reshape
from ..ops.slice import pad_, part
from ..types import Type

X = Type("float32", (3, 5))


class Cumprod(Composite):
    """Each element times all before it along an axis, by doubling (Hillis, Steele, "Data parallel algorithms", 1986).

    No division, so that the derivative of every order is right where elements are zero.
    """

    samples = [
        ((X,), {"axis": 1}),
        ((X,), {"axis": 0}),
        ((Type("int32", (4,)),), {"axis": 0}),
        ((Type("float32", (0, 2)),), {"axis": 0}),
        ((Type("float32", (2, 17)),), {"axis": 1}),
        ((Type("float32", (1,)),), {"axis": 0}),
    ]
    rejects = [((X,), {"axis": 2}, "no axis 2")]
    extremes = ("special",)

    def infer(self, x, axis):
        if not 0 <= axis < x.rank:
            raise shape_error(self, f"there is no axis {axis}", got=[x], want=f"an axis within 0..{x.rank - 1}")
        return x

    def body(self, x, axis):
        n, step = x.shape[axis], 1
        one = 1.0 if x.type.is_float else 1
        none = (0,) * len(x.shape)
        while step < n:
            low = tuple(step if i == axis else 0 for i in range(len(x.shape)))
            x = mul(x, pad_(part(x, axis, 0, n - step), low=low, high=none, interior=none, value=one))
            step *= 2
        return x


cumprod_ = Cumprod()


@public
def cumprod(x, axis: int | None = None, dtype: str | None = None):
    """Each element times all before it along an axis; without one, in the flattened tensor."""
    x = as_value(x)
    x = cast(x, dtype or ("int32" if str(x.dtype) in ("bool", "uint8") else str(x.dtype)))
    if axis is None:
        x, axis = reshape(x, shape=(math.prod(x.shape),)), 0
    return cumprod_(x, axis=canonical_axis(axis, len(x.shape)))


__all__ = ["cumprod"]
