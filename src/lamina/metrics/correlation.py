"""How much of the variation of the truth predictions explain."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..composites.entropy import EPSILON
from ..errors import ArgumentError, ShapeError, message
from ..losses.loss import aligned, described
from ..op import as_value
from ..ops.defer import public
from .mean import MeanMetricWrapper
from .metric import Metric, unmasked


class R2Score(Metric):
    """1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2), the coefficient of determination.

    class_aggregation  over several outputs: "uniform_average", "variance_weighted_average", or None for all scores
    num_regressors     how many inputs the model has, for the adjusted score; 0 for the plain one

    Raises a ShapeError unless y is (samples, outputs).

    >>> float(lamina.metrics.R2Score()([[1.0], [4.0], [3.0]], [[1.0], [4.0], [3.0]]))
    1.0
    """

    direction = "up"

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        super().__init__(dtype, name)
        allowed = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in allowed:
            raise ArgumentError(message("unknown class_aggregation", got=repr(class_aggregation), want=str(allowed)))
        if num_regressors < 0:
            raise ArgumentError(message("num_regressors is out of range", got=repr(num_regressors), want="0 or more"))
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), name="num_samples")
        self.sums: tuple = ()

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = unmasked(y_pred, sample_weight, self.dtype)
        y_true, y_pred = aligned(y_true, y_pred)
        if len(y_pred.shape) != 2:
            raise ShapeError(
                message(
                    "R2Score takes tables",
                    got=f"y_pred {described(y_pred)}",
                    want="(samples, outputs)",
                    fix="reshape to (samples, 1) for one output",
                )
            )
        if not self.sums:
            names = ("squared_sum", "sum", "residual", "count")
            self.sums = tuple(self.add_variable((y_pred.shape[-1],), name=n) for n in names)
        weight = (
            ops.ones_like(y_true)
            if weight is None
            else ops.broadcast_to(
                ops.expand_dims(weight, -1) if len(weight.shape) == 1 else weight, tuple(y_true.shape)
            )
        )
        squared_sum, total, residual, count = self.sums
        squared_sum.assign_add(ops.sum(ops.square(y_true) * weight, axis=0))
        total.assign_add(ops.sum(y_true * weight, axis=0))
        residual.assign_add(ops.sum(ops.square(y_true - y_pred) * weight, axis=0))
        count.assign_add(ops.sum(weight, axis=0))
        self.num_samples.assign_add(float(y_true.shape[0] * y_true.shape[1]))

    def result(self):
        if not self.sums:
            return as_value(0.0)
        squared_sum, total, residual, count = map(as_value, self.sums)
        spread = squared_sum - total * ops.divide(total, count)
        scores = 1.0 - ops.divide(residual, spread)
        # a constant truth has no spread: Keras gives 0 where the score is infinite
        scores = ops.where(ops.logical_or(ops.isfinite(scores), ops.isnan(scores)), scores, 0.0)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide(ops.sum(spread * scores), ops.sum(spread))
        if not self.num_regressors:
            return scores
        left = as_value(self.num_samples) - 1.0 - float(self.num_regressors)
        adjusted = 1.0 - (1.0 - scores) * (as_value(self.num_samples) - 1.0) / ops.where(left > 0, left, 1.0)
        return ops.where(left > 0, adjusted, scores)  # too few samples to adjust

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }


@public
def pearson_correlation(y_true, y_pred, axis: int = -1):
    """The covariance of both along an axis over the product of their standard deviations.

    >>> lamina.metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    a, b = (x - ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred))
    a, b = (ops.divide(x, ops.std(x, axis=axis, keepdims=True)) for x in (a, b))
    return ops.mean(a * b, axis=axis)


@public
def concordance_correlation(y_true, y_pred, axis: int = -1):
    """2 cov / (var + var + (mean - mean)^2) along an axis: like Pearson's, less what scale and offset cost (Lin 1989).

    >>> lamina.metrics.concordance_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    mean_true, mean_pred = (ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred))
    covariance = (y_true - mean_pred) * (y_pred - mean_pred)  # y_pred - mean_pred sums to 0: any offset will do
    spread = ops.var(y_true, axis=axis, keepdims=True) + ops.var(y_pred, axis=axis, keepdims=True)
    return ops.mean(2.0 * covariance / (spread + ops.square(mean_true - mean_pred) + EPSILON), axis=axis)


class PearsonCorrelation(MeanMetricWrapper):
    """The correlation of truth and prediction along ``axis``, the mean over all samples.

    >>> round(float(lamina.metrics.PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])), 4)
    1.0
    """

    direction = "up"

    def __init__(self, name="pearson_correlation", dtype=None, axis=-1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The concordance of truth and prediction along ``axis``, the mean over all samples.

    >>> round(float(lamina.metrics.ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]])), 4)
    1.0
    """

    direction = "up"

    def __init__(self, name="concordance_correlation", dtype=None, axis=-1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
