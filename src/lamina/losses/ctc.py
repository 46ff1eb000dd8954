"""Connectionist temporal classification as a loss: label sequences that are shorter than their inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, DataError, ShapeError, message
from ..graph import Node, scope
from ..masks import mask_of
from ..op import as_value
from .loss import Loss, described, is_float, reduce_weighted

CHOICES = ("raise", "skip", "zero")


def ctc(y_true, y_pred):
    """The CTC loss with blank 0, one value for each sample.

    y_true  whole numbers [batch, labels], filled up with -1 or 0
    y_pred  logits [batch, steps, classes]; steps that the layers have masked are left out

    >>> lamina.losses.ctc([[1]], np.zeros((1, 2, 2), "float32")).round(4)
    array([0.2877], dtype=float32)
    """
    labels, y_pred = checked(y_true, y_pred)
    return ops.ctc_loss(labels, y_pred, mask=mask_of(y_pred))


class CTC(Loss):
    """-log of the probability of a label sequence under logits for each step: Graves et al. (2006).

    y_true is [batch, labels], whole numbers filled up at the end with -1 (or the blank); y_pred is logits
    [batch, steps, classes]. Steps that the layers have masked are left out, wherever they are.

    blank       the class that stands for no label, 0 by default as in Keras; a negative one counts from the last
    infeasible  what becomes of labels that no path spells, because there are too few steps (one for each label, and
                one more between two that are the same): "raise" is a DataError that names the samples, before the
                first step of a training; within a traced program, where masks may shorten the input further, their
                loss is infinite and their gradient 0. "skip" leaves them out of the mean, "zero" counts them as 0
    reduction, name, dtype  as for every ``Loss``

    >>> loss = lamina.losses.CTC(blank=-1)
    >>> round(float(loss([[0, -1], [0, 0]], np.zeros((2, 3, 2), "float32"))), 4)
    1.1836
    """

    from_logits = True

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ctc",
        dtype: str | None = None,
        *,
        blank: int = 0,
        infeasible: str = "raise",
    ):
        super().__init__(name, reduction, dtype)
        if infeasible not in CHOICES:
            raise ArgumentError(
                message(
                    "CTC cannot do this with labels that no path spells",
                    got=f"infeasible={infeasible!r}",
                    want=", ".join(map(repr, CHOICES)),
                )
            )
        if isinstance(blank, bool) or not isinstance(blank, int | np.integer):
            raise ArgumentError(message("the blank of CTC is a class", got=f"blank={blank!r}", want="a whole number"))
        self.blank, self.infeasible = int(blank), infeasible

    def call(self, y_true, y_pred):
        """One value for each sample."""
        return self.values(y_true, y_pred, mask_of(y_pred))[0]

    def values(self, y_true, y_pred, mask):
        """The loss of each sample, and which samples have labels that some path spells."""
        labels, y_pred = checked(y_true, y_pred)
        if self.infeasible == "raise":
            self.refuse(labels, y_pred, mask)
        values = ops.ctc_loss(labels, y_pred, mask_index=self.blank, mask=mask)
        feasible = ops.not_equal(values, math.inf)  # a NaN, of logits that are none, stays visible
        return (values if self.infeasible == "raise" else ops.where(feasible, values, 0.0)), feasible

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss; a scalar, unless ``reduction`` is "none"."""
        y_true, y_pred = as_value(y_true), as_value(y_pred)
        with scope(self.name):
            dtype = self.dtype or (str(y_pred.dtype) if is_float(y_pred) else "float32")
            values, feasible = self.values(y_true, ops.cast(y_pred, dtype), mask_of(y_pred))
            if sample_weight is not None:
                sample_weight = ops.cast(as_value(sample_weight), dtype)
                if math.prod(sample_weight.shape) == values.shape[0]:  # a weight of 0 takes an infinite loss away
                    sample_weight = ops.reshape(sample_weight, tuple(values.shape))
                    values = ops.where(ops.equal(sample_weight, 0.0), 0.0, values)
            return reduce_weighted(
                values, sample_weight, feasible if self.infeasible == "skip" else None, self.reduction
            )

    def refuse(self, labels, y_pred, mask) -> None:
        """DataError for labels that are numbers already."""
        if isinstance(labels, Node) or isinstance(mask, Node):
            return
        batch, steps, classes = y_pred.shape
        real = np.full(batch, steps) if mask is None else np.sum(np.asarray(mask), axis=1)
        check_label_sequences(labels, real, classes, self.blank)

    def check_targets(self, y, output_shape: tuple[int, ...], name: str = "y") -> None:
        """DataError where labels are no classes of the model, or, with ``infeasible="raise"``, no path spells them."""
        labels = np.asarray(y)
        if labels.ndim == 2 and len(output_shape) == 3:
            steps = np.full(len(labels), output_shape[1] if self.infeasible == "raise" else np.iinfo("int32").max)
            check_label_sequences(labels, steps, output_shape[2], self.blank, name)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "blank": self.blank, "infeasible": self.infeasible}


