"""Images and sequences made larger."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import unknown
from ..ops.resizing import INTERPOLATIONS, cell_weights, combined
from .layer import Layer
from .spatial import checked_format, each_axis, spatial_spec


def repeated(x, size: int, axis: int):
    """Each slice along an axis ``size`` times."""
    shape = tuple(x.shape)
    wide = ops.broadcast_to(ops.expand_dims(x, axis + 1), (*shape[: axis + 1], size, *shape[axis + 1 :]))
    return ops.reshape(wide, (*shape[:axis], shape[axis] * size, *shape[axis + 1 :]))


class Upsampling(Layer):
    """Each cell made ``size`` cells along each of ``rank`` spatial axes."""

    rank: int

    def __init__(self, size, data_format=None, interpolation="nearest", **kwargs):
        super().__init__(**kwargs)
        label = type(self).__name__
        if interpolation not in INTERPOLATIONS:
            raise unknown(f"interpolation of {label}", interpolation, INTERPOLATIONS)
        self.size: Any = each_axis(label, "size", size, self.rank)
        self.data_format, self.interpolation = checked_format(label, data_format), interpolation
        self.input_spec, self.built = spatial_spec(self.rank), True

    def call(self, inputs):
        first, y = 1 if self.data_format == "channels_last" else 2, inputs
        for axis, size in enumerate(self.size, first):
            if size > 1 and self.interpolation == "nearest":
                y = repeated(y, size, axis)
            elif size > 1:
                y = combined(y, cell_weights(y.shape[axis], size * y.shape[axis], self.interpolation), axis)
        return y


class UpSampling1D(Upsampling):
    """Each step of a sequence (batch, steps, channels) ``size`` (2) times.

    >>> lamina.layers.UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32"))[0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1
    supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """The mask, repeated as the steps are."""
        return None if previous_mask is None else repeated(previous_mask, self.size, 1)

    def __init__(self, size=2, **kwargs):
        super().__init__(size, **kwargs)
        self.size = size if isinstance(size, int) else self.size[0]

    def call(self, inputs):
        return repeated(inputs, self.size, 1)


class UpSampling2D(Upsampling):
    """Images made larger by whole numbers.

    size           for height and width, or one number for both; 2 unless given
    data_format    "channels_last" for (batch, height, width, channels), or "channels_first"
    interpolation  "nearest" repeats cells; "bilinear", "bicubic", "lanczos3" and "lanczos5" weigh the cells around

    >>> lamina.layers.UpSampling2D()(np.array([[[[1.0], [2.0]]]], "float32"))[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]], dtype=float32)
    """

    rank = 2

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs):
        super().__init__(size, data_format, interpolation, **kwargs)


class UpSampling3D(Upsampling):
    """Each cell of volumes (batch, depth, height, width, channels) repeated ``size`` (2) times along each axis.

    >>> lamina.layers.UpSampling3D()(np.ones((1, 2, 2, 2, 1), "float32")).shape
    (1, 4, 4, 4, 1)
    """

    rank = 3

    def __init__(self, size=(2, 2, 2), data_format=None, **kwargs):
        super().__init__(size, data_format, **kwargs)
