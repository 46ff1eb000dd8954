"""Whole division, and arithmetic told in the ops of the other files, under Keras's names."""

from __future__ import annotations

import math

from ..op import as_value
from .axes import canonical_axis
from .compare import equal, greater, is_nan, less, logical_and, logical_not, logical_or, not_equal, select
from .cumulate import cumsum_
from .defer import public
from .elementwise import I32, A, B, Binary, add, cast, div, floats, mul, neg, sub
from .piecewise import abs_, maximum, minimum, pow_, sign
from .shape import reshape
from .transcendental import exp, log, round_, sin, softplus, sqrt, square


class FloorDivide(Binary):
    """The quotient, rounded down; whole numbers stay whole. Its derivative is 0."""

    kernel = "floor_divide"
    slope = "kinked"
    extremes = ()
    domain, whole = (0.3, 2.5), (1, 5)
    samples = [((A, A), {}), ((A, B), {}), ((I32, I32), {})]

    def compute(self, xp, a, b):
        return xp.floor_divide(a, b)

    def vjp(self, dy, y, a, b):
        return None, None


class Mod(Binary):
    """What is left of a after whole times b; its sign is that of b."""

    kernel = "mod"
    slope = "kinked"
    extremes = ()
    domain, whole = (0.3, 2.5), (1, 5)
    samples = [((A, A), {}), ((A, B), {}), ((I32, I32), {})]

    def compute(self, xp, a, b):
        return xp.mod(a, b)

    def vjp(self, dy, y, a, b):
        return (dy, neg(mul(dy, floor_divide(a, b)))) if a.type.is_float else (None, None)


floor_divide, mod = FloorDivide(), Mod()


@public
def clip(x, x_min, x_max):
    """x, no less than ``x_min`` and no more than ``x_max``.

    >>> lamina.ops.clip([-2.0, 0.3, 9.0], -1, 1)
    array([-1. ,  0.3,  1. ], dtype=float32)
    """
    return minimum(maximum(x, x_min), x_max)


@public
def logaddexp(x1, x2):
    """log(exp(x1) + exp(x2)), without overflow.

    >>> lamina.ops.logaddexp([0.0, -np.inf], [0.0, -np.inf])
    array([0.6931472,      -inf], dtype=float32)
    """
    x1, x2 = floats(x1, x2)
    apart = sub(x1, x2)
    apart = select(is_nan(apart), 0.0, apart)  # of two equal infinities; a NaN is in the maximum as well
    return add(maximum(x1, x2), softplus(neg(abs_(apart))))


@public
def divide_no_nan(x1, x2):
    """x1 / x2, and 0 where x2 is 0."""
    x1, x2 = floats(x1, x2)
    zero = equal(x2, 0.0)
    return select(zero, 0.0, div(x1, select(zero, 1.0, x2)))


@public
def hypot(x1, x2):
    """sqrt(x1^2 + x2^2)."""
    return sqrt(add(square(x1), square(x2)))


@public
def log2(x):
    """Logarithm to base 2."""
    return mul(log(x), 1 / math.log(2))


@public
def log10(x):
    """Logarithm to base 10."""
    return mul(log(x), 1 / math.log(10))


@public
def exp2(x):
    """2 to the power x."""
    return exp(mul(x, math.log(2)))


@public
def cbrt(x):
    """The cube root, negative for negative numbers."""
    (x,) = floats(x)
    return mul(sign(x), pow_(abs_(x), 1 / 3))


@public
def round(x, decimals: int = 0):
    """The nearest number with so many decimals; halves go to the even one."""
    return round_(x) if not decimals else div(round_(mul(x, 10.0**decimals)), 10.0**decimals)


@public
def fmod(x1, x2):
    """What is left of x1 after whole times x2; its sign is that of x1."""
    return mul(sign(x1), mod(abs_(x1), abs_(x2)))


@public
def sinc(x):
    """sin(pi x) / (pi x), and 1 at 0."""
    (x,) = floats(x)
    zero = equal(x, 0.0)
    angle = mul(select(zero, 1.0, x), math.pi)
    return select(zero, 1.0, div(sin(angle), angle))


@public
def signbit(x):
    """Whether the sign is minus, also that of -0.0."""
    (x,) = floats(x)
    return less(select(equal(x, 0.0), div(1.0, x), x), 0.0)


@public
def deg2rad(x):
    """Degrees as radians."""
    return mul(x, math.pi / 180)


@public
def rad2deg(x):
    """Radians as degrees."""
    return mul(x, 180 / math.pi)


@public
def isinf(x):
    """Whether it is infinite."""
    return equal(abs_(floats(x)[0]), math.inf)


@public
def isposinf(x):
    """Whether it is plus infinity."""
    return equal(floats(x)[0], math.inf)


@public
def isneginf(x):
    """Whether it is minus infinity."""
    return equal(floats(x)[0], -math.inf)


@public
def nan_to_num(x, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None):
    """Numbers in place of NaN and infinities: the largest of float32 for these unless others are given."""
    (x,) = floats(x)
    largest = 3.4028234663852886e38
    x = select(is_nan(x), float(nan), x)
    x = select(equal(x, math.inf), largest if posinf is None else float(posinf), x)
    return select(equal(x, -math.inf), -largest if neginf is None else float(neginf), x)


@public
def logical_xor(x1, x2):
    """Whether just one of both is true."""
    return not_equal(cast(x1, "bool"), cast(x2, "bool"))


@public
def isclose(x1, x2, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False):
    """Whether two numbers differ by no more than ``atol`` and ``rtol`` of the second."""
    x1, x2 = floats(x1, x2)
    near = logical_not(greater(abs_(sub(x1, x2)), add(mul(abs_(x2), rtol), atol)))
    near = logical_or(equal(x1, x2), logical_and(near, less(abs_(x2), math.inf)))
    near = logical_and(near, logical_not(logical_or(is_nan(x1), is_nan(x2))))
    return logical_or(near, logical_and(is_nan(x1), is_nan(x2))) if equal_nan else near


@public
def cumsum(x, axis: int | None = None, dtype: str | None = None):
    """Each element plus all before it along an axis; without one, in the flattened tensor."""
    x = as_value(x)
    x = cast(x, dtype or ("int32" if str(x.dtype) in ("bool", "uint8") else str(x.dtype)))
    if axis is None:
        x, axis = reshape(x, shape=(math.prod(x.shape),)), 0
    return cumsum_(x, axis=canonical_axis(axis, len(x.shape)), reverse=False)


__all__ = [
    "cbrt",
    "clip",
    "cumsum",
    "deg2rad",
    "divide_no_nan",
    "exp2",
    "floor_divide",
    "fmod",
    "hypot",
    "isclose",
    "isinf",
    "isneginf",
    "isposinf",
    "log10",
    "log2",
    "logaddexp",
    "logical_xor",
    "mod",
    "nan_to_num",
    "rad2deg",
    "round",
    "signbit",
    "sinc",
]
