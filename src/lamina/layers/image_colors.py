"""The brightness and contrast of images changed at random in training, each by a number of its own."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError, message
from .image import RandomImageLayer, checked_range, interval, number


class RandomContrast(RandomImageLayer):
    """Each channel's distance from its mean made larger or smaller, in training.

    factor       f for multiples within 1 - f .. 1 + f, or (lower, upper) for 1 - lower .. 1 + upper; f is within 0..1
    value_range  the least and the largest value of a pixel, (0, 255) unless given: the result is kept within
    seed         a whole number for draws that do not depend on the generator of the training

    >>> layer = lamina.layers.RandomContrast((-0.5, 0.5))
    >>> layer(np.array([[10.0, 20.0]], "float32")[None, :, :, None])[0, 0, :, 0]
    array([ 7.5, 22.5], dtype=float32)
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        pair: Any = tuple(factor) if isinstance(factor, list | tuple) else (factor, factor)
        fits = len(pair) == 2 and all(map(number, pair)) and min(pair) <= 1 and max(pair) >= 0
        if not fits or (number(factor) and pair[0] > 1):
            want = "a number within 0..1, or two of them"
            raise ArgumentError(message("RandomContrast: factor does not fit", got=f"factor={factor!r}", want=want))
        self.factor: Any = tuple(sorted(float(f) for f in pair))
        self.value_range: Any = checked_range("RandomContrast", value_range)

    def changed(self, images):
        lower, upper = self.factor
        times = self.drawn((images.shape[0], 1, 1, 1), 1.0 - lower, 1.0 + upper)
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        return ops.clip((images - mean) * times + mean, *self.value_range)


class RandomBrightness(RandomImageLayer):
    """Images made brighter or darker, in training.

    factor       how much is added as a part of the range: f for -f .. f, or (least, largest)
    value_range  the least and the largest value of a pixel, (0, 255) unless given: the result is kept within
    seed         a whole number for draws that do not depend on the generator of the training

    >>> layer = lamina.layers.RandomBrightness((0.2, 0.2), value_range=(0, 1))
    >>> layer(np.array([[0.5, 0.9]], "float32")[None, :, :, None])[0, 0, :, 0]
    array([0.7, 1. ], dtype=float32)
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.factor: Any = interval("RandomBrightness", "factor", factor, -1.0, 1.0)
        self.value_range: Any = checked_range("RandomBrightness", value_range)

    def changed(self, images):
        low, high = self.value_range
        more = self.drawn((images.shape[0], 1, 1, 1), *self.factor) * (high - low)
        return ops.clip(images + more, low, high)


class RandomGrayscale(RandomImageLayer):
    """Some of the images without their colours, in training: each channel is the brightness.

    factor       the part of the images, within 0..1; 0.5 unless given
    seed         a whole number for draws that do not depend on the generator of the training
    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"; there are 3 channels

    >>> lamina.layers.RandomGrayscale(1.0)(np.array([[[[1.0, 0.0, 0.0]]]], "float32"))[0, 0, 0]
    array([0.2989, 0.2989, 0.2989], dtype=float32)
    """

    def __init__(self, factor=0.5, data_format=None, seed=None, **kwargs):
        super().__init__(seed, data_format, **kwargs)
        if not number(factor) or not 0 <= factor <= 1:
            want = "a number within 0..1"
            raise ArgumentError(message("RandomGrayscale: factor does not fit", got=f"factor={factor!r}", want=want))
        self.factor = float(factor)

    def changed(self, images):
        gray = ops.broadcast_to(ops.image.rgb_to_grayscale(images), tuple(images.shape))
        if self.factor in (0.0, 1.0):
            return gray if self.factor else images
        return ops.where(self.drawn((images.shape[0], 1, 1, 1), 0.0, 1.0) < self.factor, gray, images)
