"""Comparisons, logic and selection. Comparisons give bool and have no derivative."""

from __future__ import annotations

from ..errors import dtype_error, shape_error
from ..op import as_value, common_dtype
from ..types import Type
from .elementwise import A, B, Binary, Elementwise, cast, joined

P = Type("bool", (2, 3))


class Compare(Binary):
    """Two numbers in, bool out."""

    samples = [
        ((A, A), {}),
        ((A, B), {}),
        ((Type("int32", (2, 3)), Type("int32", (3,))), {}),
        ((Type("uint32", (5,)), Type("uint32", (5,))), {}),
    ]

    def infer(self, *types, **attrs):
        return super().infer(*types, **attrs).with_dtype("bool")

    def vjp(self, dy, y, a, b):
        return None, None


class Equal(Compare):
    """Whether two numbers are equal; NaN equals nothing."""

    kernel = "equal"

    def compute(self, xp, a, b):
        return a == b


class NotEqual(Compare):
    """Whether two numbers differ."""

    kernel = "not_equal"

    def compute(self, xp, a, b):
        return a != b


class Less(Compare):
    """Whether a < b."""

    kernel = "less"

    def compute(self, xp, a, b):
        return a < b


class LessEqual(Compare):
    """Whether a <= b."""

    kernel = "less_equal"

    def compute(self, xp, a, b):
        return a <= b


class Greater(Compare):
    """Whether a > b."""

    kernel = "greater"

    def compute(self, xp, a, b):
        return a > b


class GreaterEqual(Compare):
    """Whether a >= b."""

    kernel = "greater_equal"

    def compute(self, xp, a, b):
        return a >= b


class Logical(Elementwise):
    """Truth values in and out; at the door anything but zero is true."""

    floats_only = False
    samples = [((P, P), {}), ((P, Type("bool", (3,))), {})]

    def infer(self, *types, **attrs):
        if any(t.dtype != "bool" for t in types):
            raise dtype_error(self, "needs truth values", got=types, want="bool")
        return super().infer(*types, **attrs)

    def operands(self, inputs):
        return [cast(as_value(x), "bool") for x in inputs]

    def vjp(self, dy, y, *xs):
        return (None,) * len(xs)


class LogicalAnd(Logical):
    """Whether both are true."""

    kernel = "logical_and"

    def compute(self, xp, a, b):
        return xp.logical_and(a, b)


class LogicalOr(Logical):
    """Whether one of both is true."""

    kernel = "logical_or"

    def compute(self, xp, a, b):
        return xp.logical_or(a, b)


class LogicalNot(Logical):
    """Whether it is false."""

    kernel = "logical_not"
    samples = [((P,), {})]

    def compute(self, xp, a):
        return xp.logical_not(a)


class Test(Elementwise):
    """A question asked of each floating-point number."""

    def infer(self, x):
        return super().infer(x).with_dtype("bool")

    def vjp(self, dy, y, x):
        return (None,)


class IsNan(Test):
    """Whether it is not a number."""

    kernel = "is_nan"

    def compute(self, xp, x):
        return xp.isnan(x)


class IsFinite(Test):
    """Whether it is neither infinite nor NaN."""

    kernel = "is_finite"

    def compute(self, xp, x):
        return xp.isfinite(x)


class Select(Elementwise):
    """a where the condition holds, else b; the gradient goes to the one that was taken."""

    kernel = "select"
    samples = [
        ((P, A, A), {}),
        ((P, A, B), {}),
        ((Type("bool", (2, 1)), A, A), {}),
        ((P, Type("int32", (2, 3)), Type("int32", (3,))), {}),
    ]
    rejects = [((P, A, Type("float32", (4,))), {}, "do not broadcast")]

    def infer(self, p, a, b):
        if p.dtype != "bool":
            raise dtype_error(self, "the condition must be bool", got=(p, a, b))
        if a.dtype != b.dtype:
            raise dtype_error(self, "dtypes differ", got=(p, a, b), want="one dtype")
        if not p.shape == a.shape == b.shape:
            raise shape_error(self, "shapes differ", got=(p, a, b), want="one shape")
        return a

    def operands(self, inputs):
        condition, *rest = [as_value(x) for x in inputs]
        dtype = common_dtype(rest, inputs[1:])
        return [cast(condition, "bool"), *(joined(x, v, dtype) for x, v in zip(inputs[1:], rest, strict=True))]

    def compute(self, xp, p, a, b):
        return xp.where(p, a, b)

    def vjp(self, dy, y, p, a, b):
        zero = 0.0 if a.type.is_float else 0
        return (None, select(p, dy, zero), select(p, zero, dy)) if a.type.is_float else (None, None, None)


equal, not_equal, less, less_equal = Equal(), NotEqual(), Less(), LessEqual()
greater, greater_equal = Greater(), GreaterEqual()
logical_and, logical_or, logical_not = LogicalAnd(), LogicalOr(), LogicalNot()
is_nan, is_finite, select = IsNan(), IsFinite(), Select()

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
]
