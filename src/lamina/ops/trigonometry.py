"""Tangent, inverse and hyperbolic functions, element by element. Angles are in radians."""

from __future__ import annotations

from .elementwise import A, B, Elementwise, add, div, mul, neg, sub
from .transcendental import rsqrt, square


class Tan(Elementwise):
    """Tangent of an angle."""

    kernel = "tan"
    domain = (-1.2, 1.3)
    extremes = ("special",)

    def compute(self, xp, x):
        return xp.tan(x)

    def vjp(self, dy, y, x):
        return (mul(dy, add(square(y), 1.0)),)


class Asin(Elementwise):
    """The angle from -pi/2 to pi/2 whose sine is x; NaN outside of -1..1."""

    kernel = "asin"
    domain = (-0.8, 0.9)

    def compute(self, xp, x):
        return xp.arcsin(x)

    def vjp(self, dy, y, x):
        return (mul(dy, rsqrt(sub(1.0, square(x)))),)


class Acos(Elementwise):
    """The angle from 0 to pi whose cosine is x; NaN outside of -1..1."""

    kernel = "acos"
    domain = (-0.8, 0.9)

    def compute(self, xp, x):
        return xp.arccos(x)

    def vjp(self, dy, y, x):
        return (neg(mul(dy, rsqrt(sub(1.0, square(x))))),)


class Atan(Elementwise):
    """The angle from -pi/2 to pi/2 whose tangent is x."""

    kernel = "atan"

    def compute(self, xp, x):
        return xp.arctan(x)

    def vjp(self, dy, y, x):
        return (div(dy, add(square(x), 1.0)),)


class Atan2(Elementwise):
    """The angle from -pi to pi of the point (second, first)."""

    kernel = "atan2"
    domain = (0.3, 2.5)
    samples = [((A, A), {}), ((A, B), {})]
    rejects = [((A, A.with_shape(4)), {}, "do not broadcast")]

    def compute(self, xp, a, b):
        return xp.arctan2(a, b)

    def vjp(self, dy, y, a, b):
        scaled = div(dy, add(square(a), square(b)))
        return mul(scaled, b), neg(mul(scaled, a))


class Sinh(Elementwise):
    """(exp(x) - exp(-x)) / 2."""

    kernel = "sinh"

    def compute(self, xp, x):
        return xp.sinh(x)

    def vjp(self, dy, y, x):
        return (mul(dy, cosh(x)),)


class Cosh(Elementwise):
    """(exp(x) + exp(-x)) / 2."""

    kernel = "cosh"

    def compute(self, xp, x):
        return xp.cosh(x)

    def vjp(self, dy, y, x):
        return (mul(dy, sinh(x)),)


class Asinh(Elementwise):
    """The number whose sinh is x."""

    kernel = "asinh"
    extremes = ("special",)

    def compute(self, xp, x):
        return xp.arcsinh(x)

    def vjp(self, dy, y, x):
        return (mul(dy, rsqrt(add(square(x), 1.0))),)


class Acosh(Elementwise):
    """The number not below 0 whose cosh is x; NaN below 1."""

    kernel = "acosh"
    domain = (1.3, 3.5)
    extremes = ("special",)

    def compute(self, xp, x):
        return xp.arccosh(x)

    def vjp(self, dy, y, x):
        return (mul(dy, rsqrt(sub(square(x), 1.0))),)


class Atanh(Elementwise):
    """The number whose tanh is x; NaN outside of -1..1."""

    kernel = "atanh"
    domain = (-0.8, 0.9)

    def compute(self, xp, x):
        return xp.arctanh(x)

    def vjp(self, dy, y, x):
        return (div(dy, sub(1.0, square(x))),)


tan, asin, acos, atan, atan2 = Tan(), Asin(), Acos(), Atan(), Atan2()
sinh, cosh, asinh, acosh, atanh = Sinh(), Cosh(), Asinh(), Acosh(), Atanh()

__all__ = ["cosh", "sinh", "tan"]
