"""Layers that bring raw numbers into the form a network learns from; they are part of the model and saved with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError, message, unknown
from ..op import as_value
from ..ops import add, cast, divide, max, maximum, multiply, one_hot, reshape, sqrt, subtract, sum
from .dense import positive
from .layer import Layer
from .symbol import described

EPSILON = 1e-7  # the smallest standard deviation divided by
MODES = ("multi_hot", "one_hot", "count")


class Rescaling(Layer):
    """``x * scale + offset``, with the result as floating-point numbers.

    scale   a number, or one for each channel; 1 / 255 brings pixels into 0..1
    offset  added afterwards; 0 unless given

    >>> lamina.layers.Rescaling(1 / 255)(np.array([[0, 255]], "uint8"))
    array([[0., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.offset, self.built = scale, offset, True

    def call(self, inputs):
        scale, offset = (np.asarray(v, self.dtype) if np.ndim(v) else float(v) for v in (self.scale, self.offset))
        return add(multiply(cast(inputs, self.dtype), scale), offset)


class Normalization(Layer):
    """Features less their mean, divided by their standard deviation: ``(x - mean) / sqrt(variance)``.

    axis            the axes that keep a mean of their own: -1 (default) one per feature, None one for all
    mean, variance  the numbers, if they are known; else ``adapt(data)`` measures them
    invert          whether to turn the normalisation back

    >>> layer = lamina.layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 10.0], [2.0, 30.0]]))
    >>> layer(np.array([[0.0, 30.0]], "float32"))
    array([[-1.,  1.]], dtype=float32)
    """

    _given: tuple | None
    _numbers: tuple
    mean: Any
    variance: Any

    def __init__(self, axis=-1, mean=None, variance=None, invert: bool = False, **kwargs):
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ArgumentError(message("Normalization takes mean and variance together", got=f"{mean}, {variance}"))
        self.axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
        self.invert = invert
        self.__dict__["_given"] = None if mean is None else (mean, variance)

    def build(self, input_shape):
        shape = self.kept_shape(tuple(input_shape))
        if self._given is not None:
            self.__dict__["_numbers"] = tuple(
                np.broadcast_to(np.asarray(v, self.dtype), [n for n in shape if n != 1] or ()).reshape(shape)
                for v in self._given
            )
            return
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.variance = self.add_weight(shape=shape, initializer="ones", trainable=False, name="variance")
        self.count = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="count")

    def kept(self, rank: int) -> set[int]:
        """The axes that have a mean for each place."""
        axes = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else self.axis
        return {a % rank for a in axes}

    def kept_shape(self, shape) -> tuple[int, ...]:
        """The shape of mean and variance, with 1 for the axes that are averaged over."""
        kept = self.kept(len(shape))
        if any(shape[a] is None for a in kept):
            raise ShapeError(message(f"{self.label} needs the size of the axes it keeps", got=str(shape), where=True))
        return tuple(n if i in kept else 1 for i, n in enumerate(shape))

    def adapt(self, data, batch_size=None, steps=None) -> None:
        """Measures mean and variance of an array, or of the batches of an iterable."""
        if self._given is not None:
            raise ArgumentError(message(f"{self.label} was given its mean and variance, there is nothing to adapt"))
        batches = [data] if hasattr(data, "__array__") or isinstance(data, list) else list(data)[:steps]
        arrays = [np.asarray(b[0] if isinstance(b, tuple) else b, np.float64) for b in batches]
        if not arrays or not all(a.size for a in arrays):
            raise DataError(message(f"{self.label} cannot adapt to no data"))
        if not self.built:
            self.build((None, *arrays[0].shape[1:]))
        over = tuple(i for i in range(arrays[0].ndim) if i not in self.kept(arrays[0].ndim))
        counts = [a.size / np.mean(a, axis=over, keepdims=True).size for a in arrays]
        means = [a.mean(over, keepdims=True) for a in arrays]
        total = np.sum(counts)
        mean = np.sum([n * m for n, m in zip(counts, means, strict=True)], 0) / total
        squares = [
            n * (a.var(over, keepdims=True) + (m - mean) ** 2) for n, a, m in zip(counts, arrays, means, strict=True)
        ]
        self.mean.assign(mean.astype(self.dtype))
        self.variance.assign((np.sum(squares, 0) / total).astype(self.dtype))
        self.count.assign(np.int32(total))

    def call(self, inputs):
        mean, variance = self._numbers if self._given is not None else (self.mean, self.variance)
        deviation = maximum(sqrt(as_value(variance)), EPSILON)
        x = cast(inputs, self.dtype)
        return add(multiply(x, deviation), mean) if self.invert else divide(subtract(x, mean), deviation)

    def get_config(self):
        config = super().get_config()
        mean, variance = self._given or (None, None)
        return {**config, "mean": plain_numbers(mean), "variance": plain_numbers(variance)}


def plain_numbers(value):
    return None if value is None else np.asarray(value, float).tolist()


class CategoryEncoding(Layer):
    """Category numbers as rows of zeros and ones.

    num_tokens   how many categories: numbers are within 0 .. num_tokens - 1
    output_mode  "one_hot": a row for each number; "multi_hot" (default): one row for a sample, 1 for what occurs;
                 "count": how often it occurs, or the sum of ``count_weights``

    >>> lamina.layers.CategoryEncoding(4)(np.array([[0, 2]]))
    array([[1., 0., 1., 0.]], dtype=float32)
    """

    input_dtype = "int32"

    def __init__(self, num_tokens=None, output_mode="multi_hot", sparse: bool = False, **kwargs):
        super().__init__(**kwargs)
        if output_mode not in MODES:
            raise unknown("output_mode", output_mode, MODES)
        if sparse:
            raise ArgumentError(message("CategoryEncoding: there are no sparse tensors"))
        self.num_tokens, self.output_mode = positive("CategoryEncoding", "num_tokens", num_tokens), output_mode
        self.built = True

    def call(self, inputs, count_weights=None):
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                message(f"{self.label}: count_weights go with output_mode='count'", got=self.output_mode)
            )
        if self.output_mode == "one_hot":
            inputs = reshape(inputs, inputs.shape[:-1]) if len(inputs.shape) > 1 and inputs.shape[-1] == 1 else inputs
            return one_hot(inputs, self.num_tokens, dtype=self.dtype)
        if len(inputs.shape) not in (1, 2):
            raise ShapeError(
                message(f"{self.label} takes one row of numbers for a sample", got=described(inputs), where=True)
            )
        rows = one_hot(inputs, self.num_tokens, dtype=self.dtype)
        if len(inputs.shape) == 1:
            return rows
        if count_weights is not None:
            rows = multiply(rows, reshape(cast(count_weights, self.dtype), (*inputs.shape, 1)))
        return max(rows, axis=1) if self.output_mode == "multi_hot" else sum(rows, axis=1)
