"""Dropout: neurons left out at random in training."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, message
from ..op import as_node
from ..ops import where
from ..ops.broadcast import expand
from ..ops.compare import less
from ..ops.random import random_bits
from ..trace import current
from .layer import Layer


def checked_rate(layer: str, rate) -> float:
    """A rate as a number within 0..1, or an ArgumentError."""
    if not isinstance(rate, int | float | np.number) or not 0 <= rate <= 1:
        raise ArgumentError(
            message(f"{layer}: the rate is the part that is dropped", got=repr(rate), want="0 <= rate <= 1")
        )
    return float(rate)


def words(shape, seed: int | None):
    """Random words for one call site of the trace being made; with a seed of its own, independent of the trace's."""
    number, step, stream = current().random_source()  # type: ignore[union-attr]
    if seed is not None:
        number = as_node(np.asarray(seed % 2**32, np.uint32))
    return random_bits(number, step, shape=tuple(shape), stream=stream)


def dropped(inputs, rate: float, noise_shape=None, seed: int | None = None):
    """Elements set to zero with probability ``rate``, the others divided by 1 - rate.

    Keeping is a comparison of whole numbers, so that every backend drops the same elements.
    """
    shape = tuple(inputs.shape)
    noise = tuple(n if m is None else m for n, m in zip(shape, noise_shape or (None,) * len(shape), strict=True))
    threshold = round(rate * 2**32)
    if threshold == 0:
        return inputs
    kept = less(np.uint32(threshold - 1), words(noise, seed))
    kept = kept if noise == shape else expand(kept, shape=shape)
    scale = 1.0 / (1.0 - rate) if rate < 1 else 0.0
    return where(kept, inputs * scale, 0.0)


class Dropout(Layer):
    """Sets a part of the elements to zero in training and divides the others by 1 - rate; else gives the input.

    rate         the part that is dropped, within 0..1
    noise_shape  where it says 1, one decision holds along that axis; None stands for the size of the input
    seed         a whole number for masks that do not depend on the generator of the training

    Srivastava et al., "Dropout" (JMLR 15, 2014). The mask depends on seed, step and place in the network only.

    >>> lamina.layers.Dropout(0.5)(np.ones((1, 3), "float32"))
    array([[1., 1., 1.]], dtype=float32)
    >>> y = lamina.layers.Dropout(0.5, seed=1)(np.ones((1, 100), "float32"), training=True)
    >>> sorted(set(y[0].tolist()))
    [0.0, 2.0]
    """

    supports_masking = True

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = checked_rate("Dropout", rate), seed
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.built = True

    def call(self, inputs, training=False):
        return dropped(inputs, self.rate, self.noise_shape, self.seed) if training and self.rate > 0 else inputs
