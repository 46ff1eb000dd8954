"""Ops that give elements another place without changing them. Natively they are views, or one strided copy."""

from __future__ import annotations

from math import prod

from ..errors import shape_error
from ..op import Op
from ..types import Type

X = Type("float32", (2, 3))


class Reshape(Op):
    """The same elements in the same order, under another shape."""

    kernel = "view"
    samples = [
        ((X,), {"shape": (3, 2)}),
        ((X,), {"shape": (6,)}),
        ((Type("float32", (1,)),), {"shape": ()}),
        ((Type("float32", (0, 3)),), {"shape": (3, 0)}),
    ]
    rejects = [((X,), {"shape": (4, 2)}, "6 elements do not fill shape")]

    def infer(self, x, shape):
        if prod(x.shape) != prod(shape):
            raise shape_error(
                self,
                f"{x.size} elements do not fill shape {tuple(shape)}, which has {prod(shape)}",
                got=[x],
                want=f"a shape of {x.size} elements",
            )
        return x.with_shape(*shape)

    def compute(self, xp, x, shape):
        return x.reshape(shape)

    def vjp(self, dy, y, x, shape):
        return (reshape(dy, shape=x.shape),)


class Transpose(Op):
    """Dimensions in another order."""

    kernel = "view"
    samples = [
        ((X,), {"axes": (1, 0)}),
        ((Type("float32", (2, 3, 4)),), {"axes": (2, 0, 1)}),
        ((Type("int32", (2, 1, 4)),), {"axes": (1, 2, 0)}),
    ]
    rejects = [((X,), {"axes": (0, 0)}, "must name each axis once")]

    def infer(self, x, axes):
        if sorted(axes) != list(range(x.rank)):
            raise shape_error(
                self,
                f"axes {tuple(axes)} must name each axis once",
                got=[x],
                want=f"an order of {tuple(range(x.rank))}",
            )
        return x.with_shape(*(x.shape[a] for a in axes))

    def compute(self, xp, x, axes):
        return xp.transpose(x, axes)

    def vjp(self, dy, y, x, axes):
        return (transpose(dy, axes=tuple(axes.index(i) for i in range(len(axes)))),)


reshape, transpose = Reshape(), Transpose()


def turned(x):
    """x with its last two dimensions swapped."""
    *lead, i, j = range(len(x.shape))
    return transpose(x, axes=(*lead, j, i))
