"""The area under a curve of two rates, drawn over many thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..composites.entropy import EPSILON
from ..errors import ArgumentError, ShapeError, message
from ..losses.loss import described
from ..op import as_value
from .confusion import Counts, spread_thresholds
from .metric import float_of

CURVES = ("ROC", "PR", "PRGAIN")
METHODS = ("interpolation", "minoring", "majoring")


class AUC(Counts):
    """The area under the ROC curve or the precision-recall curve: 1 is perfect; 0.5 under ROC is chance.

    num_thresholds    how finely the curve is drawn, 2 or more
    curve             "ROC" (true over false positive rate), "PR" (precision over recall), or "PRGAIN"
    summation_method  "interpolation" (trapezoids; under "PR" precision between two points follows Davis and Goadrich
                      2006), or the lower ("minoring") or higher ("majoring") end of each piece
    thresholds        own ones within 0..1, in place of ``num_thresholds``
    multi_label       whether each column is a label of its own with an area of its own; the result is their mean
    num_labels        how many columns there are, if known before the first batch
    label_weights     weights of the columns
    from_logits       whether predictions go through sigmoid first

    >>> float(lamina.metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.75
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        if str(curve).upper() not in CURVES or str(summation_method).lower() not in METHODS:
            raise ArgumentError(
                message(
                    "AUC draws no such curve",
                    got=f"curve={curve!r}, summation_method={summation_method!r}",
                    want=f"one of {CURVES}, one of {METHODS}",
                )
            )
        if thresholds is None and num_thresholds < 2:
            raise ArgumentError(message("num_thresholds is out of range", got=repr(num_thresholds), want="2 or more"))
        if num_labels and not multi_label:
            raise ArgumentError(message("num_labels is meant for multi_label=True", got=f"num_labels={num_labels}"))
        inner = spread_thresholds(num_thresholds)[1:-1] if thresholds is None else sorted(map(float, thresholds))
        if any(not 0.0 <= t <= 1.0 for t in inner):
            raise ArgumentError(message("a threshold is out of range", got=repr(thresholds), want="0..1"))
        self.given, self.num_thresholds = thresholds, len(inner) + 2
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else np.asarray(label_weights, "float32")
        # a little beyond 0 and 1, so that the curve has both of its ends
        super().__init__([-EPSILON, *inner, 1.0 + EPSILON], name, dtype, shape=(num_labels,) if num_labels else ())

    def keep(self, shape):
        if shape or not self.multi_label:  # else the first batch says how many labels there are
            super().keep(shape)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = float_of(y_pred)
        super().update_state(y_true, ops.sigmoid(y_pred) if self.from_logits else y_pred, sample_weight)

    def count(self, y_true, y_pred, weight):
        if not self.multi_label:
            if self.label_weights is not None:
                columns = ops.broadcast_to(as_value(self.label_weights), tuple(y_pred.shape))
                weight = columns if weight is None else weight * columns
            super().count(y_true, y_pred, weight)
            return
        if len(y_pred.shape) != 2:
            raise ShapeError(
                message("AUC over labels takes tables", got=f"y_pred {described(y_pred)}", want="(samples, labels)")
            )
        if not self.counts:
            self.keep((y_pred.shape[-1],))
        self.add_up(y_true, y_pred, weight)

    def result(self):
        if not self.counts:
            return as_value(0.0)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.over_labels(self.interpolated_pr())
        x, y = self.points()
        left, right = y[:-1], y[1:]
        heights = {
            "interpolation": lambda: (left + right) / 2.0,
            "minoring": lambda: ops.minimum(left, right),
            "majoring": lambda: ops.maximum(left, right),
        }[self.summation_method]()
        return self.over_labels((x[:-1] - x[1:]) * heights)

    def points(self):
        """x and y of the curve at each threshold."""
        tp, fp, tn, fn = (
            as_value(self.counts[k]) for k in ("true_positives", "false_positives", "true_negatives", "false_negatives")
        )
        recall = ops.divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return ops.divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, ops.divide_no_nan(tp, tp + fp)
        scale = ops.divide_no_nan(tp + fn, tn + fp)  # Flach and Kull 2015, section 3
        none = ops.equal(tp, 0.0)
        recall_gain = ops.where(none, 0.0, 1.0 - scale * ops.divide_no_nan(fn, tp))
        return ops.maximum(recall_gain, 0.0), ops.where(none, 1.0, 1.0 - scale * ops.divide_no_nan(fp, tp))

    def interpolated_pr(self):
        """The area of each piece of the precision-recall curve, true positives growing evenly with the positives."""
        tp, fp, fn = (as_value(self.counts[k]) for k in ("true_positives", "false_positives", "false_negatives"))
        gained = tp[:-1] - tp[1:]
        p = tp + fp
        before, after = p[:-1], p[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(before - after, 0.0))
        intercept = tp[1:] - slope * after
        both = ops.logical_and(before > 0.0, after > 0.0)
        ratio = ops.where(both, ops.divide_no_nan(before, ops.maximum(after, 0.0)), 1.0)
        return ops.divide_no_nan(slope * (gained + intercept * ops.log(ratio)), ops.maximum(tp[1:] + fn[1:], 0.0))

    def over_labels(self, pieces):
        """The sum of the pieces; over several labels, the (weighted) mean of their sums."""
        if not self.multi_label:
            return ops.sum(pieces)
        areas = ops.sum(pieces, axis=0)
        if self.label_weights is None:
            return ops.mean(areas)
        return ops.sum(areas * self.label_weights) / float(self.label_weights.sum())

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "from_logits": self.from_logits,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
        }
        return config if self.given is None else {**config, "thresholds": list(map(float, self.given))}
