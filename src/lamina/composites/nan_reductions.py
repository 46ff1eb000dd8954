"""Reductions that leave NaN out, under Keras's names."""

from __future__ import annotations

from ..op import as_value
from ..ops.arithmetic import cumsum
from ..ops.compare import is_nan
from ..ops.defer import public
from ..ops.elementwise import cast, div, floats, sub
from ..ops.indexing import where
from ..ops.reductions import all, argmax, argmin, max, min, prod, sum
from ..ops.transcendental import sqrt, square
from .cumprod import cumprod

INFINITY = float("inf")


def without(x, instead: float):
    """The numbers, with another one in place of NaN; whole numbers as they are."""
    x = as_value(x)
    return where(is_nan(x), instead, x) if str(x.dtype).startswith("float") else x


@public
def nansum(x, axis=None, keepdims: bool = False):
    """Sum of what is not NaN.

    >>> float(lamina.ops.nansum([1.0, np.nan, 2.0]))
    3.0
    """
    return sum(without(x, 0.0), axis, keepdims)


@public
def nanprod(x, axis=None, keepdims: bool = False):
    """Product of what is not NaN."""
    return prod(without(x, 1.0), axis, keepdims)


@public
def nanmean(x, axis=None, keepdims: bool = False):
    """Mean of what is not NaN; NaN where nothing is left.

    >>> float(lamina.ops.nanmean([1.0, np.nan, 2.0]))
    1.5
    """
    (x,) = floats(x)
    count = sum(where(is_nan(x), 0.0, 1.0), axis, keepdims)
    return div(nansum(x, axis, keepdims), cast(count, str(x.dtype)))


@public
def nanvar(x, axis=None, keepdims: bool = False):
    """Variance of what is not NaN, divided by the number of these."""
    (x,) = floats(x)
    return nanmean(square(sub(x, nanmean(x, axis, keepdims=True))), axis, keepdims)


@public
def nanstd(x, axis=None, keepdims: bool = False):
    """Standard deviation of what is not NaN."""
    return sqrt(nanvar(x, axis, keepdims))


def extreme(reduce, worst: float, x, axis, keepdims: bool):
    """An extreme of what is not NaN; NaN where nothing is left."""
    x = as_value(x)
    if not str(x.dtype).startswith("float"):
        return reduce(x, axis, keepdims)
    found = reduce(without(x, worst), axis, keepdims)
    return where(all(is_nan(x), axis, keepdims), float("nan"), found)


@public
def nanmax(x, axis=None, keepdims: bool = False):
    """Largest of what is not NaN; NaN where nothing is left.

    >>> float(lamina.ops.nanmax([1.0, np.nan, 2.0]))
    2.0
    """
    return extreme(max, -INFINITY, x, axis, keepdims)


@public
def nanmin(x, axis=None, keepdims: bool = False):
    """Smallest of what is not NaN; NaN where nothing is left."""
    return extreme(min, INFINITY, x, axis, keepdims)


def place(find, worst: float, x, axis, keepdims: bool):
    x = as_value(x)
    found = find(without(x, worst), axis, keepdims)
    if not str(x.dtype).startswith("float"):
        return found
    return where(all(is_nan(x), axis, keepdims), -1, found)


@public
def nanargmax(x, axis: int | None = None, keepdims: bool = False):
    """Where the largest of what is not NaN stands; -1 where nothing is left."""
    return place(argmax, -INFINITY, x, axis, keepdims)


@public
def nanargmin(x, axis: int | None = None, keepdims: bool = False):
    """Where the smallest of what is not NaN stands; -1 where nothing is left."""
    return place(argmin, INFINITY, x, axis, keepdims)


@public
def nancumsum(x, axis: int | None = None, dtype: str | None = None):
    """Sums of what is not NaN up to each place."""
    return cumsum(without(x, 0.0), axis, dtype)


@public
def nancumprod(x, axis: int | None = None, dtype: str | None = None):
    """Products of what is not NaN up to each place."""
    return cumprod(without(x, 1.0), axis, dtype)


__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]
