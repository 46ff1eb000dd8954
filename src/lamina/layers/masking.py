"""Marks the times of a sequence that are padding."""

from __future__ import annotations

from ..ops import any, cast, expand_dims, multiply, not_equal
from ..trace import current
from .layer import Layer


class Masking(Layer):
    """Times at which every feature equals ``mask_value`` are left out by the layers after it.

    mask_value  0.0 unless given

    Input and output (batch, time, features); features of masked times become 0.

    >>> x = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    >>> lamina.layers.Masking().compute_mask(x)
    array([[ True, False]])
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.mask_value, self.built = float(mask_value), True

    def compute_mask(self, inputs, previous_mask=None):
        return any(not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs):
        mask = self.compute_mask(inputs)
        outputs = multiply(inputs, cast(expand_dims(mask, -1), str(inputs.dtype)))
        current().masks[outputs] = mask  # type: ignore[union-attr]
        return outputs
