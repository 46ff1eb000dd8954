"""Several layers in a row as one, as data pipelines use them."""

from __future__ import annotations

from ..errors import ArgumentError, message
from .calling import parameters
from .layer import Layer


class Pipeline(Layer):
    """Layers in a row, each taking what the one before gives: for the preparation of data, outside of a model.

    layers  a list of layers; called on plain arrays they act as in training, unless ``training=False`` is passed

    >>> prepare = lamina.layers.Pipeline([lamina.layers.Rescaling(1 / 255), lamina.layers.Resizing(2, 2)])
    >>> prepare(np.full((1, 4, 4, 1), 255, "uint8")).max()
    np.float32(1.0)
    """

    supports_masking = True

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layers, list | tuple) or not all(isinstance(layer, Layer) for layer in layers):
            raise ArgumentError(message("Pipeline takes a list of layers", got=repr(layers)[:60]))
        self.layers = list(layers)

    def build(self, input_shape=None):
        """Nothing: the layers make their weights when they are called."""

    def call(self, inputs, training=True, mask=None):
        for layer in self.layers:
            options = {"training": training} if "training" in parameters(type(layer).call) else {}
            inputs = layer(inputs, **options)
        return inputs
