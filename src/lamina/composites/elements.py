"""Functions of single elements, and tensors of numbers in a row, that NumPy has names for, under Keras's names."""

from __future__ import annotations

import math

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value
from ..ops.arithmetic import exp2, isclose, logaddexp
from ..ops.arrange import expand_dims, ravel
from ..ops.axes import spelled
from ..ops.compare import equal, greater, greater_equal, is_nan, less_equal, logical_not
from ..ops.creation import arange, linspace, ones, zeros, zeros_like
from ..ops.defer import public
from ..ops.elementwise import add, cast, div, floats, mul, neg, sub
from ..ops.indexing import where
from ..ops.piecewise import abs_, maximum, minimum, pow_
from ..ops.reductions import all, any, max, min
from ..ops.sort import quantile
from ..ops.transcendental import cos, erf, exp, square

LOG2 = math.log(2.0)


@public
def fabs(x):
    """The magnitude, as a floating-point number."""
    return abs_(*floats(x))


@public
def fmax(x1, x2):
    """The larger of two; where one is NaN, the other.

    >>> lamina.ops.fmax([1.0, np.nan], [2.0, 3.0])
    array([2., 3.], dtype=float32)
    """
    return where(is_nan(floats(x1)[0]), x2, where(is_nan(floats(x2)[0]), x1, maximum(x1, x2)))


@public
def fmin(x1, x2):
    """The smaller of two; where one is NaN, the other."""
    return where(is_nan(floats(x1)[0]), x2, where(is_nan(floats(x2)[0]), x1, minimum(x1, x2)))


@public
def ldexp(x1, x2):
    """x1 times 2 to the power x2.

    >>> lamina.ops.ldexp([1.0, 3.0], [3, -1])
    array([8. , 1.5], dtype=float32)
    """
    x1, x2 = floats(x1, x2)
    largest = 64 if str(x1.dtype) == "float32" else 512
    for step in (largest, largest, largest, *(largest >> i for i in range(largest.bit_length()))):  # each is exact
        up, down = greater_equal(x2, float(step)), less_equal(x2, -float(step))
        x1 = where(up, mul(x1, 2.0**step), where(down, mul(x1, 2.0**-step), x1))
        x2 = where(up, sub(x2, float(step)), where(down, add(x2, float(step)), x2))
    return mul(x1, exp2(x2))


@public
def logaddexp2(x1, x2):
    """The logarithm to base 2 of 2 to the power x1 plus 2 to the power x2."""
    x1, x2 = floats(x1, x2)
    return div(logaddexp(mul(x1, LOG2), mul(x2, LOG2)), LOG2)


@public
def erfc(x):
    """1 minus the error function; where little is left of it by Laplace's continued fraction, which keeps its digits.

    >>> float(lamina.ops.erfc(5.0)) > 1.5e-12
    True
    """
    (x,) = floats(x)
    start, terms = (1.5, 16) if str(x.dtype) == "float32" else (2.0, 40)
    far = maximum(x, start)
    fraction = far
    for k in range(terms, 0, -1):
        fraction = add(far, div(k / 2, fraction))
    tail = div(exp(neg(square(far))), mul(fraction, math.sqrt(math.pi)))
    return where(greater(x, start), tail, sub(1.0, erf(x)))


@public
def allclose(x1, x2, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False):
    """Whether ``isclose`` holds for all elements."""
    return all(isclose(x1, x2, rtol, atol, equal_nan))


@public
def isin(x1, x2, assume_unique: bool = False, invert: bool = False):
    """Whether each element of x1 is among those of x2, or is not, with ``invert``.

    >>> lamina.ops.isin([1, 5, 2], [2, 1])
    array([ True, False,  True])
    """
    found = any(equal(expand_dims(as_value(x1), -1), ravel(x2)), axis=-1)
    return logical_not(found) if invert else found


@public
def ptp(x, axis=None, keepdims: bool = False):
    """The largest minus the smallest element."""
    return sub(max(x, axis, keepdims), min(x, axis, keepdims))