def checked(y_true, y_pred):
    """Labels as whole numbers and logits, whose shapes go together."""
    y_true, y_pred = as_value(y_true), as_value(y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3 or y_true.shape[0] != y_pred.shape[0]:
        raise ShapeError(
            message(
                "CTC cannot compare these",
                got=[f"y_true {described(y_true)}", f"y_pred {described(y_pred)}"],
                want="y_true of shape [batch, labels] and y_pred, logits, of shape [batch, steps, classes]",
            )
        )
    return ops.cast(y_true, "int32"), y_pred


def check_label_sequences(y, steps, classes: int, blank: int = 0, name: str = "y") -> None:
    """Raises a DataError for label sequences that CTC cannot learn, naming the samples.

    y        labels [samples, labels], filled up at the end with -1 or the blank
    steps    how many steps the input of each sample has
    classes  how many the model has, the blank among them

    >>> lamina.losses.check_label_sequences(np.array([[3, 3, -1]]), [3], 5)
    """
    labels, steps = np.asarray(y), np.asarray(steps)
    blank = blank + classes if blank < 0 else blank
    if not 0 <= blank < classes:
        raise ArgumentError(
            message("the blank is no class of the model", got=f"blank={blank}", want=f"0..{classes - 1}")
        )
    said = (labels >= 0) & (labels != blank)
    with np.errstate(invalid="ignore"):
        strange = said & ((labels >= classes) | (labels != np.floor(labels))) | np.not_equal(labels, labels)
    refuse(
        strange.any(axis=1),
        name,
        "labels that are no classes of the model",
        want=f"whole numbers within 0..{classes - 1} without the blank {blank}, filled up with -1",
        fix=f"give the last layer {int(labels[strange].max()) + 1} units"
        if (labels[strange] >= classes).any()
        else None,
    )
    gaps = np.zeros(len(labels), bool) if labels.shape[1] < 2 else (said[:, 1:] & ~said[:, :-1]).any(axis=1)
    refuse(
        gaps,
        name,
        "labels behind the padding, or the blank among labels",
        want=f"labels first, then -1 or the blank {blank}",
        fix="say which class is the blank: lamina.losses.CTC(blank=…)",
    )
    repeats = (said[:, 1:] & (labels[:, 1:] == labels[:, :-1])).sum(axis=1)
    needed = said.sum(axis=1) + repeats
    short = needed > steps
    worst = int(np.argmax(needed - steps)) if short.any() else 0
    refuse(
        short,
        name,
        "more labels than the input has steps for",
        got=f"sample {worst} needs {needed[worst] if short.any() else 0} steps, one for each label and one between "
        f"two that are the same, and has {steps[worst] if short.any() else 0}",
        fix='drop these samples, or CTC(infeasible="skip") or "zero"',
    )


def refuse(wrong: np.ndarray, name: str, problem: str, *, want=None, got=None, fix=None) -> None:
    """A DataError that names the first samples that are wrong, if there are any."""
    found = np.flatnonzero(wrong)
    if not len(found):
        return
    some = ", ".join(map(str, found[:10].tolist())) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
    which = f"{name}: sample{'s' if len(found) > 1 else ''} {some}"
    raise DataError(message(f"CTC: {problem}", got=[which, *([got] if got else [])], want=want, fix=fix))
