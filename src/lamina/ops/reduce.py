"""Reductions that look at the values: which element is the largest, the smallest, and where; and products."""

from __future__ import annotations

from math import prod as product

from ..errors import shape_error
from ..op import Op
from ..types import Type
from .broadcast import Reduce, spread, sum_
from .compare import equal
from .create import full_like
from .elementwise import cast, div, mul
from .shape import reshape, transpose
from .slice import concatenate_, part

X = Type("float32", (2, 3))


class Extremum(Reduce):
    """The largest or smallest element over axes; ties share the gradient."""

    slope = "kinked"
    samples = [
        *Reduce.samples,
        ((Type("int32", (4, 3)),), {"axes": (0,)}),
        ((Type("bool", (4, 3)),), {"axes": (1,)}),
        ((Type("float32", (3, 101)),), {"axes": (1,)}),
    ]
    rejects = [*Reduce.rejects, ((Type("float32", (0, 3)),), {"axes": (0,)}, "of no elements")]

    def infer(self, x, axes):
        result = super().infer(x, axes)
        if result.size and not x.size:
            raise shape_error(self, f"the {self.name} of no elements", got=[x], want="at least one element")
        return result

    def vjp(self, dy, y, x, axes):
        hit = cast(equal(spread(y, x, axes), x), dy.dtype)
        return (mul(hit, spread(div(dy, sum_(hit, axes=axes)), x, axes)),)


class Max(Extremum):
    """The largest element over axes; NaN wins."""

    kernel = "max"

    def compute(self, xp, x, axes):
        return xp.max(x, axis=axes)


class Min(Extremum):
    """The smallest element over axes; NaN wins."""

    kernel = "min"

    def compute(self, xp, x, axes):
        return xp.min(x, axis=axes)


class Prod(Reduce):
    """Product over axes."""

    kernel = "prod"

    def compute(self, xp, x, axes):
        return xp.prod(x, axis=axes, dtype=x.dtype)

    def vjp(self, dy, y, x, axes):
        order = (*(i for i in range(len(x.shape)) if i not in axes), *axes)
        last = transpose(x, axes=order)
        rows = reshape(last, shape=(last.type.size // max(count(x, axes), 1), count(x, axes)))
        slope = transpose(
            reshape(others(rows), shape=last.shape), axes=tuple(order.index(i) for i in range(len(order)))
        )
        return (mul(spread(dy, x, axes), slope),)


def count(x, axes) -> int:
    """How many elements are folded into one."""
    return product(x.shape[a] for a in axes)


def others(rows):
    """For each element of a row the product of all others; no division, so that zeros do no harm at any order."""
    many, n = rows.shape
    if n <= 1:
        return full_like(rows, 1.0)
    even = rows if n % 2 == 0 else concatenate_(rows, full_like(part(rows, 1, 0, 1), 1.0), axis=1)
    half = (n + 1) // 2
    left, right = part(even, 1, 0, 2 * half, 2), part(even, 1, 1, 2 * half, 2)
    above = others(mul(left, right))  # of the pair: all but the pair
    pairs = [reshape(mul(above, x), shape=(many, half, 1)) for x in (right, left)]
    return part(reshape(concatenate_(*pairs, axis=2), shape=(many, 2 * half)), 1, 0, n)


class Arg(Op):
    """Where along an axis an extremum stands, as int32; the first of ties."""

    samples = [
        ((Type("float32", (2, 3)),), {"axis": 1}),
        ((Type("float32", (4, 3, 2)),), {"axis": 0}),
        ((Type("int32", (2, 5)),), {"axis": 1}),
        ((Type("float32", (2, 37)),), {"axis": 1}),
    ]
    rejects = [((X,), {"axis": 2}, "no axis 2"), ((Type("float32", (0, 3)),), {"axis": 0}, "of no elements")]

    def infer(self, x, axis):
        if not 0 <= axis < x.rank:
            raise shape_error(self, f"there is no axis {axis}", got=[x], want=f"an axis within 0..{x.rank - 1}")
        if x.shape[axis] == 0:
            raise shape_error(self, f"the {self.name} of no elements", got=[x])
        return Type("int32", tuple(n for i, n in enumerate(x.shape) if i != axis))

    def vjp(self, dy, y, x, axis):
        return (None,)


class Argmax(Arg):
    """Where the largest element stands."""

    kernel = "argmax"

    def compute(self, xp, x, axis):
        return xp.argmax(x, axis=axis).astype("int32")


class Argmin(Arg):
    """Where the smallest element stands."""

    kernel = "argmin"

    def compute(self, xp, x, axis):
        return xp.argmin(x, axis=axis).astype("int32")


max_, min_, prod_, argmax_, argmin_ = Max(), Min(), Prod(), Argmax(), Argmin()
