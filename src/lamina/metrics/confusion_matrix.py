"""Which class is taken for which: the confusion matrix, and the overlaps told from it."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..composites.entropy import EPSILON
from ..errors import ArgumentError, ShapeError, message
from ..losses.loss import described, weigh
from ..op import as_value
from .metric import Metric, unmasked


class ConfusionMatrix(Metric):
    """How often class ``row`` was taken for class ``column``: an int32 table of shape (num_classes, num_classes).

    num_classes  how many classes there are, 2 or more
    threshold    above which a single output column means class 1

    Labels are class numbers or one-hot, predictions scores for each class or class numbers. With ``dtype="float32"``
    samples may weigh fractions. Labels outside of 0..num_classes-1 are left out.

    >>> lamina.metrics.ConfusionMatrix(2)([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    array([[1, 0],
           [1, 1]], dtype=int32)
    """

    def __init__(self, num_classes, threshold=0.5, name="confusion_matrix", dtype="int32"):
        super().__init__(dtype, name)
        if num_classes < 2:
            raise ArgumentError(message("num_classes is out of range", got=repr(num_classes), want="2 or more"))
        self.num_classes, self.threshold = num_classes, threshold
        self.total = self.add_variable((num_classes, num_classes), dtype=dtype, name="total_confusion_matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = unmasked(y_pred, sample_weight, "float32")
        y_true, y_pred = as_value(y_true), as_value(y_pred)
        rank = max(len(y_true.shape), 1)
        if y_true.shape and y_true.shape[-1] == self.num_classes and len(y_pred.shape) == rank and rank > 1:
            y_true = ops.argmax(y_true, axis=-1)
        y_pred = self.classes_of(y_pred, y_true)
        self.total.assign_add(matrix(y_true, y_pred, weight, self.num_classes, self.dtype))

    def classes_of(self, y_pred, y_true):
        """The class numbers that predictions mean."""
        if y_pred.shape and y_pred.shape[-1] == self.num_classes and len(y_pred.shape) > len(squeezed(y_true).shape):
            return ops.argmax(y_pred, axis=-1)
        if str(y_pred.dtype).startswith("float") and self.num_classes == 2:
            return ops.cast(y_pred > self.threshold, "int32")
        return y_pred

    def result(self):
        return as_value(self.total)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes, "threshold": self.threshold}


def squeezed(labels):
    """Labels without a last dimension of size 1."""
    return ops.squeeze(labels, -1) if len(labels.shape) > 1 and labels.shape[-1] == 1 else labels


def matrix(y_true, y_pred, weight, classes: int, dtype: str, ignore_class: int | None = None):
    """The confusion matrix of one batch of class numbers."""
    y_true, y_pred = squeezed(ops.cast(y_true, "int32")), squeezed(ops.cast(y_pred, "int32"))
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ShapeError(
            message(
                "labels do not fit the predictions",
                got=[f"y_true {described(y_true)}", f"y_pred {described(y_pred)}"],
                want="one class number for each prediction",
            )
        )
    weight = ops.ones_like(y_true, "float32") if weight is None else weigh(ops.ones_like(y_true, "float32"), weight)[0]
    if ignore_class is not None:
        weight = ops.where(ops.equal(y_true, ignore_class), 0.0, weight)
    rows = ops.reshape(ops.one_hot(y_true, classes) * ops.expand_dims(weight, -1), (-1, classes))
    columns = ops.reshape(ops.one_hot(y_pred, classes), (-1, classes))
    counts = ops.matmul(ops.transpose(rows), columns)
    return ops.cast(ops.round(counts) if dtype == "int32" else counts, dtype)


class IoU(Metric):
    """Intersection over union: of what is or is taken for a class, the share that is both; the mean over some classes.

    num_classes       how many classes there are
    target_class_ids  the classes to look at
    ignore_class      a label that is left out
    sparse_y_true     whether labels are class numbers, not one-hot along ``axis``
    sparse_y_pred     whether predictions are class numbers, not scores along ``axis``

    >>> metric = lamina.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> float(metric([0, 0, 1, 1], [0, 1, 0, 1])).__round__(4)
    0.3333
    """

    direction = "up"
    settings: tuple[str, ...] = (
        "num_classes",
        "target_class_ids",
        "ignore_class",
        "sparse_y_true",
        "sparse_y_pred",
        "axis",
    )

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(dtype or "int32", name)
        if not target_class_ids or not 0 <= min(target_class_ids) <= max(target_class_ids) < num_classes:
            raise ArgumentError(
                message(
                    "a target class is out of range",
                    got=str(list(target_class_ids)),
                    want=f"classes within 0..{num_classes - 1}",
                )
            )
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, list(target_class_ids), ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = unmasked(y_pred, sample_weight, "float32")
        y_true = as_value(y_true) if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        y_pred = as_value(y_pred) if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        self.total.assign_add(matrix(y_true, y_pred, weight, self.num_classes, self.dtype, self.ignore_class))

    def result(self):
        total = ops.cast(self.total, "float32")
        scores = []
        for c in self.target_class_ids:
            both = total[c, c]
            scores.append((both, ops.sum(total[c]) + ops.sum(total[:, c]) - both))
        seen = [ops.cast(union > 1e-9, "float32") for _, union in scores]
        shares = [both / (union + EPSILON) * s for (both, union), s in zip(scores, seen, strict=True)]
        return ops.sum(ops.stack(shares)) / (ops.sum(ops.stack(seen)) + EPSILON)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{k: getattr(self, k) for k in self.settings}}


class BinaryIoU(IoU):
    """Intersection over union of two classes, for predictions within 0..1; at the threshold a prediction is class 1.

    >>> metric = lamina.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
    >>> float(metric([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])).__round__(4)
    0.3333
    """

    settings = ("target_class_ids", "threshold")

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, ops.cast(as_value(y_pred) >= self.threshold, "int32"), sample_weight)


class MeanIoU(IoU):
    """The mean of intersection over union of all classes that occur.

    >>> float(lamina.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])).__round__(4)
    0.3333
    """

    settings = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def __init__(
        self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True, axis=-1
    ):
        super().__init__(
            num_classes, list(range(num_classes)), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


class OneHotIoU(IoU):
    """Intersection over union of some classes, for one-hot labels and scores along ``axis``.

    >>> metric = lamina.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> round(float(metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]])), 4)
    1.0
    """

    settings = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """The mean of intersection over union of all classes, for one-hot labels and scores along ``axis``.

    >>> metric = lamina.metrics.OneHotMeanIoU(num_classes=2)
    >>> round(float(metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]])), 4)
    1.0
    """

    settings = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
