"""Losses for classes: the cross-entropy between labels and predicted probabilities, in its binary and many-class forms.

With ``from_logits=False`` predictions are probabilities, as after sigmoid or softmax: they are kept within
1e-7..1-1e-7, as in Keras. With ``from_logits=True`` they are any numbers, and nothing is cut off.
"""

from __future__ import annotations

from .. import ops
from ..composites.crossentropy import sigmoid_cross_entropy, softmax_cross_entropy, sparse_softmax_cross_entropy
from ..composites.entropy import EPSILON
from ..errors import ArgumentError, ShapeError, message
from ..op import as_value
from ..ops.axes import canonical_axis
from ..ops.defer import public
from .loss import LossFunctionWrapper, aligned, described, is_float


def smooth_bits(y_true, label_smoothing: float):
    """Labels 0 and 1 moved towards 1/2."""
    check_smoothing(label_smoothing)
    return y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y_true


def smooth_classes(y_true, label_smoothing: float):
    """One-hot labels moved towards equal shares."""
    check_smoothing(label_smoothing)
    return y_true * (1.0 - label_smoothing) + label_smoothing / y_true.shape[-1] if label_smoothing else y_true


def check_smoothing(label_smoothing: float) -> None:
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(message("label_smoothing is out of range", got=repr(label_smoothing), want="0..1"))


def bits(y_true, probabilities):
    """-t log(p) - (1 - t) log(1 - p), element by element."""
    p = ops.clip(probabilities, EPSILON, 1.0 - EPSILON)
    return -(y_true * ops.log(p) + (1.0 - y_true) * ops.log(1.0 - p))


def shares(probabilities, axis: int):
    """Probabilities that sum to 1 along an axis, and are neither 0 nor 1."""
    return ops.clip(ops.divide(probabilities, ops.sum(probabilities, axis=axis, keepdims=True)), EPSILON, 1.0 - EPSILON)


def last(x, axis: int):
    """x with ``axis`` moved to the end."""
    rank = len(x.shape)
    axis = canonical_axis(axis, rank)
    return x if axis == rank - 1 else ops.transpose(x, (*(i for i in range(rank) if i != axis), axis))


def several_classes(y_pred, name: str) -> None:
    """Refuses one output column for a loss over classes: its softmax is always 1, so nothing would be learnt."""
    if y_pred.shape and y_pred.shape[-1] == 1:
        raise ShapeError(
            message(
                f"{name} with one class: its probability is always 1, and nothing is learnt",
                got=f"y_pred {described(y_pred)}",
                want="one column for each of two or more classes",
                fix="use sigmoid and binary_crossentropy for two classes",
            )
        )


@public
def binary_crossentropy(y_true, y_pred, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1):
    """-t log(p) - (1 - t) log(1 - p), the mean over ``axis``, for labels t of 0 or 1.

    y_true           labels, of the shape of y_pred
    y_pred           probabilities, or logits (any number) with ``from_logits``
    label_smoothing  within 0..1: how far labels are moved towards 1/2

    >>> lamina.losses.binary_crossentropy([[1.0]], [[0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    y_true = smooth_bits(y_true, label_smoothing)
    return ops.mean(sigmoid_cross_entropy(y_true, y_pred) if from_logits else bits(y_true, y_pred), axis=axis)


@public
def binary_focal_crossentropy(
    y_true,
    y_pred,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
):
    """Binary cross-entropy times (1 - p_t)^gamma, p_t the probability given to the truth (Lin et al. 2017, eq. 4).

    apply_class_balancing  whether samples also weigh ``alpha`` (label 1) or 1 - alpha (label 0)
    gamma                  at least 0; the larger, the less easy samples count

    >>> lamina.losses.binary_focal_crossentropy([[1.0]], [[0.5]]).round(4)
    array([0.1733], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    y_true = smooth_bits(y_true, label_smoothing)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
    loss = (1.0 - p_t) ** float(gamma) * bits(y_true, p)
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return ops.mean(loss, axis=axis)


@public
def categorical_crossentropy(y_true, y_pred, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1):
    """-sum(t log(p)) over ``axis``, for labels t that are one-hot or any shares that sum to 1.

    y_true           shares, of the shape of y_pred
    y_pred           probabilities (divided by their sum), or logits with ``from_logits``
    label_smoothing  within 0..1: how far labels are moved towards equal shares

    >>> lamina.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    several_classes(y_pred, "categorical_crossentropy")
    y_true = smooth_classes(y_true, label_smoothing)
    if from_logits:
        return softmax_cross_entropy(last(y_true, axis), last(y_pred, axis))
    return -ops.sum(y_true * ops.log(shares(y_pred, axis)), axis=axis)


@public
def categorical_focal_crossentropy(
    y_true,
    y_pred,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
):
    """Categorical cross-entropy with each class weighed by alpha (1 - p)^gamma (Lin et al. 2017, section 3).

    >>> lamina.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.0433], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    several_classes(y_pred, "categorical_focal_crossentropy")
    y_true = smooth_classes(y_true, label_smoothing)
    p = shares(ops.softmax(y_pred, axis=axis) if from_logits else y_pred, axis)
    return ops.sum(alpha * (1.0 - p) ** float(gamma) * -y_true * ops.log(p), axis=axis)


