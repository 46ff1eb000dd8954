"""Normalisation of each sample by itself: layer normalisation, and the root mean square alone."""

from __future__ import annotations

from typing import Any

from .. import initializers
from ..composites.normalization import standardize
from ..ops import cast, rms_normalization
from .affine import Affine, broadcasting, steps_apart
from .input_spec import InputSpec
from .layer import Layer


class LayerNormalization(Affine):
    """Each sample brought to mean 0 and variance 1 over ``axis``, then scaled by ``gamma`` and shifted by ``beta``.

    axis     the axis, or several, that are averaged over and have weights of their own; -1 unless given
    epsilon  is added to the variance
    center   whether there is a beta; ``scale``: whether there is a gamma

    Input and output have one shape. Raises ShapeError where the sizes of the axes are unknown or differ from those at
    first. Ba, Kiros and Hinton, "Layer Normalization" (2016), section 3.1.

    >>> lamina.layers.LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0], [5.0, 1.0]], "float32"))
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    def __init__(self, axis=-1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer="zeros", gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None,
                 beta_constraint=None, gamma_constraint=None, **kwargs):
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        self.axis = list(axis) if isinstance(axis, tuple | list) else axis

    def build(self, input_shape):
        axes = self.axes_of(self.axis, input_shape)
        self.add_gamma_and_beta(tuple(input_shape[a] for a in axes))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={a: input_shape[a] for a in axes},
                                    reason="its weights have these sizes, built at first call")

    def call(self, inputs):
        x = cast(inputs, self.dtype)
        axes = self.axes_of(self.axis, x.shape)
        normal, _, _ = standardize(x, axes, self.epsilon)
        return self.scaled_and_shifted(normal, broadcasting(x.shape, axes))

    def compute_mask(self, inputs, previous_mask=None):
        """That of the input; MaskError where ``axis`` would average over steps."""
        return steps_apart(self, inputs, previous_mask, self.axis)


class RMSNormalization(Layer):
    """Each sample divided by its root mean square over ``axis``, then multiplied by the weight ``scale``.

    axis     the axis, or several, that are averaged over and have weights of their own; -1 unless given
    epsilon  is added to the mean square

    Zhang and Sennrich, "Root Mean Square Layer Normalization" (NeurIPS 2019), equation 4.

    >>> lamina.layers.RMSNormalization(epsilon=0.0)(np.array([[1.0, 7.0]], "float32"))
    array([[0.2, 1.4]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis=-1, epsilon: float = 1e-6, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.epsilon = list(axis) if isinstance(axis, tuple | list) else axis, epsilon

    axes_of = Affine.axes_of

    def build(self, input_shape):
        axes = self.axes_of(self.axis, input_shape)
        self.scale = self.add_weight(tuple(input_shape[a] for a in axes), initializers.get("ones"), name="scale")
        self.input_spec = InputSpec(ndim=len(input_shape), axes={a: input_shape[a] for a in axes},
                                    reason="its weights have these sizes, built at first call")

    def call(self, inputs):
        x = cast(inputs, self.dtype)
        options: Any = {"scale": self.scale, "axis": self.axes_of(self.axis, x.shape)}
        return rms_normalization(x, epsilon=self.epsilon, **options)

    def compute_mask(self, inputs, previous_mask=None):
        """That of the input; MaskError where ``axis`` would average over steps."""
        return steps_apart(self, inputs, previous_mask, self.axis)
