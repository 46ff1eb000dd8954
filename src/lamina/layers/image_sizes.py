"""Images brought to one size: resized, or cut out of the middle."""

from __future__ import annotations

from .. import ops
from ..errors import ArgumentError, message, unknown
from ..ops.resizing import INTERPOLATIONS
from .dense import positive
from .image import ImageLayer, RandomImageLayer


class Resizing(ImageLayer):
    """Images of a given height and width.

    height, width         of the result
    interpolation         "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5"
    crop_to_aspect_ratio  whether to cut off what does not fit the new shape, so that nothing is stretched
    pad_to_aspect_ratio   whether to put ``fill_value`` (0) around instead
    antialias             whether smaller images are made of all cells, not just of those around the new places
    data_format           "channels_last" for (batch, height, width, channels), or "channels_first"

    Pixels that are whole numbers stay so: they are rounded.

    >>> lamina.layers.Resizing(2, 3)(np.ones((1, 4, 4, 1), "float32")).shape
    (1, 2, 3, 1)
    """

    def __init__(
        self,
        height,
        width,
        interpolation="bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode="constant",
        fill_value=0.0,
        antialias: bool = False,
        data_format=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = positive("Resizing", "height", height), positive("Resizing", "width", width)
        if interpolation not in INTERPOLATIONS:
            raise unknown("interpolation of Resizing", interpolation, INTERPOLATIONS)
        if fill_mode != "constant":
            raise unknown("fill_mode of Resizing", fill_mode, ("constant",))
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError(message("Resizing: either crop_to_aspect_ratio or pad_to_aspect_ratio, not both"))
        self.interpolation, self.antialias = interpolation, antialias
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def call(self, data, training=True):
        return ops.image.resize(
            data,
            (self.height, self.width),
            self.interpolation,
            self.antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )


def middle(images, height: int, width: int):
    """The middle of a batch of images; where they are too small, their largest part of that shape is made larger."""
    high, wide = images.shape[1] - height, images.shape[2] - width
    if high < 0 or wide < 0:
        return ops.image.resize(images, (height, width), crop_to_aspect_ratio=True)
    return images[:, high // 2 : high // 2 + height, wide // 2 : wide // 2 + width]


class CenterCrop(ImageLayer):
    """The middle of images; an image that is too small is enlarged, and what does not fit the shape is cut off.

    height, width  of the result
    data_format    "channels_last" for (batch, height, width, channels), or "channels_first"

    >>> lamina.layers.CenterCrop(1, 2)(np.arange(12, dtype="float32").reshape(1, 3, 4, 1))[0, :, :, 0]
    array([[5., 6.]], dtype=float32)
    """

    def __init__(self, height, width, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = positive("CenterCrop", "height", height), positive("CenterCrop", "width", width)

    def call(self, data, training=True):
        return self.each(ops.cast(data, self.dtype), lambda images: middle(images, self.height, self.width))


class RandomCrop(RandomImageLayer):
    """A part of each image, anywhere, in training; else its middle.

    height, width  of the result; images that are smaller are treated as in CenterCrop
    seed           a whole number for draws that do not depend on the generator of the training
    data_format    "channels_last" for (batch, height, width, channels), or "channels_first"

    >>> y = lamina.layers.RandomCrop(1, 3, seed=1)(np.arange(12, dtype="float32").reshape(1, 3, 4, 1))[0, 0, :, 0]
    >>> (y - y[0]).tolist()
    [0.0, 1.0, 2.0]
    """

    def __init__(self, height, width, seed=None, data_format=None, **kwargs):
        super().__init__(seed, data_format, **kwargs)
        self.height, self.width = positive("RandomCrop", "height", height), positive("RandomCrop", "width", width)

    def call(self, data, training=True):
        if training:
            return super().call(data, training)
        return self.each(ops.cast(data, self.dtype), lambda images: middle(images, self.height, self.width))

    def changed(self, images):
        batch, high, wide, channels = images.shape
        if high < self.height or wide < self.width:
            return middle(images, self.height, self.width)
        top, left = (self.start(batch, n) for n in (high - self.height, wide - self.width))
        down = ops.arange(self.height, dtype="int32")[None, :, None] + top
        across = ops.arange(self.width, dtype="int32")[None, None, :] + left
        first = ops.arange(batch, dtype="int32")[:, None, None] * (high * wide)
        cells = first + down * wide + across
        rows = ops.take(ops.reshape(images, (batch * high * wide, channels)), ops.reshape(cells, (-1,)), axis=0)
        return ops.reshape(rows, (batch, self.height, self.width, channels))

    def start(self, batch: int, most: int):
        """The first row or column of each image's part, (batch, 1, 1): any number up to ``most``, equally likely."""
        found = ops.cast(ops.floor(self.drawn((batch, 1, 1), 0.0, most + 1.0)), "int32")
        return ops.minimum(found, most)