@public
def sparse_categorical_crossentropy(
    y_true, y_pred, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
):
    """-log(p[label]), for labels that are class numbers.

    y_true        class numbers within 0..classes-1, of the shape of y_pred without ``axis`` (or with size 1 there)
    y_pred        probabilities (divided by their sum), or logits with ``from_logits``
    ignore_class  a label whose loss is 0

    >>> lamina.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    labels, y_pred = sparse_pair(y_true, y_pred, axis)
    several_classes(y_pred, "sparse_categorical_crossentropy")
    valid = None if ignore_class is None else ops.not_equal(labels, ignore_class)
    if valid is not None:  # an ignored row must not spoil the gradient, whatever it holds
        labels = ops.where(valid, labels, 0)
        y_pred = ops.where(ops.expand_dims(valid, -1), y_pred, 0.0)
    if from_logits:
        loss = sparse_softmax_cross_entropy(labels, y_pred)
    else:
        chosen = ops.one_hot(labels, y_pred.shape[-1], dtype=str(y_pred.dtype))
        loss = -ops.sum(chosen * ops.log(shares(y_pred, -1)), axis=-1)
    return loss if valid is None else ops.where(valid, loss, 0.0)


def sparse_pair(y_true, y_pred, axis: int = -1):
    """Class numbers as int32 or int64 and predictions with the classes last, or a ShapeError."""
    y_true, y_pred = as_value(y_true), as_value(y_pred)
    y_pred = y_pred if is_float(y_pred) else ops.cast(y_pred, "float32")
    if not y_pred.shape:
        raise ShapeError(message("predictions over classes need an axis of classes", got=f"y_pred {described(y_pred)}"))
    labels = y_true
    if len(labels.shape) == len(y_pred.shape) and labels.shape[axis] == 1:
        labels = ops.squeeze(labels, axis)
    y_pred = last(y_pred, axis)
    if tuple(labels.shape) != tuple(y_pred.shape[:-1]):
        one_hot = tuple(labels.shape) == tuple(y_pred.shape)
        raise ShapeError(
            message(
                "labels do not fit the predictions",
                got=[f"y_true {described(y_true)}", f"y_pred {described(y_pred)}"],
                want=f"class numbers of shape {list(y_pred.shape[:-1])}, one for each prediction",
                fix="one-hot labels go with categorical_crossentropy"
                if one_hot
                else "put Flatten() or pooling before the last layer, or give one label for each time step"
                if len(labels.shape) < len(y_pred.shape) - 1
                else "give one label for each sample (and time step)",
            )
        )
    return ops.cast(labels, "int32"), y_pred


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels 0 and 1 (Keras's name for the logistic loss); see ``binary_crossentropy``.

    >>> float(lamina.losses.BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])).__round__(4)
    0.6931
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_crossentropy",
        dtype=None,
    ):
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        check_smoothing(label_smoothing)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy that turns to the hard samples (Lin et al. 2017); see ``binary_focal_crossentropy``.

    >>> float(lamina.losses.BinaryFocalCrossentropy(gamma=0.0)([[1.0]], [[0.5]])).__round__(4)
    0.6931
    """

    def __init__(
        self,
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_focal_crossentropy",
        dtype=None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        check_smoothing(label_smoothing)


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for one-hot labels; see ``categorical_crossentropy``.

    >>> float(lamina.losses.CategoricalCrossentropy(from_logits=True)([[0.0, 1.0]], [[3.0, 3.0]])).__round__(4)
    0.6931
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_crossentropy",
        dtype=None,
    ):
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        check_smoothing(label_smoothing)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Categorical cross-entropy that turns to the hard samples; see ``categorical_focal_crossentropy``.

    >>> float(lamina.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=0.0)([[0.0, 1.0]], [[0.5, 0.5]])).__round__(4)
    0.6931
    """

    def __init__(
        self,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_focal_crossentropy",
        dtype=None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        check_smoothing(label_smoothing)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy for labels that are class numbers; see ``sparse_categorical_crossentropy``.

    Ignored labels count as masked: the mean is one over the rest.

    >>> float(lamina.losses.SparseCategoricalCrossentropy(from_logits=True)([1], [[3.0, 3.0]])).__round__(4)
    0.6931
    """

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def call(self, y_true, y_pred):
        return self.fn(y_true, y_pred, **self.arguments)

    def mask(self, y_true, y_pred):
        mask = super().mask(y_true, y_pred)
        if self.ignore_class is None:
            return mask
        valid = ops.not_equal(sparse_pair(y_true, y_pred, self.axis)[0], self.ignore_class)
        return valid if mask is None else ops.logical_and(mask, valid)
