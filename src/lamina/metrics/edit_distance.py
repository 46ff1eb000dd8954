"""How far label sequences are from the truth: insertions, deletions and substitutions."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ShapeError, message
from ..losses.loss import described
from ..masks import mask_of
from ..op import as_value
from ..ops.axes import canonical_axis
from .mean import Mean
from .metric import Metric, float_of

FAR = 1e9  # more than any distance


def edit_distance(y_true, y_pred, blank: int = 0, mask=None):
    """The least number of insertions, deletions and substitutions between two label sequences, for each sample.

    y_true  labels [batch, labels], filled up at the end with negative numbers or the blank
    y_pred  labels [batch, any], in which negative numbers are skipped; or logits [batch, steps, classes], of which
            the likeliest path is taken: repeats merged, blanks dropped (greedy decoding of CTC)
    blank   the class of the logits that stands for no label; a negative one counts from the last. Labels of y_pred
            are taken as they are
    mask    which steps of y_pred count, a bool [batch, steps]; by default those that the layers have not masked

    Wagner, Fischer, "The String-to-String Correction Problem" (1974), one row of its table at each step.

    >>> lamina.metrics.edit_distance([[1, 2, 3], [1, 1, -1]], [[1, 3, -1, -1], [2, 1, 1, 1]])
    array([1., 2.], dtype=float32)
    """
    labels, lengths, blank = truth(y_true, y_pred, blank)
    y_pred = as_value(y_pred)
    batch, size = labels.shape[0], labels.shape[1] + 1
    merge = len(y_pred.shape) == 3
    classes = ops.cast(ops.argmax(y_pred, axis=-1) if merge else y_pred, "int32")
    mask = mask_of(y_pred) if mask is None else mask
    real = ops.greater_equal(classes, 0) if mask is None else ops.cast(as_value(mask), "bool")
    places = ops.broadcast_to(ops.reshape(ops.arange(size, dtype="float32"), (1, size)), (batch, size))

    def step(carry, given):
        (row, last), (label, counts) = carry, given
        differs = ops.cast(ops.not_equal(labels, ops.expand_dims(label, 1)), "float32")
        without = row + 1.0  # the label is one too much
        matched = ops.pad(row[:, :-1] + differs, ((0, 0), (1, 0)), constant_values=FAR)
        # labels of the truth that are missing cost one each: a running minimum, once places are taken off
        found = running_minimum(ops.minimum(without, matched) - places) + places
        speaks = ops.logical_and(counts, ops.greater_equal(label, 0))
        if merge:
            speaks = ops.logical_and(speaks, ops.logical_and(ops.not_equal(label, blank), ops.not_equal(label, last)))
        row = ops.where(ops.expand_dims(speaks, 1), found, row)
        return [row, ops.where(counts, label, last)], None

    start = [places, ops.full_like(lengths, -1)]
    (row, _), _ = ops.scan(step, start, [ops.transpose(classes), ops.transpose(real)])
    ends = ops.equal(places, ops.expand_dims(ops.cast(lengths, "float32"), 1))
    return ops.sum(ops.where(ends, row, 0.0), axis=1)


def truth(y_true, y_pred, blank: int):
    """The true labels, how many each sample has, and the blank counted from the first class."""
    y_true, y_pred = as_value(y_true), as_value(y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) not in (2, 3) or y_true.shape[0] != y_pred.shape[0]:
        raise ShapeError(
            message(
                "edit distance cannot compare these",
                got=[f"y_true {described(y_true)}", f"y_pred {described(y_pred)}"],
                want="y_true [batch, labels]; y_pred [batch, labels], or logits [batch, steps, classes]",
            )
        )
    labels = ops.cast(y_true, "int32")
    said = ops.greater_equal(labels, 0)
    if len(y_pred.shape) == 3:
        blank = canonical_axis(blank, y_pred.shape[2], "blank")
        said = ops.logical_and(said, ops.not_equal(labels, blank))
    return labels, ops.sum(ops.cast(said, "int32"), axis=1), blank


def running_minimum(x):
    """The least of each element and all before it in its row, by doubling."""
    step = 1
    while step < x.shape[1]:
        x = ops.minimum(x, ops.pad(x[:, :-step], ((0, 0), (step, 0)), constant_values=FAR))
        step *= 2
    return x


class EditDistance(Mean):
    """The mean edit distance between label sequences: see ``lamina.metrics.edit_distance``.

    normalize  whether the distance of each sample is divided by the number of its true labels (by 1 where it has none)
    blank      the class of logits that stands for no label

    >>> metric = lamina.metrics.EditDistance()
    >>> metric.update_state([[1, 2, 3, 4]], [[1, 2, 4, -1]])
    >>> float(metric.result())
    0.25
    """

    direction = "down"

    def __init__(self, normalize: bool = True, name="edit_distance", dtype=None, *, blank: int = 0):
        super().__init__(name, dtype)
        self.normalize, self.blank = bool(normalize), int(blank)

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = edit_distance(y_true, y_pred, self.blank)
        if self.normalize:
            _, lengths, _ = truth(y_true, y_pred, self.blank)
            values = values / ops.maximum(ops.cast(lengths, "float32"), 1.0)
        super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "normalize": self.normalize, "blank": self.blank}


class LabelErrorRate(Metric):
    """All edits over all true labels, as word and digit error rates are told: see ``lamina.metrics.edit_distance``.

    blank  the class of logits that stands for no label

    >>> metric = lamina.metrics.LabelErrorRate()
    >>> metric.update_state([[1, 2, 3], [4, -1, -1]], [[1, 2, 3], [5, -1, -1]])
    >>> float(metric.result())
    0.25
    """

    direction = "down"

    def __init__(self, name="label_error_rate", dtype=None, *, blank: int = 0):
        super().__init__(dtype, name)
        self.blank = int(blank)
        self.edits = self.add_variable((), name="edits")
        self.labels = self.add_variable((), name="labels")

    def update_state(self, y_true, y_pred, sample_weight=None):
        edits = float_of(edit_distance(y_true, y_pred, self.blank), self.dtype)
        labels = ops.cast(truth(y_true, y_pred, self.blank)[1], self.dtype)
        if sample_weight is not None:
            weight = ops.reshape(float_of(sample_weight, self.dtype), tuple(edits.shape))
            edits, labels = edits * weight, labels * weight
        self.edits.assign_add(ops.sum(edits))
        self.labels.assign_add(ops.sum(labels))

    def result(self):
        return ops.divide_no_nan(as_value(self.edits), as_value(self.labels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "blank": self.blank}
