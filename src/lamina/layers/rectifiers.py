"""Rectifiers as layers: ReLU and its relatives, with their numbers as arguments or weights."""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..errors import ArgumentError, ShapeError, message
from .input_spec import InputSpec
from .layer import Layer


def finite(layer: str, name: str, value, least: float | None = 0.0) -> float:
    """A number that is not below ``least``; ArgumentError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or (least is not None and not value >= least):
        want = "a number" if least is None else f"a number from {least:g} on"
        raise ArgumentError(message(f"{layer}: {name} is {want}", got=f"{name}={value!r}"))
    return float(value)


class ReLU(Layer):
    """max(x, 0), or with options: sloping below a threshold, and cut off above.

    max_value       largest output; None for no limit
    negative_slope  slope below the threshold, 0 unless given
    threshold       inputs below it count as negative, 0 unless given

    The slope at the threshold itself is taken from below.

    >>> lamina.layers.ReLU(max_value=6.0)(np.array([[-1.0, 2.0, 9.0]], "float32"))
    array([[0., 2., 6.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else finite("ReLU", "max_value", max_value)
        self.negative_slope = finite("ReLU", "negative_slope", negative_slope)
        self.threshold = finite("ReLU", "threshold", threshold)
        self.built = True

    def call(self, inputs):
        return activations.relu(inputs, negative_slope=self.negative_slope, max_value=self.max_value,
                                threshold=self.threshold)


class LeakyReLU(Layer):
    """x where it is positive, else ``negative_slope`` (0.3) times x.

    >>> lamina.layers.LeakyReLU(0.5)(np.array([[-1.0, 2.0]], "float32"))
    array([[-0.5,  2. ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, negative_slope=0.3, **kwargs):
        super().__init__(**kwargs)
        self.negative_slope, self.built = finite("LeakyReLU", "negative_slope", negative_slope), True

    def call(self, inputs):
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


class ELU(Layer):
    """x where it is positive, else ``alpha (exp(x) - 1)``; alpha is 1 unless given. Clevert and others (ICLR 2016).

    >>> lamina.layers.ELU()(np.array([[-100.0, 2.0]], "float32"))
    array([[-1.,  2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha, self.built = finite("ELU", "alpha", alpha, None), True

    def call(self, inputs):
        return activations.elu(inputs, alpha=self.alpha)


class PReLU(Layer):
    """x where it is positive, else ``alpha x`` with a learnt alpha for each element of a sample.

    alpha_initializer, alpha_regularizer, alpha_constraint   of that weight, which is zero at first
    shared_axes   axes along which one alpha serves all, such as ``[1, 2]`` for the cells of an image

    He and others, "Delving Deep into Rectifiers" (ICCV 2015), section 2.1. Raises ShapeError where a size is unknown
    and not shared.

    >>> layer = lamina.layers.PReLU(alpha_initializer=lamina.initializers.Constant(0.5))
    >>> layer(np.array([[-1.0, 2.0]], "float32"))
    array([[-0.5,  2. ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, alpha_initializer="zeros", alpha_regularizer=None, alpha_constraint=None, shared_axes=None,
                 **kwargs):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes and list(shared_axes)

    def build(self, input_shape):
        shared = {a % len(input_shape) for a in self.shared_axes or ()}
        sizes = [1 if i in shared else n for i, n in enumerate(input_shape)][1:]
        if None in sizes:
            raise ShapeError(message(f"{self.label} has an alpha for each element, but a size is unknown",
                                     got=f"input shape {tuple(input_shape)}", where=True,
                                     fix=f"share it: shared_axes=[{sizes.index(None) + 1}]"))
        self.alpha = self.add_weight(sizes, self.alpha_initializer, regularizer=self.alpha_regularizer,
                                     constraint=self.alpha_constraint, name="alpha")
        self.input_spec = InputSpec(ndim=len(input_shape),
                                    axes={i: n for i, n in enumerate(input_shape) if i and i not in shared},
                                    reason=f"its alpha is {sizes}, built at first call")

    def call(self, inputs):
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


class Softmax(Layer):
    """Numbers within 0..1 that sum to 1 along an axis (-1), or over several: exp(x) divided by the sum of these.

    Called with a ``mask`` that broadcasts to the input, what is masked gives 0 and the rest sums to 1.

    >>> lamina.layers.Softmax()(np.array([[1.0, 1.0]], "float32"))
    array([[0.5, 0.5]], dtype=float32)
    >>> lamina.layers.Softmax()(np.array([[1.0, 1.0]], "float32"), mask=np.array([[True, False]]))
    array([[1., 0.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.built = list(axis) if isinstance(axis, tuple | list) else axis, True

    def call(self, inputs, mask=None):
        axis: Any = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        if mask is None or not self.covers(mask, inputs):
            return ops.softmax(inputs, axis=axis)
        real = ops.broadcast_to(ops.cast(mask, "bool"), inputs.shape)
        return ops.where(real, ops.softmax(ops.where(real, inputs, -1e9), axis=axis), 0.0)

    def covers(self, mask, inputs) -> bool:
        """Whether a mask is one of elements; one of steps, from a layer before, leaves the features of each alone."""
        pairs = list(zip(mask.shape[::-1], inputs.shape[::-1], strict=False))
        if mask.ndim <= inputs.ndim and all(m in (1, n) for m, n in pairs):
            return True
        if mask.ndim < inputs.ndim and tuple(mask.shape) == tuple(inputs.shape[: mask.ndim]):
            return False
        raise ShapeError(message("the mask does not broadcast to the input", got=[str(mask.type), str(inputs.type)],
                                 want="equal sizes, or size 1, counted from the right"))
