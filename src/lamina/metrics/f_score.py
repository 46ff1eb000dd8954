"""The harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..composites.entropy import EPSILON
from ..errors import ArgumentError, ShapeError, message
from ..losses.loss import described, same_shape
from ..op import as_value
from .metric import Metric, float_of, unmasked

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall), for each class.

    average    over classes: None for all scores, "micro" (counts added up), "macro" (the mean), "weighted" (by how
               frequent a class is)
    beta       above 0: how much more recall counts than precision
    threshold  above which a prediction is positive, above 0, at most 1; None: the largest of each row is

    Raises a ShapeError unless y is (samples, classes), labels one-hot or of 0 and 1.

    >>> metric = lamina.metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> metric([[1.0], [1.0], [0.0]], [[0.9], [0.2], [0.1]]).round(4)
    array([0.5556], dtype=float32)
    """

    direction = "up"

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score", dtype=None):
        super().__init__(dtype, name)
        if average not in AVERAGES:
            raise ArgumentError(message("unknown average", got=repr(average), want=str(AVERAGES)))
        if beta <= 0:
            raise ArgumentError(message("beta is out of range", got=repr(beta), want="above 0"))
        if threshold is not None and not 0.0 < threshold <= 1.0:
            raise ArgumentError(
                message("threshold is out of range", got=repr(threshold), want="above 0, at most 1, or None")
            )
        self.average, self.beta, self.threshold = average, float(beta), threshold
        self.counts: tuple = ()

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = unmasked(y_pred, sample_weight, self.dtype)
        y_true, y_pred = same_shape(float_of(y_true), float_of(y_pred))
        if len(y_pred.shape) != 2:
            raise ShapeError(
                message(
                    f"{type(self).__name__} takes tables",
                    got=f"y_pred {described(y_pred)}",
                    want="(samples, classes)",
                    fix="give labels one-hot, or of shape (samples, 1)",
                )
            )
        if not self.counts:
            shape = () if self.average == "micro" else (y_pred.shape[-1],)
            names = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
            self.counts = tuple(self.add_variable(shape, name=n) for n in names)
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            positive = ops.logical_and(y_pred >= largest, ops.abs(y_pred) > 1e-9)
        else:
            positive = y_pred > self.threshold
        positive = ops.cast(positive, self.dtype)
        if weight is not None and len(weight.shape) == 1:
            weight = ops.expand_dims(weight, -1)
        shares = (positive * y_true, positive * (1.0 - y_true), (1.0 - positive) * y_true, y_true)
        for count, share in zip(self.counts, shares, strict=True):
            share = share if weight is None else share * weight
            count.assign_add(ops.sum(share, axis=None if self.average == "micro" else 0))

    def result(self):
        if not self.counts:
            return as_value(0.0)
        tp, fp, fn, frequency = map(as_value, self.counts)
        precision, recall = tp / (tp + fp + EPSILON), tp / (tp + fn + EPSILON)
        square = self.beta**2
        score = (1.0 + square) * (precision * recall / (square * precision + recall + EPSILON))
        if self.average == "weighted":
            return ops.sum(score * (frequency / (ops.sum(frequency) + EPSILON)))
        return score if self.average is None else ops.mean(score)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """2 precision recall / (precision + recall), for each class; the arguments are those of ``FBetaScore``.

    >>> metric = lamina.metrics.F1Score(threshold=0.5)
    >>> metric([[1.0], [1.0], [0.0]], [[0.9], [0.2], [0.1]]).round(4)
    array([0.6667], dtype=float32)
    """

    def __init__(self, average=None, threshold=None, name="f1_score", dtype=None):
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {k: v for k, v in super().get_config().items() if k != "beta"}
