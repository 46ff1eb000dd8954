"""Sums, means, extremes and norms over an axis, several, or all, under Keras's names."""

from __future__ import annotations

import math

from ..errors import ArgumentError, message
from ..op import as_value
from .axes import canonical_axes, canonical_axis
from .broadcast import expand, kept, sum_
from .compare import equal, not_equal
from .defer import public
from .elementwise import cast, div, floats, mul, sub
from .piecewise import abs_, maximum, minimum, pow_
from .reduce import argmax_, argmin_, max_, min_, prod_
from .shape import reshape
from .transcendental import sqrt, square


def reduced(op, x, axis, keepdims: bool):
    """A reduction with canonical axes, the axes left in as 1 if wanted."""
    x = as_value(x)
    axes = canonical_axes(axis, len(x.shape))
    y = op(x, axes=axes)
    return reshape(y, shape=kept(x, axes)) if keepdims else y


def counted(x):
    """Truth values and small integers as int32, so that adding them up cannot overflow."""
    x = as_value(x)
    return cast(x, "int32") if str(x.dtype) in ("bool", "uint8") else x


@public
def sum(x, axis=None, keepdims: bool = False):
    """Sum over an axis, several, or all. Truth values are counted.

    >>> lamina.ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([4., 6.], dtype=float32)
    """
    return reduced(sum_, counted(x), axis, keepdims)


@public
def mean(x, axis=None, keepdims: bool = False):
    """Arithmetic mean over an axis, several, or all; NaN if there are no elements."""
    (x,) = floats(x)
    axes = canonical_axes(axis, len(x.shape))
    return div(reduced(sum_, x, axes, keepdims), float(math.prod(x.shape[a] for a in axes)))


@public
def average(x, axis=None, weights=None):
    """Mean, or the mean with ``weights`` of the shape of x (or of the one axis)."""
    if weights is None:
        return mean(x, axis)
    x, weights = floats(x, weights)
    if len(weights.shape) == 1 and len(x.shape) > 1 and isinstance(axis, int):
        at = canonical_axis(axis, len(x.shape))
        weights = reshape(weights, shape=tuple(n if i == at else 1 for i, n in enumerate(x.shape)))
    weights = expand(weights, shape=tuple(x.shape))
    return div(sum(mul(x, weights), axis), sum(weights, axis))


@public
def max(x, axis=None, keepdims: bool = False, initial=None):
    """Largest element over an axis, several, or all, and no less than ``initial``; equals share the gradient."""
    y = reduced(max_, x, axis, keepdims)
    return y if initial is None else maximum(y, initial)


@public
def min(x, axis=None, keepdims: bool = False, initial=None):
    """Smallest element over an axis, several, or all, and no more than ``initial``; equals share the gradient."""
    y = reduced(min_, x, axis, keepdims)
    return y if initial is None else minimum(y, initial)


@public
def prod(x, axis=None, keepdims: bool = False):
    """Product over an axis, several, or all."""
    return reduced(prod_, counted(x), axis, keepdims)


@public
def any(x, axis=None, keepdims: bool = False):
    """Whether any element is true."""
    return reduced(max_, cast(x, "bool"), axis, keepdims)


@public
def all(x, axis=None, keepdims: bool = False):
    """Whether all elements are true."""
    return reduced(min_, cast(x, "bool"), axis, keepdims)


@public
def count_nonzero(x, axis=None):
    """How many elements are not zero."""
    return reduced(sum_, cast(not_equal(as_value(x), 0), "int32"), axis, False)


@public
def var(x, axis=None, keepdims: bool = False):
    """Mean squared distance from the mean."""
    (x,) = floats(x)
    return mean(square(sub(x, mean(x, axis, keepdims=True))), axis, keepdims)


@public
def std(x, axis=None, keepdims: bool = False):
    """Square root of the variance."""
    return sqrt(var(x, axis, keepdims))


@public
def argmax(x, axis: int | None = None, keepdims: bool = False):
    """Where the largest element stands along an axis, the first of equals; without one, in the flattened tensor."""
    return placed(argmax_, x, axis, keepdims)


@public
def argmin(x, axis: int | None = None, keepdims: bool = False):
    """Where the smallest element stands along an axis, the first of equals; without one, in the flattened tensor."""
    return placed(argmin_, x, axis, keepdims)


def placed(op, x, axis, keepdims):
    x = as_value(x)
    shape = tuple(x.shape)
    if axis is None:
        y = op(reshape(x, shape=(math.prod(shape),)), axis=0)
        return reshape(y, shape=(1,) * len(shape)) if keepdims else y
    axis = canonical_axis(axis, len(shape))
    y = op(x, axis=axis)
    return reshape(y, shape=(*shape[:axis], 1, *shape[axis + 1 :])) if keepdims else y


@public
def norm(x, ord=None, axis=None, keepdims: bool = False):
    """The length of vectors: ``ord`` 2 or "fro" (the default), 1, inf, -inf, 0 or any p.

    >>> float(lamina.ops.norm([3.0, 4.0]))
    5.0
    """
    (x,) = floats(x)
    axes = canonical_axes(axis, len(x.shape))
    if ord in (None, "fro") or (ord == 2 and len(axes) == 1):
        return sqrt(sum(square(x), axes, keepdims))
    if isinstance(ord, str) or len(axes) > 1:
        raise ArgumentError(message(f"norm: no ord {ord!r} over {len(axes)} axes", want="a vector norm, over one axis"))
    if math.isinf(ord):
        return (max if ord > 0 else min)(abs_(x), axes, keepdims)
    if ord == 0:
        return sum(cast(not_equal(x, 0.0), str(x.dtype)), axes, keepdims)
    if ord == 1:
        return sum(abs_(x), axes, keepdims)
    return pow_(sum(pow_(abs_(x), float(ord)), axes, keepdims), 1 / ord)


@public
def moments(x, axes, keepdims: bool = False):
    """Mean and variance over axes."""
    return mean(x, axes, keepdims), var(x, axes, keepdims)


@public
def in_top_k(targets, predictions, k: int):
    """For each row of predictions, whether that of the target is among the k largest; ties count as being so."""
    targets, predictions = as_value(targets), as_value(predictions)
    columns = predictions.shape[-1]
    chosen = equal(reshape(targets, shape=(*targets.shape, 1)), as_value(list(range(columns))))
    (predictions,) = floats(predictions)
    own = sum(mul(predictions, cast(chosen, str(predictions.dtype))), -1, keepdims=True)
    above = sum(cast(predictions > own, "int32"), -1)
    return above < k


__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "average",
    "count_nonzero",
    "in_top_k",
    "max",
    "mean",
    "min",
    "moments",
    "norm",
    "prod",
    "std",
    "sum",
    "var",
]
