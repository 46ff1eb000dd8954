"""An activation as a layer of its own."""

from __future__ import annotations

from .. import activations
from ..errors import about
from .layer import Layer


class Activation(Layer):
    """Applies an activation, given by name or as a function, to every element.

    Input and output have any one shape. ArgumentError for an unknown name, with the one that was probably meant.

    >>> lamina.layers.Activation("relu")(np.array([-1.0, 2.0], "float32"))
    array([0., 2.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        with about(self.label):
            self.activation = activations.get(activation)

    def call(self, inputs):
        return self.activation(inputs)
