"""Layers that disturb what passes through them in training, against overfitting."""

from __future__ import annotations

import math

import numpy as np

from ..errors import ArgumentError, message
from ..ops import add, cos, log, multiply, sqrt, where
from ..ops.broadcast import expand
from ..ops.compare import less
from ..random import fraction
from .dropout import Dropout, checked_rate, words
from .input_spec import InputSpec
from .layer import Layer


def normal_like(x, seed: int | None):
    """Standard normal numbers of the shape of x, by Box and Muller's transform."""
    draws = words((2, *x.shape), seed)
    radius = sqrt(multiply(log(1.0 - fraction(draws[0], str(x.dtype))), -2.0))
    return multiply(radius, cos(multiply(fraction(draws[1], str(x.dtype)), 2 * math.pi)))


class GaussianNoise(Layer):
    """Adds normal noise of a standard deviation in training; else gives the input.

    >>> lamina.layers.GaussianNoise(0.1)(np.ones((1, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, stddev, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not stddev >= 0:
            raise ArgumentError(message("GaussianNoise: a standard deviation is not negative", got=repr(stddev)))
        self.stddev, self.seed, self.built = float(stddev), seed, True

    def call(self, inputs, training=False):
        if not training or self.stddev == 0:
            return inputs
        return add(inputs, multiply(normal_like(inputs, self.seed), self.stddev))


class GaussianDropout(Layer):
    """Multiplies with normal noise of mean 1 and standard deviation sqrt(rate / (1 - rate)) in training.

    Srivastava et al. (JMLR 15, 2014, section 10).

    >>> lamina.layers.GaussianDropout(0.5)(np.ones((1, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed, self.built = checked_rate("GaussianDropout", rate), seed, True
        if self.rate == 1:
            raise ArgumentError(
                message("GaussianDropout: the noise of rate 1 has no bound", got="rate=1", want="0 <= rate < 1")
            )

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        spread = math.sqrt(self.rate / (1 - self.rate))
        return multiply(inputs, add(multiply(normal_like(inputs, self.seed), spread), 1.0))


class AlphaDropout(Layer):
    """Dropout for SELU networks: what is dropped becomes -1.758…, and mean and variance are kept.

    Klambauer et al., "Self-Normalizing Neural Networks" (NIPS 2017, section 2).

    >>> lamina.layers.AlphaDropout(0.5)(np.ones((1, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed, self.built = checked_rate("AlphaDropout", rate), seed, True
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs, training=False):
        threshold = round(self.rate * 2**32)
        if not training or threshold == 0:
            return inputs
        if self.rate == 1:
            return multiply(inputs, 0.0)
        low = -1.6732632423543772 * 1.0507009873554805  # what SELU gives far below zero
        scale = ((1 - self.rate) * (1 + self.rate * low**2)) ** -0.5
        shape = tuple(inputs.shape)
        noise = tuple(
            n if m is None else m for n, m in zip(shape, self.noise_shape or (None,) * len(shape), strict=True)
        )
        kept = less(np.uint32(threshold - 1), words(noise, self.seed))
        kept = kept if noise == shape else expand(kept, shape=shape)
        return add(multiply(where(kept, inputs, low), scale), -scale * low * self.rate)


class SpatialDropout(Dropout):
    """Dropout of whole channels: one decision for each sample and channel."""

    dimensions = 0

    def __init__(self, rate, data_format=None, seed=None, **kwargs):
        super().__init__(rate, seed=seed, **kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: unknown data_format",
                    got=repr(data_format),
                    want="channels_last or channels_first",
                )
            )
        self.data_format = data_format or "channels_last"
        self.input_spec = InputSpec(ndim=self.dimensions + 2)
        ones = (1,) * self.dimensions
        self.noise_shape = (None, None, *ones) if self.data_format == "channels_first" else (None, *ones, None)

    def get_config(self):
        config = super().get_config()
        config.pop("noise_shape", None)
        return config


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of (batch, time, channels). Tompson et al. (CVPR 2015).

    >>> lamina.layers.SpatialDropout1D(0.5)(np.ones((1, 2, 2), "float32")).shape
    (1, 2, 2)
    """

    dimensions = 1

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed=seed, **kwargs)

    def get_config(self):
        config = super().get_config()
        config.pop("data_format", None)
        return config


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of (batch, height, width, channels). Tompson et al. (CVPR 2015).

    >>> lamina.layers.SpatialDropout2D(0.5)(np.ones((1, 2, 2, 2), "float32")).shape
    (1, 2, 2, 2)
    """

    dimensions = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of (batch, depth, height, width, channels).

    >>> lamina.layers.SpatialDropout3D(0.5)(np.ones((1, 2, 2, 2, 2), "float32")).shape
    (1, 2, 2, 2, 2)
    """

    dimensions = 3
