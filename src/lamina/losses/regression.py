"""Losses for numbers: distances between what is and what is predicted."""

from __future__ import annotations

import math

from .. import ops
from ..composites.entropy import EPSILON
from ..ops.defer import public
from .loss import LossFunctionWrapper, aligned


@public
def mean_squared_error(y_true, y_pred):
    """mean((y_true - y_pred)^2) over the last axis.

    >>> lamina.losses.mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]])
    array([2.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


@public
def half_squared_error(y_true, y_pred):
    """sum((y_true - y_pred)^2) / 2 over the last axis: the error whose derivative is the difference y_pred - y_true.

    >>> lamina.losses.half_squared_error([[0.0, 1.0]], [[2.0, 2.0]])
    array([2.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return 0.5 * ops.sum(ops.square(y_pred - y_true), axis=-1)


@public
def mean_absolute_error(y_true, y_pred):
    """mean(|y_true - y_pred|) over the last axis.

    >>> lamina.losses.mean_absolute_error([[0.0, 1.0]], [[2.0, 2.0]])
    array([1.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


@public
def mean_absolute_percentage_error(y_true, y_pred):
    """100 mean(|y_true - y_pred| / max(|y_true|, 1e-7)) over the last axis.

    >>> lamina.losses.mean_absolute_percentage_error([[1.0, 4.0]], [[2.0, 2.0]])
    array([75.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), EPSILON)), axis=-1)


@public
def mean_squared_logarithmic_error(y_true, y_pred):
    """mean((log(1 + y_true) - log(1 + y_pred))^2) over the last axis; numbers below 1e-7 count as 1e-7.

    >>> lamina.losses.mean_squared_logarithmic_error([[0.0]], [[np.e - 1]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    difference = ops.log(ops.maximum(y_pred, EPSILON) + 1.0) - ops.log(ops.maximum(y_true, EPSILON) + 1.0)
    return ops.mean(ops.square(difference), axis=-1)


@public
def huber(y_true, y_pred, delta: float = 1.0):
    """e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2; the mean over the last axis (Huber 1964).

    >>> lamina.losses.huber([[0.0, 0.0]], [[1.0, 3.0]])
    array([1.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    error = y_pred - y_true
    size = ops.abs(error)
    near = 0.5 * ops.square(error)
    return ops.mean(ops.where(size <= delta, near, delta * size - 0.5 * delta * delta), axis=-1)


@public
def log_cosh(y_true, y_pred):
    """mean(log(cosh(y_pred - y_true))) over the last axis: near e^2 / 2 for small errors, |e| - log 2 for large ones.

    >>> lamina.losses.log_cosh([[0.0]], [[100.0]]).round(3)
    array([99.307], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    size = ops.abs(y_pred - y_true)  # even in the error, so that exp never overflows
    return ops.mean(size + ops.log1p(ops.exp(-2.0 * size)) - math.log(2.0), axis=-1)


@public
def cosine_similarity(y_true, y_pred, axis: int = -1):
    """Minus the cosine of the angle between both: -1 where they point the same way, 1 where they are opposite.

    >>> lamina.losses.cosine_similarity([[1.0, 0.0]], [[3.0, 0.0]])
    array([-1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return -ops.sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def unit(x, axis: int):
    """x divided by its length along an axis, or by 1e-7 where it is shorter."""
    squared = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(squared, EPSILON**2))


class MeanSquaredError(LossFunctionWrapper):
    """mean((y_true - y_pred)^2).

    >>> float(lamina.losses.MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]))
    0.5
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_error", dtype=None):
        super().__init__(mean_squared_error, reduction, name, dtype)


class HalfSquaredError(LossFunctionWrapper):
    """sum((y_true - y_pred)^2) / 2, added up over the samples too by default: the sum of squares of the textbooks.

    Its derivative with respect to an output is the difference y_pred - y_true, the delta of the output layer.

    >>> float(lamina.losses.HalfSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]))
    1.0
    """

    def __init__(self, reduction="sum", name="half_squared_error", dtype=None):
        super().__init__(half_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """mean(|y_true - y_pred|).

    >>> float(lamina.losses.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 1.0]]))
    0.5
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_error", dtype=None):
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 mean(|y_true - y_pred| / |y_true|).

    >>> float(lamina.losses.MeanAbsolutePercentageError()([[1.0, 4.0]], [[2.0, 2.0]]))
    75.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_percentage_error", dtype=None):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """mean((log(1 + y_true) - log(1 + y_pred))^2).

    >>> float(lamina.losses.MeanSquaredLogarithmicError()([[3.0]], [[3.0]]))
    0.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """Squared for small errors, linear for large ones, so that outliers pull less (Huber 1964).

    delta  where one becomes the other, above 0

    >>> float(lamina.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(self, delta=1.0, reduction="sum_over_batch_size", name="huber_loss", dtype=None):
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """log(cosh(y_pred - y_true)), a smooth kin of the absolute error.

    >>> float(lamina.losses.LogCosh()([[1.0]], [[1.0]]))
    0.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="log_cosh", dtype=None):
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between truth and prediction along ``axis``.

    >>> float(lamina.losses.CosineSimilarity()([[1.0, 0.0]], [[3.0, 0.0]]))
    -1.0
    """

    def __init__(self, axis=-1, reduction="sum_over_batch_size", name="cosine_similarity", dtype=None):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
