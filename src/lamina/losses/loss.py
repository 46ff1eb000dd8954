"""What all losses share: shapes that fit, weights, masks, and how values for each sample become one number."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import ops
from ..errors import ArgumentError, ShapeError, message
from ..graph import scope
from ..masks import mask_of
from ..op import as_value
from ..registry import Registry, snake_case

registry = Registry("loss")
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss:
    """How far predictions are from the truth, as a number to be made small.

    A subclass implements ``call(y_true, y_pred)``, which gives one value for each sample (and time step, if there are
    some); calling the loss weighs these values and reduces them.

    name       how it is called in a history; the class's name in snake case by default
    reduction  "sum_over_batch_size" or "mean": the mean over all values, weights multiplied in;
               "mean_with_sample_weight": divided by the sum of the weights; "sum"; "none" or None: all values
    dtype      what predictions are cast to; their own floating-point dtype by default

    >>> class Cubic(lamina.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return lamina.ops.mean(lamina.ops.abs(y_true - y_pred) ** 3.0, axis=-1)
    >>> float(Cubic()(np.zeros((2, 1), "float32"), np.array([[1.0], [2.0]], "float32")))
    4.5
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ):
        if reduction not in REDUCTIONS:
            raise ArgumentError(
                message(
                    f"{type(self).__name__} cannot reduce in this way",
                    got=repr(reduction),
                    want=", ".join(map(repr, REDUCTIONS)),
                )
            )
        self.name = name or snake_case(type(self).__name__)
        self.reduction, self.dtype = reduction, dtype

    def call(self, y_true, y_pred):
        """One value for each sample; a subclass implements it."""
        raise NotImplementedError(
            message(
                f"{type(self).__name__} has no formula",
                fix="implement call(self, y_true, y_pred): one value for each sample",
            )
        )

    def mask(self, y_true, y_pred):
        """Which values count, or None where all do: those that the layers have not masked."""
        return mask_of(y_pred)

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss; a scalar, unless ``reduction`` is "none"."""
        y_true, y_pred = as_value(y_true), as_value(y_pred)
        with scope(self.name):
            mask = self.mask(y_true, y_pred)
            dtype = self.dtype or (str(y_pred.dtype) if is_float(y_pred) else "float32")
            y_pred = ops.cast(y_pred, dtype)
            if sample_weight is not None:
                sample_weight = ops.cast(as_value(sample_weight), dtype)
                if len(y_pred.shape) == 1 == len(sample_weight.shape):  # one number a sample, and one weight
                    y_pred = ops.expand_dims(y_pred, -1)
            values = self.call(y_true, y_pred)
            return reduce_weighted(values, sample_weight, mask, self.reduction)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again, as plain literals."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The loss that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class LossFunctionWrapper(Loss):
    """A function of (y_true, y_pred) as a loss; further arguments are passed on to it."""

    def __init__(
        self,
        fn,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **kwargs,
    ):
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.arguments = fn, kwargs

    def call(self, y_true, y_pred):
        if isinstance(y_true, dict | list | tuple):
            return self.fn(y_true, y_pred, **self.arguments)
        return self.fn(*same_rank(y_true, y_pred), **self.arguments)

    def get_config(self) -> dict[str, Any]:
        """The arguments; a function of one's own must be among the ``custom_objects`` when the loss is made again."""
        own = {} if type(self) is not LossFunctionWrapper else {"fn": registry.serialize(self.fn)}
        return {**super().get_config(), **own, **self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        return cls(**{**config, "fn": registry.get(config["fn"])} if "fn" in config else config)


def is_float(x) -> bool:
    """Whether a tensor holds floating-point numbers."""
    return str(x.dtype).startswith("float")


def described(x) -> str:
    """A tensor's dtype and shape, for messages."""
    return f"{x.dtype}{list(x.shape)}"


def same_rank(a, b, expand_vectors: bool = True):
    """Both with the same number of dimensions, where that takes one dimension of size 1 at the end, as in Keras.

    A vector beside a column becomes a column; else the dimension of size 1 goes away.
    """
    a, b = as_value(a), as_value(b)
    if len(a.shape) == len(b.shape) + 1 and a.shape[-1] == 1:
        return (a, ops.expand_dims(b, -1)) if len(b.shape) == 1 and expand_vectors else (ops.squeeze(a, -1), b)
    if len(b.shape) == len(a.shape) + 1 and b.shape[-1] == 1:
        return (ops.expand_dims(a, -1), b) if len(a.shape) == 1 and expand_vectors else (a, ops.squeeze(b, -1))
    return a, b


def same_shape(y_true, y_pred):
    """Truth and prediction at one shape; an error where they would only broadcast.

    Keras lets (N,) against (N, M) repeat silently; nobody who trains means that.
    """
    y_true, y_pred = same_rank(y_true, y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        fix = "reshape one of them: one row for each sample, one column for each output"
        if len(y_true.shape) + 1 == len(y_pred.shape) and y_true.shape[:1] == y_pred.shape[:1]:
            fix = (
                "labels that are class numbers go with sparse_categorical_crossentropy and sparse metrics; "
                "else give one column for each output"
            )
        raise ShapeError(
            message(
                "y_true and y_pred differ in shape, and would be repeated against each other",
                got=[f"y_true {described(y_true)}", f"y_pred {described(y_pred)}"],
                want=f"y_true of shape {list(y_pred.shape)}",
                fix=fix,
            )
        )
    return y_true, y_pred


def aligned(y_true, y_pred):
    """Truth and prediction at one shape, as floats of one dtype."""
    y_true, y_pred = same_shape(y_true, y_pred)
    y_pred = y_pred if is_float(y_pred) else ops.cast(y_pred, "float32")
    return ops.cast(y_true, str(y_pred.dtype)), y_pred


def weigh(values, sample_weight):
    """values times weights, and the weights, with as many dimensions. A weight covers a sample, or a step of it."""
    values, weight = same_rank(values, sample_weight)
    if len(weight.shape) < len(values.shape):  # one weight for each sample covers all of its steps
        weight = ops.reshape(weight, (*weight.shape, *(1,) * (len(values.shape) - len(weight.shape))))
    sizes = zip(weight.shape, values.shape, strict=False)
    if len(weight.shape) > len(values.shape) or any(n not in (1, m) for n, m in sizes):
        raise ShapeError(
            message(
                "sample_weight does not fit the values of the loss",
                got=[f"sample_weight {described(sample_weight)}", f"values {described(values)}"],
                want="one weight for each sample, or for each value",
            )
        )
    return values * weight, weight


def apply_mask(sample_weight, mask, dtype: str, reduction: str | None):
    """The weights with masked values at 0. For a mean the rest is scaled up, so that it is a mean over what counts."""
    if mask is None:
        return sample_weight
    counts = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        counts = counts * ops.divide_no_nan(float(prod(mask.shape)), ops.sum(counts))
    if sample_weight is None:
        return counts
    weight = ops.cast(sample_weight, dtype)
    return weigh(counts, weight)[0] if len(counts.shape) >= len(weight.shape) else weigh(weight, counts)[0]


def reduce_weighted(values, sample_weight=None, mask=None, reduction: str | None = "sum_over_batch_size"):
    """Values for each sample as one number, or as they are: see ``Loss``."""
    values = as_value(values)
    weight = apply_mask(sample_weight, mask, str(values.dtype), reduction)
    if weight is not None:
        values, weight = weigh(values, ops.cast(weight, str(values.dtype)))
    if reduction in ("none", None) or tuple(values.shape) in ((), (0,)):
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(total, ops.sum(weight))
    count = prod(values.shape)
    return total / float(count) if count else total * 0.0
