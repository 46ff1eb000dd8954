"""Reductions that look at the values: which element is the largest, the smallest, and where; and products."""

from __future__ import annotations

from ..errors import shape_error
from ..op import Op
from ..types import Type
from .broadcast import Reduce, spread, sum_
from .compare import equal, select
from .elementwise import cast, div, mul

X = Type("float32", (2, 3))


class Extremum(Reduce):
    """The largest or smallest element over axes; ties share the gradient."""

    samples = [*Reduce.samples, ((Type("int32", (4, 3)),), {"axes": (0,)}), ((Type("bool", (4, 3)),), {"axes": (1,)}),
               ((Type("float32", (3, 101)),), {"axes": (1,)})]
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
    """Product over axes. Where an element is zero its gradient is the product of the others only if it is the one zero."""

    kernel = "prod"

    def compute(self, xp, x, axes):
        return xp.prod(x, axis=axes, dtype=x.dtype)

    def vjp(self, dy, y, x, axes):
        zero = equal(x, 0.0)
        zeros = spread(sum_(cast(zero, dy.dtype), axes=axes), x, axes)
        others = spread(prod_(select(zero, 1.0, x), axes=axes), x, axes)            # product of all that are not zero
        slope = select(zero, select(equal(zeros, 1.0), others, 0.0), select(equal(zeros, 0.0), div(others, select(zero, 1.0, x)), 0.0))
        return (mul(spread(dy, x, axes), slope),)


class Arg(Op):
    """Where along an axis an extremum stands, as int32; the first of ties."""

    samples = [((Type("float32", (2, 3)),), {"axis": 1}), ((Type("float32", (4, 3, 2)),), {"axis": 0}),
               ((Type("int32", (2, 5)),), {"axis": 1}), ((Type("float32", (2, 37)),), {"axis": 1})]
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
