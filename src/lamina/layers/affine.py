"""What normalisation layers share: a learnt scale ``gamma`` and shift ``beta`` at the end."""

from __future__ import annotations

from .. import constraints, initializers, regularizers
from ..errors import ArgumentError, ShapeError, message
from ..ops import reshape
from ..ops.axes import canonical_axes
from .layer import Layer


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


def broadcasting(shape, axes) -> tuple[int, ...]:
    """The sizes along the axes, 1 elsewhere."""
    return tuple(n if i in axes else 1 for i, n in enumerate(shape))
