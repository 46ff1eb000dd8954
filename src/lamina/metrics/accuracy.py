"""How often predictions are right."""

from __future__ import annotations

from .. import ops
from ..errors import ArgumentError, message
from ..losses.crossentropy import sparse_pair
from ..losses.loss import aligned, same_shape
from ..op import as_value
from ..ops.defer import public
from .mean import MeanMetricWrapper


@public
def accuracy(y_true, y_pred):
    """1 where both are equal, else 0.

    >>> lamina.metrics.accuracy([1.0, 2.0], [1.0, 3.0])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = same_shape(y_true, y_pred)
    return ops.cast(ops.equal(ops.cast(y_true, str(y_pred.dtype)), y_pred), "float32")


@public
def binary_accuracy(y_true, y_pred, threshold: float = 0.5):
    """1 where a prediction lies on the side of the threshold that its label of 0 or 1 says; at it, it counts as 0.

    >>> lamina.metrics.binary_accuracy([[1.0], [0.0]], [[0.7], [0.6]])
    array([[1.],
           [0.]], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.cast(ops.equal(y_true, ops.cast(y_pred > threshold, str(y_true.dtype))), "float32")


@public
def categorical_accuracy(y_true, y_pred):
    """1 where the largest prediction is that of the right class, for one-hot labels.

    >>> lamina.metrics.categorical_accuracy([[0.0, 1.0]], [[0.3, 0.7]])
    array([1.], dtype=float32)
    """
    y_true, y_pred = same_shape(y_true, y_pred)
    return ops.cast(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)), "float32")


@public
def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the largest prediction is that of the right class, for class numbers.

    >>> lamina.metrics.sparse_categorical_accuracy([1], [[0.3, 0.7]])
    array([1.], dtype=float32)
    """
    labels, y_pred = sparse_pair(y_true, y_pred)
    return ops.cast(ops.equal(labels, ops.argmax(y_pred, axis=-1)), "float32")


@public
def top_k_categorical_accuracy(y_true, y_pred, k: int = 5):
    """1 where fewer than ``k`` predictions are larger than that of the right class, for one-hot labels.

    >>> lamina.metrics.top_k_categorical_accuracy([[0.0, 0.0, 1.0]], [[0.5, 0.2, 0.3]], k=2)
    array([1.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return within_top(ops.argmax(y_true, axis=-1), y_pred, k)


@public
def sparse_top_k_categorical_accuracy(y_true, y_pred, k: int = 5, from_sorted_ids: bool = False):
    """1 where fewer than ``k`` predictions are larger than that of the right class, for class numbers.

    from_sorted_ids  whether y_pred holds class numbers, the best first, instead of predictions

    >>> lamina.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2)
    array([1.], dtype=float32)
    """
    if from_sorted_ids:
        y_true, y_pred = as_value(y_true), as_value(y_pred)
        labels = ops.expand_dims(ops.cast(y_true, str(y_pred.dtype)), -1)
        return ops.cast(ops.any(ops.equal(labels, y_pred[..., :k]), axis=-1), "float32")
    labels, y_pred = sparse_pair(y_true, y_pred)
    return within_top(labels, y_pred, k)


def within_top(labels, y_pred, k: int):
    """1 where fewer than k predictions are larger than the label's."""
    if k < 1:
        raise ArgumentError(message("k is out of range", got=repr(k), want="1 or more"))
    chosen = ops.one_hot(labels, y_pred.shape[-1], dtype="bool")
    right = ops.sum(ops.where(chosen, y_pred, 0.0), axis=-1, keepdims=True)
    return ops.cast(ops.sum(ops.cast(y_pred > right, "int32"), axis=-1) < k, "float32")


class Accuracy(MeanMetricWrapper):
    """How often y_pred equals y_true.

    >>> float(lamina.metrics.Accuracy()([1, 2, 3, 4], [1, 2, 3, 0]))
    0.75
    """

    direction = "up"

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often a prediction lies on the side of ``threshold`` that its label of 0 or 1 says.

    >>> float(lamina.metrics.BinaryAccuracy()([[1], [0]], [[0.7], [0.6]]))
    0.5
    """

    direction = "up"

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is that of the right class, for one-hot labels.

    >>> float(lamina.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.3, 0.7], [0.3, 0.7]]))
    0.5
    """

    direction = "up"

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is that of the right class, for class numbers.

    >>> float(lamina.metrics.SparseCategoricalAccuracy()([1, 0], [[0.3, 0.7], [0.3, 0.7]]))
    0.5
    """

    direction = "up"

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the ``k`` best, for one-hot labels.

    >>> float(lamina.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.2, 0.3]]))
    1.0
    """

    direction = "up"

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the ``k`` best, for class numbers.

    >>> float(lamina.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.2, 0.3]]))
    1.0
    """

    direction = "up"

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None, from_sorted_ids=False):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
