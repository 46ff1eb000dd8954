"""Pooling: windows, or all there is, brought down to their largest element or their mean."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..errors import ShapeError, message
from .layer import Layer
from .spatial import checked_format, checked_padding, each_axis, spatial_spec


class Pooling(Layer):
    """Pooling over ``rank`` spatial axes. A subclass says with which op."""

    rank: int

    def __init__(self, pool_size, strides, padding: str, data_format: str | None, name: str | None = None, **kwargs):
        super().__init__(name=name, **kwargs)
        label = type(self).__name__
        self.pool_size = each_axis(label, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else each_axis(label, "strides", strides, self.rank)
        self.padding, self.data_format = checked_padding(label, padding), checked_format(label, data_format)
        self.input_spec = spatial_spec(self.rank)
        self.built = True

    def call(self, inputs):
        return self.pooled(inputs, self.pool_size, self.strides, self.padding, self.data_format)

    def pooled(self, *arguments):
        """The op of the layer."""
        raise NotImplementedError


class _Max(Pooling):
    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)

    def pooled(self, *arguments):
        return ops.max_pool(*arguments)


class _Average(Pooling):
    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)

    def pooled(self, *arguments):
        return ops.average_pool(*arguments)


class MaxPooling1D(_Max):
    """The largest element of each window along the steps.

    pool_size    length of the windows, 2 unless given
    strides      distance from one window to the next; ``pool_size`` unless given
    padding      "valid": whole windows only; "same": padded so that each step, or each stride, has a window
    data_format  "channels_last" for (batch, steps, channels), or "channels_first"

    Where elements are equal the first gets the gradient. Raises ShapeError where no window fits.

    >>> lamina.layers.MaxPooling1D()(np.array([[[1.0], [5.0], [2.0], [3.0]]], "float32"))[0, :, 0]
    array([5., 3.], dtype=float32)
    """

    rank = 1


class MaxPooling2D(_Max):
    """The largest element of each window of an image, channel by channel.

    pool_size    height and width of the windows, or one number for both; 2 unless given
    strides      distances from one window to the next; ``pool_size`` unless given
    padding      "valid": whole windows only; "same": padded so that each cell, or each stride, has a window
    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"

    Where elements are equal the first gets the gradient. Raises ShapeError where no window fits.

    >>> x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    >>> lamina.layers.MaxPooling2D()(x)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """

    rank = 2


class MaxPooling3D(_Max):
    """The largest element of each window of a volume, channel by channel; arguments as in MaxPooling2D, for three axes.

    >>> lamina.layers.MaxPooling3D()(np.ones((1, 4, 4, 4, 2), "float32")).shape
    (1, 2, 2, 2, 2)
    """

    rank = 3


class AveragePooling1D(_Average):
    """The mean of each window along the steps; arguments as in MaxPooling1D. What "same" pads is not counted.

    >>> lamina.layers.AveragePooling1D(2)(np.array([[[1.0], [5.0], [2.0], [3.0]]], "float32"))[0, :, 0]
    array([3. , 2.5], dtype=float32)
    """

    rank = 1


class AveragePooling2D(_Average):
    """The mean of each window of an image; arguments as in MaxPooling2D. What "same" pads is not counted.

    >>> x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    >>> lamina.layers.AveragePooling2D(2)(x)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    rank = 2


class AveragePooling3D(_Average):
    """The mean of each window of a volume; arguments as in MaxPooling2D. What "same" pads is not counted.

    >>> lamina.layers.AveragePooling3D(2)(np.ones((1, 4, 4, 4, 2), "float32")).shape
    (1, 2, 2, 2, 2)
    """

    rank = 3


class GlobalPooling(Layer):
    """Pooling of all spatial cells to one."""

    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.data_format, self.keepdims = checked_format(type(self).__name__, data_format), keepdims
        self.input_spec = spatial_spec(self.rank)
        self.built = True

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes."""
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def of_steps(self, mask):
        """The mask of the steps of a sequence, with an axis for the channels."""
        if mask.ndim != 2:
            raise ShapeError(message(f"{self.label}: a mask of steps has two dimensions", got=str(mask.type)))
        return ops.expand_dims(mask, 2 if self.data_format == "channels_last" else 1)


class _GlobalMax(GlobalPooling):
    def call(self, inputs):
        return ops.max(inputs, axis=self.axes, keepdims=self.keepdims)


class _GlobalAverage(GlobalPooling):
    def call(self, inputs):
        return ops.mean(inputs, axis=self.axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMax):
    """The largest element of all steps, for each channel. Masked steps do not count; without a real step it is 0.

    data_format  "channels_last" for (batch, steps, channels), or "channels_first"
    keepdims     whether the axis of the steps stays, as 1

    >>> lamina.layers.GlobalMaxPooling1D()(np.array([[[1.0], [5.0], [2.0]]], "float32"))
    array([[5.]], dtype=float32)
    """

    rank = 1
    supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        real = self.of_steps(mask)
        largest = super().call(ops.where(real, inputs, -np.inf))
        return ops.where(ops.any(real, axis=self.axes, keepdims=self.keepdims), largest, 0.0)

    def compute_mask(self, inputs, previous_mask=None):
        """The result has no steps, and no mask."""
        return None


class GlobalMaxPooling2D(_GlobalMax):
    """The largest element of an image, for each channel; arguments as in GlobalMaxPooling1D.

    >>> lamina.layers.GlobalMaxPooling2D()(np.ones((1, 4, 5, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    rank = 2


class GlobalMaxPooling3D(_GlobalMax):
    """The largest element of a volume, for each channel; arguments as in GlobalMaxPooling1D.

    >>> lamina.layers.GlobalMaxPooling3D()(np.ones((1, 4, 5, 3, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    rank = 3


class GlobalAveragePooling1D(_GlobalAverage):
    """The mean of all steps, for each channel; arguments as in GlobalMaxPooling1D. Masked steps do not count;
    without a real step it is 0.

    >>> x = np.array([[[1.0], [5.0], [2.0]]], "float32")
    >>> lamina.layers.GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]]))
    array([[3.]], dtype=float32)
    """

    rank = 1
    supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        real = self.of_steps(mask)
        sums = ops.sum(ops.where(real, inputs, 0.0), axis=self.axes, keepdims=self.keepdims)
        count = ops.sum(ops.cast(real, self.dtype), axis=self.axes, keepdims=self.keepdims)
        return ops.divide(sums, ops.maximum(count, 1.0))

    def compute_mask(self, inputs, previous_mask=None):
        """The result has no steps, and no mask."""
        return None


class GlobalAveragePooling2D(_GlobalAverage):
    """The mean of an image, for each channel; arguments as in GlobalMaxPooling1D.

    >>> lamina.layers.GlobalAveragePooling2D()(np.ones((1, 4, 5, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    rank = 2


class GlobalAveragePooling3D(_GlobalAverage):
    """The mean of a volume, for each channel; arguments as in GlobalMaxPooling1D.

    >>> lamina.layers.GlobalAveragePooling3D()(np.ones((1, 4, 5, 3, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
