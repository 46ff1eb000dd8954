"""Elements picked by number along an axis, row by row, and its mirror image: elements added up by number."""

from __future__ import annotations

import numpy as np

from ..errors import shape_error
from ..op import Op
from ..types import Type
from .gather import check_ids

X, IDS = Type("float32", (3, 5)), Type("int32", (3, 4))


def check(op, x, ids, axis):
    """That ids number elements of x along the axis, and agree with x elsewhere."""
    check_ids(op, x, ids)
    if not 0 <= axis < x.rank:
        raise shape_error(op, f"there is no axis {axis}", got=(x, ids), want=f"an axis within 0..{x.rank - 1}")
    if x.rank != ids.rank or any(n != m for i, (n, m) in enumerate(zip(x.shape, ids.shape, strict=True)) if i != axis):
        raise shape_error(
            op, f"shapes differ outside of axis {axis}", got=(x, ids), want=f"equal sizes but for axis {axis}"
        )


class TakeAlong(Op):
    """y[…, i, …] = x[…, ids[…, i, …], …] along one axis. Numbers must lie within 0..size-1."""

    kernel = "take_along"
    whole = (0, 3)
    samples = [
        ((X, IDS), {"axis": 1}),
        ((X, Type("int32", (2, 5))), {"axis": 0}),
        ((Type("float32", (4,)), Type("int64", (6,))), {"axis": 0}),
        ((Type("float32", (2, 3, 4)), Type("int32", (2, 5, 4))), {"axis": 1}),
        ((X, Type("int32", (3, 0))), {"axis": 1}),
    ]
    rejects = [
        ((X, Type("int32", (2, 4))), {"axis": 1}, "outside of axis 1"),
        ((X, X), {"axis": 1}, "whole numbers"),
        ((X, IDS), {"axis": 2}, "no axis 2"),
    ]

    def infer(self, x, ids, axis):
        check(self, x, ids, axis)
        return x.with_shape(*ids.shape)

    def compute(self, xp, x, ids, axis):
        return xp.take_along_axis(x, ids, axis=axis)

    def vjp(self, dy, y, x, ids, axis):
        return put_along(dy, ids, axis=axis, size=x.shape[axis]) if x.type.is_float else None, None


class PutAlong(Op):
    """y[…, ids[…, i, …], …] += x[…, i, …] along one axis of the given ``size``, from zero and in order of i."""

    kernel = "put_along"
    whole = (0, 3)
    samples = [
        ((Type("float32", (3, 4)), IDS), {"axis": 1, "size": 5}),
        ((Type("float32", (2, 5)), Type("int32", (2, 5))), {"axis": 0, "size": 3}),
        ((Type("float32", (2, 5, 4)), Type("int32", (2, 5, 4))), {"axis": 1, "size": 3}),
    ]
    rejects = [((X, IDS), {"axis": 1, "size": 5}, "one element for each number")]

    def infer(self, x, ids, axis, size):
        check(self, x, ids, axis)
        if x.shape != ids.shape:
            raise shape_error(self, "needs one element for each number", got=(x, ids))
        return x.with_shape(*(size if i == axis else n for i, n in enumerate(x.shape)))

    @staticmethod
    def places(xp, ids, axis):
        """An index for each axis, numbering the elements to add to."""
        grid = [xp.arange(n).reshape([-1 if i == j else 1 for j in range(ids.ndim)]) for i, n in enumerate(ids.shape)]
        return tuple(ids if i == axis else g for i, g in enumerate(grid))

    def compute(self, xp, x, ids, axis, size):
        out = xp.zeros([size if i == axis else n for i, n in enumerate(x.shape)], x.dtype)
        if xp is not np:
            return out.at[self.places(xp, ids, axis)].add(x)
        np.add.at(out, self.places(xp, ids, axis), x)
        return out

    def vjp(self, dy, y, x, ids, axis, size):
        return take_along(dy, ids, axis=axis), None


take_along, put_along = TakeAlong(), PutAlong()
