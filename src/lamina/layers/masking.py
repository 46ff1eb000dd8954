"""Marks the times of a sequence that are padding, and takes the mark away."""

from __future__ import annotations

from ..ops import any, cast, expand_dims, logical_and, multiply, not_equal, where
from ..ops.shape import reshape
from ..trace import current
from .layer import Layer


class Masking(Layer):
    """Times at which every feature equals ``mask_value`` are left out by the layers after it.

    mask_value  0.0 unless given

    Input and output (batch, time, features); features of masked times become 0. What was masked before stays masked.

    >>> x = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    >>> lamina.layers.Masking().compute_mask(x)
    array([[ True, False]])
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.mask_value, self.built = float(mask_value), True

    def compute_mask(self, inputs, previous_mask=None):
        mask = any(not_equal(inputs, self.mask_value), axis=-1)
        return mask if previous_mask is None else logical_and(mask, previous_mask)

    def call(self, inputs, mask=None):
        mask = self.compute_mask(inputs, mask)
        outputs = multiply(inputs, cast(expand_dims(mask, -1), str(inputs.dtype)))
        current().masks[outputs] = mask  # type: ignore[union-attr]
        return outputs


class DropMask(Layer):
    """Gives its input without the mask: the layers after it see padding as data.

    fill  the number that padded steps get, so that what stands in them does not matter; None leaves them as they are

    Put it before a layer that refuses masks, such as Flatten or Conv1D, where that is what you mean.

    >>> x = np.array([[[1.0], [7.0]]], "float32")
    >>> lamina.layers.DropMask(fill=0.0)(x, mask=np.array([[True, False]])).tolist()
    [[[1.0], [0.0]]]
    """

    supports_masking = True

    def __init__(self, fill: float | None = None, **kwargs):
        super().__init__(**kwargs)
        self.fill, self.built = fill, True

    def call(self, inputs, mask=None):
        if mask is None or self.fill is None:
            return reshape(inputs, shape=tuple(inputs.shape))  # another tensor, which has no mask
        mask = expand_dims(mask, tuple(range(mask.ndim, inputs.ndim))) if mask.ndim < inputs.ndim else mask
        return where(mask, inputs, self.fill)

    def compute_mask(self, inputs, previous_mask=None):
        """None: that is what the layer is for."""
        return None
