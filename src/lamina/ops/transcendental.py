"""Exponentials, roots, trigonometry and rounding, element by element."""

from __future__ import annotations

import math

import numpy as np

from ..types import Type
from .elementwise import Elementwise, add, div, mul, neg, sub

ERF = np.vectorize(math.erf, otypes=[np.float64])


class Exp(Elementwise):
    """e to the power x."""

    kernel = "exp"

    def compute(self, xp, x):
        return xp.exp(x)

    def vjp(self, dy, y, x):
        return (mul(dy, y),)


class Expm1(Elementwise):
    """e to the power x, less 1, exact near 0."""

    kernel = "expm1"

    def compute(self, xp, x):
        return xp.expm1(x)

    def vjp(self, dy, y, x):
        return (mul(dy, add(y, 1.0)),)


class Log(Elementwise):
    """Natural logarithm; -inf at 0 and NaN below."""

    kernel = "log"
    domain = (0.3, 2.5)

    def compute(self, xp, x):
        return xp.log(x)

    def vjp(self, dy, y, x):
        return (div(dy, x),)


class Log1p(Elementwise):
    """Natural logarithm of 1 + x, exact near 0."""

    kernel = "log1p"
    domain = (-0.7, 2.5)

    def compute(self, xp, x):
        return xp.log1p(x)

    def vjp(self, dy, y, x):
        return (div(dy, add(x, 1.0)),)


class Sqrt(Elementwise):
    """Square root; NaN below 0."""

    kernel = "sqrt"
    domain = (0.3, 2.5)

    def compute(self, xp, x):
        return xp.sqrt(x)

    def vjp(self, dy, y, x):
        return (div(mul(dy, 0.5), y),)


class Square(Elementwise):
    """x times x."""

    kernel = "square"
    floats_only = False

    def compute(self, xp, x):
        return x * x

    def vjp(self, dy, y, x):
        return (mul(mul(dy, 2.0), x),)


class Tanh(Elementwise):
    """Hyperbolic tangent."""

    kernel = "tanh"
    leaves_unit_interval = True

    def compute(self, xp, x):
        return xp.tanh(x)

    def vjp(self, dy, y, x):
        return (mul(dy, sub(1.0, mul(y, y))),)


class Sigmoid(Elementwise):
    """The logistic function 1 / (1 + exp(-x)); its derivative is at most 1/4."""

    kernel = "sigmoid"

    def compute(self, xp, x):
        return 1 / (1 + xp.exp(-x))

    def vjp(self, dy, y, x):
        return (mul(dy, mul(y, sub(1.0, y))),)


class Softplus(Elementwise):
    """log(1 + exp(x)), a smooth version of relu that does not overflow."""

    kernel = "softplus"
    leaves_unit_interval = True

    def compute(self, xp, x):
        return xp.logaddexp(x, xp.zeros((), x.dtype))

    def vjp(self, dy, y, x):
        return (mul(dy, sigmoid(x)),)


class Rsqrt(Elementwise):
    """One over the square root; inf at 0 and NaN below."""

    kernel = "rsqrt"
    domain = (0.3, 2.5)

    def compute(self, xp, x):
        return 1 / xp.sqrt(x)

    def vjp(self, dy, y, x):
        return (mul(dy, mul(div(y, x), -0.5)),)


class Reciprocal(Elementwise):
    """One over x."""

    kernel = "reciprocal"
    domain = (0.3, 2.5)

    def compute(self, xp, x):
        return 1 / x

    def vjp(self, dy, y, x):
        return (neg(mul(dy, mul(y, y))),)


class Sin(Elementwise):
    """Sine of an angle in radians."""

    kernel = "sin"

    def compute(self, xp, x):
        return xp.sin(x)

    def vjp(self, dy, y, x):
        return (mul(dy, cos(x)),)


class Cos(Elementwise):
    """Cosine of an angle in radians."""

    kernel = "cos"

    def compute(self, xp, x):
        return xp.cos(x)

    def vjp(self, dy, y, x):
        return (neg(mul(dy, sin(x))),)


class Erf(Elementwise):
    """The error function 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    kernel = "erf"

    def compute(self, xp, x):
        return ERF(x).astype(x.dtype)

    def xla(self, xp, x):
        from jax.scipy.special import erf

        return erf(x)

    def vjp(self, dy, y, x):
        return (mul(dy, mul(exp(neg(square(x))), 2 / math.sqrt(math.pi))),)


class Erfinv(Elementwise):
    """The number whose error function is x; infinite at -1 and 1, NaN outside."""

    kernel = "erfinv"
    domain = (-0.9, 0.95)

    def compute(self, xp, x):
        inside = np.clip(np.asarray(x, np.float64), -1 + 1e-16, 1 - 1e-16)
        u = np.log1p(-inside * inside)
        v = 2 / (math.pi * 0.147) + u / 2  # Winitzki, "A handy approximation for the error function" (2008)
        y = np.copysign(np.sqrt(np.sqrt(v * v - u / 0.147) - v), inside)
        for _ in range(4):  # Newton
            y = y - (ERF(y) - inside) * math.sqrt(math.pi) / 2 * np.exp(y * y)
        y = np.where(np.abs(x) < 1, y, np.where(np.abs(x) == 1, np.copysign(np.inf, x), np.nan))
        return y.astype(x.dtype)

    def xla(self, xp, x):
        from jax.scipy.special import erfinv

        return erfinv(x)

    def vjp(self, dy, y, x):
        return (mul(dy, mul(exp(square(y)), math.sqrt(math.pi) / 2)),)


class Step(Elementwise):
    """An op that is flat nearly everywhere: its derivative is zero."""

    slope = "kinked"
    floats_only = False
    samples = [((Type("float32", (2, 3)),), {}), ((Type("float32", (37,)),), {})]

    def vjp(self, dy, y, x):
        return (None,)


class Floor(Step):
    """The largest whole number that is not above x."""

    kernel = "floor"

    def compute(self, xp, x):
        return xp.floor(x)


class Ceil(Step):
    """The smallest whole number that is not below x."""

    kernel = "ceil"

    def compute(self, xp, x):
        return xp.ceil(x)


class Round(Step):
    """The nearest whole number; halves go to the even one."""

    kernel = "round"

    def compute(self, xp, x):
        return xp.round(x)


class Trunc(Step):
    """x without its fraction."""

    kernel = "trunc"

    def compute(self, xp, x):
        return xp.trunc(x)


class StopGradient(Step):
    """x itself, through which no gradient flows."""

    kernel = "view"
    slope = "declared"

    def compute(self, xp, x):
        return x


exp, expm1, log, log1p, sqrt, square = Exp(), Expm1(), Log(), Log1p(), Sqrt(), Square()
tanh, sigmoid, softplus, rsqrt, reciprocal = Tanh(), Sigmoid(), Softplus(), Rsqrt(), Reciprocal()
sin, cos, erf, erfinv = Sin(), Cos(), Erf(), Erfinv()
floor, ceil, round_, trunc, stop_gradient = Floor(), Ceil(), Round(), Trunc(), StopGradient()

__all__ = [
    "ceil",
    "cos",
    "erf",
    "erfinv",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "reciprocal",
    "rsqrt",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "square",
    "stop_gradient",
    "tanh",
    "trunc",
]
