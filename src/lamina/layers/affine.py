"""What normalisation layers share: a learnt scale ``gamma`` and shift ``beta`` at the end."""

from __future__ import annotations

from .. import constraints, initializers, regularizers
from ..errors import ArgumentError, ShapeError, message
from ..ops import broadcast_to, cast, expand_dims, reshape, rsqrt, square
from ..ops import sum as total
from ..ops.axes import canonical_axes
from .calling import lost
from .layer import Layer

EPSILON = 1e-7  # of Keras's weighted moments: a batch without any real step is divided by this


class Affine(Layer):
    """A layer that ends with ``gamma * x + beta``, each of them left out where ``scale`` or ``center`` is False."""

    supports_masking = True

    def __init__(self, epsilon: float, center: bool, scale: bool, beta_initializer, gamma_initializer, beta_regularizer,
                 gamma_regularizer, beta_constraint, gamma_constraint, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(epsilon, int | float) or not epsilon >= 0:
            raise ArgumentError(message(f"{type(self).__name__}: epsilon is added to the variance", got=repr(epsilon),
                                        want="a number from 0 on"))
        self.epsilon, self.center, self.scale = float(epsilon), center, scale
        self.beta_initializer, self.gamma_initializer = map(initializers.get, (beta_initializer, gamma_initializer))
        self.beta_regularizer, self.gamma_regularizer = map(regularizers.get, (beta_regularizer, gamma_regularizer))
        self.beta_constraint, self.gamma_constraint = map(constraints.get, (beta_constraint, gamma_constraint))

    def add_gamma_and_beta(self, shape) -> None:
        """Makes the two weights; one that is left out is None."""
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(shape, self.gamma_initializer, regularizer=self.gamma_regularizer,
                                         constraint=self.gamma_constraint, name="gamma")
        if self.center:
            self.beta = self.add_weight(shape, self.beta_initializer, regularizer=self.beta_regularizer,
                                        constraint=self.beta_constraint, name="beta")

    def scaled_and_shifted(self, x, shape):
        """``gamma * x + beta``, both seen under a shape that broadcasts to x."""
        if self.gamma is not None:
            x = x * reshape(self.gamma, shape)
        return x if self.beta is None else x + reshape(self.beta, shape)

    def axes_of(self, axis, shape) -> tuple[int, ...]:
        """One axis or several, counted from the front; ShapeError where their sizes are unknown."""
        axes = canonical_axes(tuple(axis) if isinstance(axis, list) else axis, len(shape))
        if any(shape[a] is None for a in axes):
            raise ShapeError(message(f"{self.label} needs to know the size of axis {axis}",
                                     got=f"input shape {tuple(shape)}", fix="give Input that size", where=True))
        return axes


def weighted_standard(layer, x, axes, mask, axis: int):
    """What ``standardize`` gives, where steps that the mask leaves out have no weight. ``axis`` is of the features.

    Without any real step the mean and the variance are 0.
    """
    if mask.ndim > axis:
        raise ShapeError(message(f"{layer.label}: the mask does not end before the features",
                                 got=[str(mask.type), str(x.type)], want=f"a mask of at most {axis} dimensions"))
    weights = broadcast_to(expand_dims(cast(mask, layer.dtype), tuple(range(mask.ndim, x.ndim))), x.shape)
    count = total(weights, axes, keepdims=True) + EPSILON
    centre = total(x * weights, axes, keepdims=True) / count
    variance = total(square(x - centre) * weights, axes, keepdims=True) / count
    return (x - centre) * rsqrt(variance + layer.epsilon), centre, variance


def steps_apart(layer, inputs, mask, axis):
    """The mask of a layer that averages over axes, which must not be those of the steps: that would mix padding in."""
    axes = canonical_axes(tuple(axis) if isinstance(axis, list) else axis, inputs.ndim)
    if mask is not None and any(a < mask.ndim for a in axes):
        raise lost(layer, inputs, f"axis {axis} averages real steps and padding")
    return mask


def broadcasting(shape, axes) -> tuple[int, ...]:
    """The sizes along the axes, 1 elsewhere."""
    return tuple(n if i in axes else 1 for i, n in enumerate(shape))
