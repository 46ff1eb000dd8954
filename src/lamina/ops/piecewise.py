"""Ops with kinks, and powers. Each declares its derivative where there is none, or more than one."""

from __future__ import annotations

from .compare import equal, greater, less, select
from .elementwise import A, B, Binary, Elementwise, add, cast, mul, sub
from .transcendental import log


class Maximum(Binary):
    """The larger of two tensors; where they are equal each gets half of the gradient. NaN wins."""

    kernel = "maximum"
    slope = "kinked"

    def compute(self, xp, a, b):
        return xp.maximum(a, b)

    def vjp(self, dy, y, a, b):
        wins = share_of(greater(a, b), equal(a, b), dy.dtype)
        return mul(dy, wins), mul(dy, sub(1.0, wins))


class Minimum(Binary):
    """The smaller of two tensors; where they are equal each gets half of the gradient. NaN wins."""

    kernel = "minimum"
    slope = "kinked"

    def compute(self, xp, a, b):
        return xp.minimum(a, b)

    def vjp(self, dy, y, a, b):
        wins = share_of(less(a, b), equal(a, b), dy.dtype)
        return mul(dy, wins), mul(dy, sub(1.0, wins))


def share_of(wins, ties, dtype: str):
    """1 where ``wins``, 1/2 where ``ties``, else 0."""
    return add(cast(wins, dtype), mul(cast(ties, dtype), 0.5))


class Abs(Elementwise):
    """The size of a number; its slope at 0 is taken as 0."""

    kernel = "abs"
    slope = "kinked"
    floats_only = False

    def compute(self, xp, x):
        return abs(x)

    def vjp(self, dy, y, x):
        return (mul(dy, sign(x)),)


class Sign(Elementwise):
    """-1, 0 or 1."""

    kernel = "sign"
    slope = "kinked"
    floats_only = False

    def compute(self, xp, x):
        return xp.sign(x)

    def vjp(self, dy, y, x):
        return (None,)


class Relu(Elementwise):
    """The positive part of x; its slope at 0 is taken as 0."""

    kernel = "relu"
    leaves_unit_interval = True
    slope = "kinked"
    floats_only = False

    def compute(self, xp, x):
        return xp.maximum(x, 0)

    def vjp(self, dy, y, x):
        return (select(greater(y, 0.0), dy, 0.0),)


class Heaviside(Elementwise):
    """0 where a is below 0, 1 where it is above, and b where it is 0; flat but in b."""

    kernel = "heaviside"
    slope = "kinked"
    samples = [((A, A), {}), ((A, B), {})]
    rejects = Binary.rejects

    def compute(self, xp, a, b):
        return xp.heaviside(a, b)

    def vjp(self, dy, y, a, b):
        return None, select(equal(a, 0.0), dy, 0.0)


class Pow(Elementwise):
    """a to the power b. With respect to the exponent the derivative is taken as 0 where a is not positive."""

    kernel = "pow"
    domain = (0.3, 2.5)
    samples = [((A, A), {}), ((A, B), {})]
    rejects = Binary.rejects

    def compute(self, xp, a, b):
        return xp.power(a, b)

    def vjp(self, dy, y, a, b):
        slope = select(equal(b, 0.0), 0.0, mul(b, pow_(a, sub(b, 1.0))))
        return mul(dy, slope), select(greater(a, 0.0), mul(mul(dy, y), log(select(greater(a, 0.0), a, 1.0))), 0.0)


maximum, minimum, abs_, sign, relu = Maximum(), Minimum(), Abs(), Sign(), Relu()
heaviside, pow_ = Heaviside(), Pow()

__all__ = ["heaviside", "maximum", "minimum", "relu", "sign"]
