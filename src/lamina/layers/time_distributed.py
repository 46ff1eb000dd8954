"""A layer applied to every time of a sequence."""

from __future__ import annotations

from ..errors import ArgumentError, message
from ..graph import Node
from ..masks import mask_of
from ..ops import any, reshape
from ..trace import current
from .batch_normalization import BatchNormalization
from .input_spec import InputSpec
from .layer import Layer, serialize
from .symbol import leaves, mapped


class TimeDistributed(Layer):
    """Applies one layer with one set of weights at each time: (batch, time, …) in and out.

    layer  any layer that treats the samples of a batch alone

    All times are computed as one batch of batch * time samples. Masked times do not count in the statistics of a
    BatchNormalization; a mask of steps within each time goes on to the layer.

    >>> layer = lamina.layers.TimeDistributed(lamina.layers.Dense(3))
    >>> layer(np.zeros((2, 5, 4), "float32")).shape
    (2, 5, 3)
    """

    supports_masking = True

    def __init__(self, layer, **kwargs):
        if not isinstance(layer, Layer):
            raise ArgumentError(message("TimeDistributed wraps a layer", got=repr(layer)))
        super().__init__(**kwargs)
        self.layer = layer
        self.input_spec = InputSpec(min_ndim=3)

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build((input_shape[0], *input_shape[2:]))

    def call(self, inputs, training=None, mask=None):
        batch, times, *rest = inputs.shape
        options = {}
        if mask is not None and (mask.ndim > 2 or isinstance(self.layer, BatchNormalization)):
            options = {"mask": reshape(mask, (batch * times, *mask.shape[2:]))}
        made = self.layer(reshape(inputs, (batch * times, *rest)), **options)
        outputs = mapped(lambda y: reshape(y, (batch, times, *y.shape[1:])) if isinstance(y, Node) else y, made)
        if mask is not None:
            real = any(mask, axis=tuple(range(2, mask.ndim))) if mask.ndim > 2 else mask
            for y in leaves(outputs):  # steps within a time that the layer has kept, else the times
                inner = mask_of(y)
                current().masks[y] = real if inner is None else inner  # type: ignore[union-attr]
        return outputs

    def get_config(self):
        return {**super().get_config(), "layer": serialize(self.layer)}
