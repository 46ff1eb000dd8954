"""Running sums and products along an axis."""

from __future__ import annotations

from ..errors import shape_error
from ..op import Op
from ..types import Type

X = Type("float32", (3, 5))


class Cumsum(Op):
    """Each element plus all before it along an axis, or all behind it with ``reverse``."""

    kernel = "cumsum"
    extremes = ("special",)
    samples = [
        ((X,), {"axis": 1, "reverse": False}),
        ((X,), {"axis": 0, "reverse": True}),
        ((Type("int32", (4,)),), {"axis": 0, "reverse": False}),
        ((Type("float32", (0, 2)),), {"axis": 0, "reverse": False}),
        ((Type("float32", (2, 300)),), {"axis": 1, "reverse": False}),
    ]
    rejects = [((X,), {"axis": 2, "reverse": False}, "no axis 2")]

    def infer(self, x, axis, reverse):
        if not 0 <= axis < x.rank:
            raise shape_error(self, f"there is no axis {axis}", got=[x], want=f"an axis within 0..{x.rank - 1}")
        return x

    def compute(self, xp, x, axis, reverse):
        if reverse:
            return xp.flip(xp.cumsum(xp.flip(x, axis), axis=axis, dtype=x.dtype), axis)
        return xp.cumsum(x, axis=axis, dtype=x.dtype)

    def vjp(self, dy, y, x, axis, reverse):
        return (cumsum_(dy, axis=axis, reverse=not reverse) if x.type.is_float else None,)


cumsum_ = Cumsum()
