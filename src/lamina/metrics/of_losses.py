"""Losses as metrics: the mean of a loss over all samples, unweighted by batches."""

from __future__ import annotations

from .. import ops
from ..losses.crossentropy import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from ..losses.distribution import kl_divergence, poisson
from ..losses.loss import aligned
from ..losses.margin import categorical_hinge, hinge, squared_hinge
from ..losses.regression import cosine_similarity as negative_cosine
from ..losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from ..ops.defer import public
from .mean import Mean, MeanMetricWrapper
from .metric import unmasked


class LossMetric(MeanMetricWrapper):
    """A metric that is better when it is smaller."""

    direction = "down"


class MeanSquaredError(LossMetric):
    """mean((y_true - y_pred)^2).

    >>> float(lamina.metrics.MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
    5.0
    """

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(mean_squared_error, name, dtype)


class RootMeanSquaredError(Mean):
    """The square root of the mean squared error over all samples.

    >>> float(lamina.metrics.RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]]))
    5.0
    """

    direction = "down"

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = unmasked(y_pred, sample_weight, self.dtype)
        y_true, y_pred = aligned(y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), weight)

    def result(self):
        return ops.sqrt(super().result())


class MeanAbsoluteError(LossMetric):
    """mean(|y_true - y_pred|).

    >>> float(lamina.metrics.MeanAbsoluteError()([[0.0], [0.0]], [[1.0], [3.0]]))
    2.0
    """

    def __init__(self, name="mean_absolute_error", dtype=None):
        super().__init__(mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(LossMetric):
    """100 mean(|y_true - y_pred| / |y_true|).

    >>> float(lamina.metrics.MeanAbsolutePercentageError()([[1.0], [4.0]], [[2.0], [2.0]]))
    75.0
    """

    def __init__(self, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(LossMetric):
    """mean((log(1 + y_true) - log(1 + y_pred))^2).

    >>> float(lamina.metrics.MeanSquaredLogarithmicError()([[3.0]], [[3.0]]))
    0.0
    """

    def __init__(self, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(mean_squared_logarithmic_error, name, dtype)


class LogCoshError(LossMetric):
    """mean(log(cosh(y_pred - y_true))).

    >>> float(lamina.metrics.LogCoshError()([[1.0]], [[1.0]]))
    0.0
    """

    def __init__(self, name="logcosh", dtype=None):
        super().__init__(log_cosh, name, dtype)


class KLDivergence(LossMetric):
    """sum(t log(t / p)), the information lost when p stands for t.

    >>> float(lamina.metrics.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    def __init__(self, name="kl_divergence", dtype=None):
        super().__init__(kl_divergence, name, dtype)


class Poisson(LossMetric):
    """mean(y_pred - y_true log(y_pred)), for counts.

    >>> float(lamina.metrics.Poisson()([[0.0]], [[1.5]]))
    1.5
    """

    def __init__(self, name="poisson", dtype=None):
        super().__init__(poisson, name, dtype)


class BinaryCrossentropy(LossMetric):
    """Cross-entropy for labels 0 and 1.

    >>> round(float(lamina.metrics.BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
    0.6931
    """

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(LossMetric):
    """Cross-entropy for one-hot labels.

    >>> round(float(lamina.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        super().__init__(
            categorical_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )


class SparseCategoricalCrossentropy(LossMetric):
    """Cross-entropy for labels that are class numbers.

    >>> round(float(lamina.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None, axis=-1
    ):
        super().__init__(
            sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )


class Hinge(LossMetric):
    """mean(max(1 - t y, 0)), for labels t of -1 or 1.

    >>> float(lamina.metrics.Hinge()([[1.0, -1.0]], [[0.5, -3.0]]))
    0.25
    """

    def __init__(self, name="hinge", dtype=None):
        super().__init__(hinge, name, dtype)


class SquaredHinge(LossMetric):
    """mean(max(1 - t y, 0)^2), for labels t of -1 or 1.

    >>> float(lamina.metrics.SquaredHinge()([[1.0, -1.0]], [[0.5, -3.0]]))
    0.125
    """

    def __init__(self, name="squared_hinge", dtype=None):
        super().__init__(squared_hinge, name, dtype)


class CategoricalHinge(LossMetric):
    """max(1 + the largest wrong output - the right output, 0), for one-hot labels.

    >>> float(lamina.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
    0.75
    """

    def __init__(self, name="categorical_hinge", dtype=None):
        super().__init__(categorical_hinge, name, dtype)


@public
def cosine_similarity(y_true, y_pred, axis: int = -1):
    """The cosine of the angle between both: 1 where they point the same way. (The loss of this name is minus that.)

    >>> lamina.metrics.cosine_similarity([[1.0, 0.0]], [[3.0, 0.0]])
    array([1.], dtype=float32)
    """
    return -negative_cosine(y_true, y_pred, axis)


class CosineSimilarity(MeanMetricWrapper):
    """The cosine of the angle between truth and prediction along ``axis``.

    >>> float(lamina.metrics.CosineSimilarity()([[1.0, 0.0]], [[3.0, 0.0]]))
    1.0
    """

    direction = "up"

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)
