"""Means and sums over batches, and functions of (y_true, y_pred) as metrics."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ShapeError, message
from ..losses.loss import described, same_rank
from ..losses.loss import registry as losses
from ..op import as_value
from ..registry import Registry
from .metric import Metric, float_of, unmasked

functions = Registry("function of a metric")


def for_each_sample(values, sample_weight, reduce, dtype: str):
    """One weighted value for each sample, and the weight of each sample; ``reduce`` folds all further axes."""
    values = float_of(values, dtype)
    if sample_weight is not None:
        values, weight = same_rank(values, float_of(sample_weight, dtype))
        if len(values.shape) > len(weight.shape):
            values = reduce(values, axis=tuple(range(len(weight.shape), len(values.shape))))
        if len(weight.shape) > len(values.shape) or any(
            n not in (1, m) for n, m in zip(weight.shape, values.shape, strict=True)
        ):
            raise ShapeError(
                message(
                    "sample_weight does not fit the values of the metric",
                    got=[f"sample_weight {described(sample_weight)}", f"values {described(values)}"],
                    want="one weight for each sample, or for each value",
                )
            )
        weight = ops.broadcast_to(weight, tuple(values.shape))
        values, sample_weight = values * weight, folded(weight, reduce)
    return folded(values, reduce), sample_weight


def folded(values, reduce):
    """Values with all axes after the first reduced."""
    return reduce(values, axis=tuple(range(1, len(values.shape)))) if len(values.shape) > 1 else values


class Sum(Metric):
    """The weighted sum of all values.

    >>> metric = lamina.metrics.Sum()
    >>> metric.update_state([1.0, 2.0])
    >>> float(metric.result())
    3.0
    """

    def __init__(self, name="sum", dtype=None):
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")

    def update_state(self, values, sample_weight=None):
        values, _ = for_each_sample(values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self):
        return as_value(self.total)


class Mean(Metric):
    """The weighted mean of all values; 0 where there are none.

    >>> metric = lamina.metrics.Mean()
    >>> metric.update_state([1.0, 2.0])
    >>> metric.update_state([6.0])
    >>> float(metric.result())
    3.0
    """

    def __init__(self, name="mean", dtype=None):
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def update_state(self, values, sample_weight=None):
        values, weight = for_each_sample(values, sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        rows = float(values.shape[0]) if len(values.shape) else 1.0
        self.count.assign_add(ops.sum(weight) if weight is not None else rows)

    def result(self):
        return ops.divide_no_nan(as_value(self.total), as_value(self.count))


class MeanMetricWrapper(Mean):
    """The mean of a function of (y_true, y_pred) that gives a value for each sample; further arguments are passed on.

    >>> def error(y_true, y_pred):
    ...     return lamina.ops.abs(y_true - y_pred)
    >>> float(lamina.metrics.MeanMetricWrapper(error)(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        super().__init__(name or getattr(fn, "__name__", None) or getattr(fn, "name", "metric"), dtype)
        self.fn, self.arguments = fn, kwargs

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = as_value(y_true), as_value(y_pred)
        values = self.fn(y_true, y_pred, **self.arguments)
        super().update_state(values, unmasked(y_pred, sample_weight, self.dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments; a function of one's own must be among the ``custom_objects`` when the metric is made again."""
        own = {} if type(self) is not MeanMetricWrapper else {"fn": functions.serialize(self.fn)}
        return {**super().get_config(), **own, **self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        if "fn" not in config:
            return cls(**config)
        known = losses if isinstance(config["fn"], dict) else functions
        return cls(**{**config, "fn": known.get(config["fn"])})
