"""True and false, positives and negatives, counted at one threshold or many; and the rates made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, ShapeError, message
from ..losses.loss import described, same_shape, weigh
from ..op import as_value
from ..ops.create import iota
from .metric import Metric, float_of, unmasked

KINDS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class Counts(Metric):
    """Weighted counts of some of ``KINDS`` at each threshold: what all metrics of this file keep.

    A prediction is positive where it is above the threshold.
    """

    kinds: tuple[str, ...] = KINDS

    def __init__(
        self,
        thresholds: list[float],
        name=None,
        dtype=None,
        top_k: int | None = None,
        class_id: int | None = None,
        shape: tuple[int, ...] = (),
    ):
        super().__init__(dtype, name)
        self.thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self.even = evenly_spaced(thresholds)
        self.counts: dict[str, Any] = {}
        self.keep(shape)

    def keep(self, shape: tuple[int, ...]) -> None:
        """Makes the counts: for each threshold an array of a shape."""
        for kind in self.kinds:
            self.counts[kind] = self.add_variable((len(self.thresholds), *shape), name=kind)

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = unmasked(y_pred, sample_weight, self.dtype)
        y_true, y_pred = same_shape(float_of(y_true), float_of(y_pred))
        if weight is not None:
            weight = ops.broadcast_to(weigh(y_pred, weight)[1], tuple(y_pred.shape))
        if self.top_k is not None:
            y_pred = ops.where(among_top(y_pred, self.top_k), y_pred, -1e10)
        if self.class_id is not None:
            if len(y_pred.shape) == 1 or not 0 <= self.class_id < y_pred.shape[-1]:
                raise ShapeError(
                    message(
                        f"{type(self).__name__} looks at class {self.class_id}, which is not there",
                        got=f"y_pred {described(y_pred)}",
                        want="(samples, classes)",
                    )
                )
            y_true, y_pred = (x[..., self.class_id] for x in (y_true, y_pred))
            weight = None if weight is None else weight[..., self.class_id]
        self.count(y_true, y_pred, weight)

    def count(self, y_true, y_pred, weight) -> None:
        """Adds one batch; all elements count alike."""
        size = (-1,)
        self.add_up(*(None if x is None else ops.reshape(x, size) for x in (y_true, y_pred, weight)))

    def add_up(self, y_true, y_pred, weight) -> None:
        """Adds samples along the first axis; thresholds get an axis before it."""
        positive = self.above_thresholds(y_pred)
        label = ops.not_equal(y_true, 0.0)
        weight = ops.ones_like(y_pred) if weight is None else weight
        of_true, of_false = ops.where(label, weight, 0.0), ops.where(label, 0.0, weight)
        for kind, share, hit in (
            ("true_positives", of_true, True),
            ("false_negatives", of_true, False),
            ("false_positives", of_false, True),
            ("true_negatives", of_false, False),
        ):
            if kind in self.counts:
                one, other = (ops.expand_dims(share, 0), 0.0) if hit else (0.0, ops.expand_dims(share, 0))
                self.counts[kind].assign_add(ops.sum(ops.where(positive, one, other), axis=1))

    def above_thresholds(self, y_pred):
        """For each threshold, which predictions are above it.

        Where thresholds are evenly spaced, a prediction counts as Keras counts it: by the number of its interval, so
        that one that sits on a threshold falls on the same side.
        """
        number = len(self.thresholds)
        shape = (number, *(1,) * len(y_pred.shape))
        if not self.even:
            limits = ops.reshape(np.array(self.thresholds, self.dtype), shape)
            return ops.expand_dims(y_pred, 0) > limits
        interval = ops.ceil(ops.minimum(ops.maximum(y_pred, 0.0), 1.0) * float(number - 1)) - 1.0
        if self.thresholds[0] < 0.0:  # below 0 even a prediction of 0 is above the threshold
            interval = ops.maximum(interval, 0.0)
        return ops.expand_dims(interval, 0) >= iota(shape=shape, axis=0, dtype="float32")

    def __getattr__(self, name: str):
        counts = self.__dict__.get("counts", {})
        if name in counts:
            return counts[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def rate(self, of: str, beside: str):
        """of / (of + beside) at each threshold; 0 where there are none."""
        a, b = as_value(self.counts[of]), as_value(self.counts[beside])
        return ops.divide_no_nan(a, a + b)


def evenly_spaced(thresholds) -> bool:
    """Whether thresholds cut 0..1 into equal parts, up to what Keras adds at the ends."""
    if len(thresholds) < 3:
        return False
    even = np.arange(len(thresholds), dtype=np.float32) / (len(thresholds) - 1)
    return bool(np.allclose(thresholds, even, atol=1e-7))


def checked_thresholds(thresholds, default: float) -> list[float]:
    """One threshold or several as a list; an error for one outside of 0..1."""
    if thresholds is None:
        return [default]
    listed = [float(t) for t in (thresholds if isinstance(thresholds, list | tuple) else [thresholds])]
    if not listed or any(not 0.0 <= t <= 1.0 for t in listed):
        raise ArgumentError(message("a threshold is out of range", got=repr(thresholds), want="0..1"))
    return listed


def among_top(y_pred, k: int):
    """Which predictions are among the k largest of their row; of equal ones the first."""
    taken = ops.not_equal(y_pred, y_pred)
    for _ in range(min(k, y_pred.shape[-1])):
        best = ops.argmax(ops.where(taken, -np.inf, y_pred), axis=-1)
        taken = ops.logical_or(taken, ops.one_hot(best, y_pred.shape[-1], dtype="bool"))
    return taken


class Count(Counts):
    """One kind, counted at one threshold or several."""

    def __init__(self, thresholds=None, name=None, dtype=None):
        super().__init__(checked_thresholds(thresholds, 0.5), name, dtype)
        self.given = thresholds

    def result(self):
        counts = as_value(self.counts[self.kinds[0]])
        return counts[0] if len(self.thresholds) == 1 else counts

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.given}


class TruePositives(Count):
    """How many labels of 1 are predicted as 1.

    thresholds  above which a prediction counts as 1, within 0..1; one, or a list for a count at each

    >>> float(lamina.metrics.TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]))
    2.0
    """

    kinds = ("true_positives",)


class FalsePositives(Count):
    """How many labels of 0 are predicted as 1.

    >>> float(lamina.metrics.FalsePositives()([0, 1, 0, 0], [0.0, 0.0, 1.0, 1.0]))
    2.0
    """

    kinds = ("false_positives",)
    direction = "down"


class TrueNegatives(Count):
    """How many labels of 0 are predicted as 0.

    >>> float(lamina.metrics.TrueNegatives()([0, 1, 0, 0], [1.0, 0.0, 0.0, 0.0]))
    2.0
    """

    kinds = ("true_negatives",)


class FalseNegatives(Count):
    """How many labels of 1 are predicted as 0.

    >>> float(lamina.metrics.FalseNegatives()([0, 1, 1, 1], [0.0, 1.0, 0.0, 0.0]))
    2.0
    """

    kinds = ("false_negatives",)
    direction = "down"


class Rate(Counts):
    """True positives over themselves and another kind."""

    direction = "up"

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        if top_k is not None and top_k < 1:
            raise ArgumentError(message("top_k is out of range", got=repr(top_k), want="1 or more"))
        super().__init__(checked_thresholds(thresholds, 0.5 if top_k is None else -1e10), name, dtype, top_k, class_id)
        self.given = thresholds

    def result(self):
        rates = self.rate(*self.kinds)
        return rates[0] if len(self.thresholds) == 1 else rates

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.given, "top_k": self.top_k, "class_id": self.class_id}


class Precision(Rate):
    """The share of positive predictions that are right; 0 where there are none.

    thresholds  above which a prediction is positive, within 0..1; 0.5 by default; a list gives a result for each
    top_k       only the k largest predictions of a row may be positive
    class_id    only this class is looked at

    >>> float(lamina.metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1])).__round__(4)
    0.6667
    """

    kinds = ("true_positives", "false_positives")


class Recall(Rate):
    """The share of labels of 1 that are predicted; 0 where there are none. The arguments are those of ``Precision``.

    >>> float(lamina.metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1])).__round__(4)
    0.6667
    """

    kinds = ("true_positives", "false_negatives")


def spread_thresholds(number: int) -> list[float]:
    """Thresholds from 0 to 1 with equal distances."""
    if number < 1:
        raise ArgumentError(message("num_thresholds is out of range", got=repr(number), want="1 or more"))
    return [0.5] if number == 1 else [i / (number - 1) for i in range(number)]


class BestUnder(Counts):
    """The best value of one rate among the thresholds at which another is at least ``value``."""

    direction = "up"
    argument = ""
    wanted: tuple[str, str] = ("", "")  # the rate to be large
    bounded: tuple[str, str] = ("", "")  # the rate that must reach the value

    def __init__(self, value, num_thresholds=200, class_id=None, name=None, dtype=None):
        if not 0.0 <= value <= 1.0:
            raise ArgumentError(message(f"{self.argument} is out of range", got=repr(value), want="0..1"))
        super().__init__(spread_thresholds(num_thresholds), name, dtype, class_id=class_id)
        self.value, self.num_thresholds = value, num_thresholds

    def result(self):
        return ops.max(ops.where(self.rate(*self.bounded) >= self.value, self.rate(*self.wanted), 0.0))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            self.argument: self.value,
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
        }


SENSITIVITY, SPECIFICITY = ("true_positives", "false_negatives"), ("true_negatives", "false_positives")
PRECISION = ("true_positives", "false_positives")


class SensitivityAtSpecificity(BestUnder):
    """The best sensitivity among ``num_thresholds`` thresholds whose specificity is at least ``specificity``.

    >>> float(lamina.metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    argument, wanted, bounded = "specificity", SENSITIVITY, SPECIFICITY

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(BestUnder):
    """The best specificity among ``num_thresholds`` thresholds whose sensitivity is at least ``sensitivity``.

    >>> float(lamina.metrics.SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])).__round__(4)
    0.6667
    """

    argument, wanted, bounded = "sensitivity", SPECIFICITY, SENSITIVITY

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(BestUnder):
    """The best precision among ``num_thresholds`` thresholds whose recall is at least ``recall``.

    >>> float(lamina.metrics.PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    argument, wanted, bounded = "recall", PRECISION, SENSITIVITY

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(BestUnder):
    """The best recall among ``num_thresholds`` thresholds whose precision is at least ``precision``.

    >>> float(lamina.metrics.RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5
    """

    argument, wanted, bounded = "precision", SENSITIVITY, PRECISION

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(precision, num_thresholds, class_id, name, dtype)
