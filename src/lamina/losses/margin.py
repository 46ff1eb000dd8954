"""Hinge losses: 0 as soon as a prediction is right by a margin of 1."""

from __future__ import annotations

from .. import ops
from ..ops.defer import public
from .loss import LossFunctionWrapper, aligned


def signs(y_true):
    """Labels -1 and 1; where all labels are 0 or 1, the zeros become -1."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


@public
def hinge(y_true, y_pred):
    """mean(max(1 - t y, 0)) over the last axis, for labels t of -1 or 1 (0 or 1 work too).

    >>> lamina.losses.hinge([[1.0, -1.0]], [[0.5, -3.0]])
    array([0.25], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0), axis=-1)


@public
def squared_hinge(y_true, y_pred):
    """mean(max(1 - t y, 0)^2) over the last axis, for labels t of -1 or 1 (0 or 1 work too).

    >>> lamina.losses.squared_hinge([[1.0, -1.0]], [[0.5, -3.0]])
    array([0.125], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0)), axis=-1)


@public
def categorical_hinge(y_true, y_pred):
    """max(1 + the largest wrong output - the right output, 0), for one-hot labels.

    >>> lamina.losses.categorical_hinge([[0.0, 1.0]], [[0.5, 0.75]])
    array([0.75], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


class Hinge(LossFunctionWrapper):
    """max(1 - t y, 0), for labels t of -1 or 1.

    >>> float(lamina.losses.Hinge()([[1.0, -1.0]], [[0.5, -3.0]]))
    0.25
    """

    def __init__(self, reduction="sum_over_batch_size", name="hinge", dtype=None):
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """max(1 - t y, 0)^2, for labels t of -1 or 1.

    >>> float(lamina.losses.SquaredHinge()([[1.0, -1.0]], [[0.5, -3.0]]))
    0.125
    """

    def __init__(self, reduction="sum_over_batch_size", name="squared_hinge", dtype=None):
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """max(1 + the largest wrong output - the right output, 0), for one-hot labels.

    >>> float(lamina.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
    0.75
    """

    def __init__(self, reduction="sum_over_batch_size", name="categorical_hinge", dtype=None):
        super().__init__(categorical_hinge, reduction, name, dtype)
