"""Expand and Sum: each is the derivative of the other, so they live together.

``axes`` is a sorted tuple of axes, none of them negative; summed axes disappear. The derivative of broadcasting
exists once, here.
"""

from __future__ import annotations

from ..errors import shape_error
from ..op import Op
from ..types import Type
from .shape import reshape

X = Type("float32", (2, 3))


class Expand(Op):
    """Repeats dimensions of size 1, and adds dimensions on the left."""

    kernel = "view"
    samples = [
        ((Type("float32", (3,)),), {"shape": (2, 3)}),
        ((Type("float32", (2, 1)),), {"shape": (4, 2, 5)}),
        ((Type("float32", ()),), {"shape": (2, 2)}),
        ((Type("float32", (1, 3)),), {"shape": (0, 3)}),
    ]
    rejects = [((X,), {"shape": (4, 3)}, "cannot expand"), ((X,), {"shape": (3,)}, "cannot expand")]

    def infer(self, x, shape):
        lead = len(shape) - x.rank
        if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, shape[lead:], strict=True)):
            raise shape_error(
                self,
                f"cannot expand to {tuple(shape)}",
                got=[x],
                want="size 1, or the same size, counted from the right",
            )
        return x.with_shape(*shape)

    def compute(self, xp, x, shape):
        return xp.broadcast_to(x, shape)

    def vjp(self, dy, y, x, shape):
        lead = len(shape) - len(x.shape)
        axes = [*range(lead), *(lead + i for i, n in enumerate(x.shape) if n == 1 and shape[lead + i] != 1)]
        return (reshape(sum_(dy, axes=tuple(axes)), shape=x.shape),)


class Reduce(Op):
    """An op that folds axes away."""

    samples = [((Type("float32", (2, 3, 4)),), {"axes": axes}) for axes in [(1,), (0, 2), (0, 1, 2), ()]]
    rejects = [((X,), {"axes": (2,)}, "no axis 2"), ((X,), {"axes": (1, 0)}, "sorted")]

    def infer(self, x, axes):
        if any(not 0 <= a < x.rank for a in axes):
            raise shape_error(self, f"there is no axis {max(axes)}", got=[x], want=f"axes within 0..{x.rank - 1}")
        if list(axes) != sorted(set(axes)):
            raise shape_error(self, f"axes {axes} must be sorted, each once", got=[x])
        return x.with_shape(*(n for i, n in enumerate(x.shape) if i not in axes))


class Sum(Reduce):
    """Sum over axes."""

    kernel = "sum"
    samples = [
        *Reduce.samples,
        ((Type("float32", (0, 3)),), {"axes": (0,)}),
        ((Type("int32", (4, 3)),), {"axes": (0,)}),
        ((Type("float32", (1000, 3)),), {"axes": (0,)}),
        ((Type("float32", (3, 1037)),), {"axes": (1,)}),
    ]

    def compute(self, xp, x, axes):
        # Where the last axis stays, NumPy adds row after row: of thousands of them, float32 loses two digits.
        wide = "float64" if x.dtype == "float32" else x.dtype
        return xp.sum(x, axis=axes, dtype=wide).astype(x.dtype)

    def xla(self, xp, x, axes):
        return xp.sum(x, axis=axes, dtype=x.dtype)

    def vjp(self, dy, y, x, axes):
        return (spread(dy, x, axes),)


def kept(x, axes) -> tuple[int, ...]:
    """The shape of x with the reduced axes left in as 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(x.shape))


def spread(y, x, axes):
    """y, a reduction of x over axes, repeated back to the shape of x."""
    return expand(reshape(y, shape=kept(x, axes)), shape=x.shape)


expand, sum_ = Expand(), Sum()