@public
def percentile(x, q, axis=None, method: str = "linear", keepdims: bool = False):
    """The number below which ``q`` of a hundred elements lie; see ``quantile``.

    >>> float(lamina.ops.percentile([1.0, 2.0, 3.0, 4.0], 50))
    2.5
    """
    shares = [share / 100 for share in q] if isinstance(q, list | tuple) else q / 100
    return quantile(x, shares, axis, method, keepdims)


@public
def empty(shape, dtype: str | None = None):
    """Zeros: nothing is left to what the memory holds."""
    return zeros(shape, dtype)


@public
def empty_like(x, dtype: str | None = None):
    """Zeros in the shape of x."""
    return zeros_like(x, dtype)


@public
def logspace(start, stop, num: int = 50, endpoint: bool = True, base=10, dtype: str | None = None):
    """``base`` to the power of numbers at equal distances from start to stop.

    >>> lamina.ops.logspace(0, 2, 3)
    array([  1.,  10., 100.], dtype=float32)
    """
    return cast(pow_(float(base), linspace(start, stop, num, endpoint)), dtype or "float32")


@public
def geomspace(start, stop, num: int = 50, endpoint: bool = True, dtype: str | None = None):
    """Numbers at equal ratios from start to stop, both above zero or both below."""
    if not start * stop > 0:
        got = f"from {start} to {stop}"
        raise ArgumentError(message("geomspace goes between numbers both above zero or both below", got=got))
    sign = -1.0 if start < 0 else 1.0
    rising = logspace(math.log10(sign * start), math.log10(sign * stop), num, endpoint)
    return cast(mul(rising, sign), dtype or "float32")


@public
def tri(N: int, M: int | None = None, k: int = 0, dtype: str | None = None):
    """Ones on and below the k-th diagonal of N rows and M columns, else zeros."""
    columns = N if M is None else M
    return cast(greater_equal(expand_dims(arange(N), 1) + k, expand_dims(arange(columns), 0)), dtype or "float32")


@public
def vander(x, N: int | None = None, increasing: bool = False):
    """Powers of the elements of a vector as columns, the highest first unless ``increasing``.

    >>> lamina.ops.vander([2.0, 3.0], 3).tolist()
    [[4.0, 2.0, 1.0], [9.0, 3.0, 1.0]]
    """
    x = as_value(x)
    if len(x.shape) != 1:
        raise ShapeError(message("vander takes a vector", got=spelled(x)))
    powers = arange(x.shape[0] if N is None else N)
    powers = powers if increasing else sub(powers.shape[0] - 1, powers)
    return pow_(expand_dims(x, 1), cast(expand_dims(powers, 0), str(x.dtype)))


def window(x, *weights: float):
    """A sum of cosines over x places: the first weight, minus the second times the cosine once around, …"""
    if int(x) < 0:
        raise ArgumentError(message("a window has 0 places or more", got=str(x)))
    if int(x) == 1:
        return ones((1,))
    turn = mul(arange(int(x), dtype="float32"), 2 * math.pi / (int(x) - 1))
    total = zeros((int(x),))
    for i, weight in enumerate(weights):
        total = add(total, mul(cos(mul(turn, float(i))), (-1) ** i * weight))
    return total


@public
def hanning(x: int):
    """The Hann window of x places: a cosine from 0 up to 1 and down again."""
    return window(x, 0.5, 0.5)


@public
def hamming(x: int):
    """The Hamming window of x places."""
    return window(x, 0.54, 0.46)


@public
def blackman(x: int):
    """The Blackman window of x places."""
    return window(x, 0.42, 0.5, 0.08)


@public
def bartlett(x: int):
    """The triangle over x places, 0 at both ends.

    >>> lamina.ops.bartlett(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    if int(x) == 1:
        return ones((1,))
    return sub(1.0, abs_(sub(mul(arange(int(x), dtype="float32"), 2.0 / (int(x) - 1)), 1.0)))


__all__ = [
    "allclose",
    "bartlett",
    "blackman",
    "empty",
    "empty_like",
    "erfc",
    "fabs",
    "fmax",
    "fmin",
    "geomspace",
    "hamming",
    "hanning",
    "isin",
    "ldexp",
    "logaddexp2",
    "logspace",
    "percentile",
    "ptp",
    "tri",
    "vander",
]
