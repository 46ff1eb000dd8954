"""Images and sequences made larger."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import unknown
from ..op import as_node
from .layer import Layer
from .spatial import checked_format, each_axis, spatial_spec


def lanczos(radius: int):
    """sinc(x) sinc(x / radius) within the radius."""
    return lambda x: np.sinc(x) * np.sinc(x / radius) * (x < radius)


def cubic(x):
    """Keys's cubic with a = -1/2 (IEEE ASSP 29, 1981, equation 15)."""
    near, far = (1.5 * x - 2.5) * x * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


# The weight of a cell by its distance.
KERNELS = {"bilinear": lambda x: np.maximum(1.0 - x, 0.0), "bicubic": cubic, "lanczos3": lanczos(3),
           "lanczos5": lanczos(5)}


def enlarging(n: int, size: int, kernel) -> np.ndarray:
    """The matrix (n size, n) that interpolates n cells: each new cell lies in the middle of its part of an old one."""
    places = (np.arange(n * size) + 0.5) / size - 0.5
    weights = kernel(np.abs(places[:, None] - np.arange(n)))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def repeated(x, size: int, axis: int):
    """Each slice along an axis ``size`` times."""
    shape = tuple(x.shape)
    wide = ops.broadcast_to(ops.expand_dims(x, axis + 1), (*shape[: axis + 1], size, *shape[axis + 1:]))
    return ops.reshape(wide, (*shape[:axis], shape[axis] * size, *shape[axis + 1:]))


def interpolated(x, size: int, axis: int, kernel):
    """x with ``size`` times the cells along an axis."""
    shape, n = tuple(x.shape), x.shape[axis]
    before, behind = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1:]))
    matrix = as_node(enlarging(n, size, kernel).astype(x.dtype))
    y = ops.matmul(matrix, ops.reshape(x, (before, n, behind)))
    return ops.reshape(y, (*shape[:axis], n * size, *shape[axis + 1:]))


class Upsampling(Layer):
    """Each cell made ``size`` cells along each of ``rank`` spatial axes."""

    rank: int

    def __init__(self, size, data_format=None, interpolation="nearest", **kwargs):
        super().__init__(**kwargs)
        label = type(self).__name__
        if interpolation not in ("nearest", *KERNELS):
            raise unknown(f"interpolation of {label}", interpolation, ("nearest", *KERNELS))
        self.size: Any = each_axis(label, "size", size, self.rank)
        self.data_format, self.interpolation = checked_format(label, data_format), interpolation
        self.input_spec, self.built = spatial_spec(self.rank), True

    def call(self, inputs):
        first, y = 1 if self.data_format == "channels_last" else 2, inputs
        for axis, size in enumerate(self.size, first):
            if size > 1 and self.interpolation == "nearest":
                y = repeated(y, size, axis)
            elif size > 1:
                y = interpolated(y, size, axis, KERNELS[self.interpolation])
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
