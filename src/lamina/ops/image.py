"""Images resized, moved, cropped and padded, under the names of ``keras.ops.image``: use it as ``lamina.ops.image``.

An image is (height, width, channels), a batch of them (batch, height, width, channels); with
``data_format="channels_first"`` the channels stand before height and width.
"""

from __future__ import annotations

import numpy as np

from ..errors import ShapeError, message
from .arrange import expand_dims, pad
from .axes import spelled
from .defer import public
from .elementwise import cast, floats, mul
from .interpolation import affine_transform, map_coordinates
from .pictures import checked_format, checked_images, fitted_pair, spatial_axes
from .reductions import sum
from .resizing import constant, resize
from .slice import part

LUMA = (0.2989, 0.587, 0.114)  # how bright red, green and blue are (ITU-R BT.601, section 2.5.1)


@public
def rgb_to_grayscale(images, data_format: str | None = None):
    """Images of red, green and blue with one channel of brightness instead; of one channel, as they are.

    >>> lamina.ops.image.rgb_to_grayscale(np.array([[[1.0, 0.0, 0.0]]], "float32"))
    array([[[0.2989]]], dtype=float32)
    """
    data_format, x = checked_format(data_format), checked_images("rgb_to_grayscale", images)
    axis = len(x.shape) - 1 if data_format == "channels_last" else len(x.shape) - 3
    if x.shape[axis] not in (1, 3):
        raise ShapeError(message("rgb_to_grayscale takes images of 3 channels, or 1", got=spelled(x)))
    if x.shape[axis] == 1:
        return x
    (numbers,) = floats(x)
    parts = np.array(LUMA, str(numbers.dtype)).reshape([3 if i == axis else 1 for i in range(len(x.shape))])
    return cast(expand_dims(sum(mul(numbers, constant(numbers, parts)), axis=axis), axis), str(x.dtype))


@public
def crop_images(
    images,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
):
    """Images (or one) with cells cut off; along each axis two of before, behind and target size say the third.

    >>> lamina.ops.image.crop_images(np.ones((1, 5, 6, 3)), 1, 0, target_height=3, target_width=4).shape
    (1, 3, 4, 3)
    """
    x = checked_images("crop_images", images)
    axes = spatial_axes(x, checked_format(data_format))
    wanted = ((top_cropping, bottom_cropping, target_height), (left_cropping, right_cropping, target_width))
    for axis, numbers in zip(axes, wanted, strict=True):
        low, high = fitted_pair("crop_images", "cropping", *numbers, x.shape[axis])
        x = part(x, axis, low, x.shape[axis] - high)
    return x


@public
def pad_images(
    images,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
):
    """Images (or one) with zeros around; along each axis two of before, behind and target size say the third.

    >>> lamina.ops.image.pad_images(np.ones((1, 2, 2, 3)), 1, 0, target_height=5, target_width=4).shape
    (1, 5, 4, 3)
    """
    x = checked_images("pad_images", images)
    axes = spatial_axes(x, checked_format(data_format))
    wanted = ((top_padding, bottom_padding, target_height), (left_padding, right_padding, target_width))
    pairs = {
        axis: fitted_pair("pad_images", "padding", *numbers, x.shape[axis])
        for axis, numbers in zip(axes, wanted, strict=True)
    }
    return pad(x, [pairs.get(a, (0, 0)) for a in range(len(x.shape))])


__all__ = ["affine_transform", "crop_images", "map_coordinates", "pad_images", "resize", "rgb_to_grayscale"]
