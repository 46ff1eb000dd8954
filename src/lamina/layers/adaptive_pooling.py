"""Pooling into a given number of cells, whatever the size of the input."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..op import as_node
from .layer import Layer
from .spatial import checked_format, each_axis, spatial_spec


def parts(n: int, count: int) -> list[tuple[int, int]]:
    """``count`` ranges that cover n cells; they overlap by a cell where n does not divide."""
    return [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]


def averaged(x, count: int, axis: int):
    """The mean of each of ``count`` parts of an axis."""
    shape, n = tuple(x.shape), x.shape[axis]
    matrix = np.zeros((count, n), x.dtype)
    for i, (start, stop) in enumerate(parts(n, count)):
        matrix[i, start:stop] = 1 / (stop - start)
    before, behind = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1:]))
    y = ops.matmul(as_node(matrix), ops.reshape(x, (before, n, behind)))
    return ops.reshape(y, (*shape[:axis], count, *shape[axis + 1:]))


def largest(x, count: int, axis: int):
    """The largest element of each of ``count`` parts of an axis."""
    lead = (slice(None),) * axis
    return ops.stack([ops.max(x[(*lead, slice(a, b))], axis=axis) for a, b in parts(x.shape[axis], count)], axis=axis)


class AdaptivePooling(Layer):
    """Pooling of ``rank`` spatial axes, one after the other."""

    rank: int

    def __init__(self, output_size, data_format=None, **kwargs):
        super().__init__(**kwargs)
        label = type(self).__name__
        self.output_size = each_axis(label, "output_size", output_size, self.rank)
        self.data_format = checked_format(label, data_format)
        self.input_spec, self.built = spatial_spec(self.rank), True

    def pooled(self, x, count: int, axis: int):
        """One axis in ``count`` parts."""
        raise NotImplementedError

    def call(self, inputs):
        y = ops.cast(inputs, self.dtype)
        for axis, count in enumerate(self.output_size, 1 if self.data_format == "channels_last" else 2):
            y = y if y.shape[axis] == count else self.pooled(y, count, axis)
        return y


class _Average(AdaptivePooling):
    def pooled(self, x, count, axis):
        return averaged(x, count, axis)


class _Max(AdaptivePooling):
    def pooled(self, x, count, axis):
        return largest(x, count, axis)


class AdaptiveAveragePooling1D(_Average):
    """The steps of a sequence in ``output_size`` parts, and the mean of each.

    data_format  "channels_last" for (batch, steps, channels), or "channels_first"

    Where the steps do not divide, parts overlap by a step.

    >>> lamina.layers.AdaptiveAveragePooling1D(2)(np.array([[[1.0], [2.0], [6.0]]], "float32"))[0, :, 0]
    array([1.5, 4. ], dtype=float32)
    """

    rank = 1


class AdaptiveAveragePooling2D(_Average):
    """Images in ``output_size`` parts (a number, or height and width), and the mean of each.

    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"

    >>> lamina.layers.AdaptiveAveragePooling2D((2, 3))(np.ones((1, 7, 8, 4), "float32")).shape
    (1, 2, 3, 4)
    """

    rank = 2


class AdaptiveAveragePooling3D(_Average):
    """Volumes in ``output_size`` parts, and the mean of each; arguments as in AdaptiveAveragePooling2D.

    >>> lamina.layers.AdaptiveAveragePooling3D(2)(np.ones((1, 5, 6, 7, 4), "float32")).shape
    (1, 2, 2, 2, 4)
    """

    rank = 3


class AdaptiveMaxPooling1D(_Max):
    """The steps of a sequence in ``output_size`` parts, and the largest element of each.

    data_format  "channels_last" for (batch, steps, channels), or "channels_first"

    Where the steps do not divide, parts overlap by a step. Equal elements share the gradient.

    >>> lamina.layers.AdaptiveMaxPooling1D(2)(np.array([[[1.0], [2.0], [6.0]]], "float32"))[0, :, 0]
    array([2., 6.], dtype=float32)
    """

    rank = 1


class AdaptiveMaxPooling2D(_Max):
    """Images in ``output_size`` parts (a number, or height and width), and the largest element of each.

    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"

    >>> lamina.layers.AdaptiveMaxPooling2D((2, 3))(np.ones((1, 7, 8, 4), "float32")).shape
    (1, 2, 3, 4)
    """

    rank = 2


class AdaptiveMaxPooling3D(_Max):
    """Volumes in ``output_size`` parts, and the largest element of each; arguments as in AdaptiveMaxPooling2D.

    >>> lamina.layers.AdaptiveMaxPooling3D(2)(np.ones((1, 5, 6, 7, 4), "float32")).shape
    (1, 2, 2, 2, 4)
    """

    rank = 3
