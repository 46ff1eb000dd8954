"""What layers that prepare images share: one image or a batch, where the channels are, numbers drawn for each image."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, message, unknown
from ..op import as_node
from ..ops.random import random_bits
from ..random import default_generator, fraction
from ..trace import current
from .input_spec import InputSpec
from .layer import Layer
from .spatial import checked_format

INTERPOLATIONS = ("nearest", "bilinear")
FILL_MODES = ("constant", "nearest", "reflect", "wrap")


class ImageLayer(Layer):
    """A layer for one image (height, width, channels), or a batch of them."""

    def __init__(self, data_format=None, bounding_box_format=None, **kwargs):
        super().__init__(**kwargs)
        label = type(self).__name__
        if bounding_box_format is not None:
            raise ArgumentError(
                message(
                    f"{label}: bounding boxes are not moved along with the images",
                    got=f"bounding_box_format={bounding_box_format!r}",
                )
            )
        self.data_format, self.bounding_box_format = checked_format(label, data_format), None
        shape = "height, width, channels" if self.data_format == "channels_last" else "channels, height, width"
        reason = f"it takes images ({shape}), or batches of them"
        self.input_spec, self.built = InputSpec(min_ndim=3, max_ndim=4, reason=reason), True

    def call(self, data, training=True):
        x = ops.cast(data, self.dtype)
        return self.each(x, self.changed) if training else x

    def each(self, x, change):
        """What ``change`` makes of the images as a batch with channels last, in the form they came in."""
        one, first = x.ndim == 3, self.data_format == "channels_first"
        y = ops.expand_dims(x, 0) if one else x
        y = change(ops.transpose(y, (0, 2, 3, 1)) if first else y)
        y = ops.transpose(y, (0, 3, 1, 2)) if first else y
        return y[0] if one else y

    def changed(self, images) -> Any:
        """What training makes of a batch of images."""
        raise AssertionError(f"{self.label} changes nothing")


class RandomImageLayer(ImageLayer):
    """Images changed by numbers drawn for each of them.

    In a training the numbers follow from the seed, the step and the place in the network. On plain arrays a layer with
    a seed counts its own calls, so that the first, the second, … call give the same on every run.
    """

    seed: int | None
    _calls_on_arrays: int

    def __init__(self, seed=None, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
            raise ArgumentError(message(f"{type(self).__name__}: a seed is a whole number", got=repr(seed)))
        self.seed = None if seed is None else int(seed)
        self.__dict__["_calls_on_arrays"] = 0

    def call(self, data, training=True):
        y = super().call(data, training)
        if training and on_plain_arrays():
            self.__dict__["_calls_on_arrays"] += 1
        return y

    def drawn(self, shape, low: float, high: float):
        """Numbers spread evenly over low .. high, for one place in the program."""
        if low == high:
            return ops.full(tuple(shape), low, self.dtype)
        trace = current()
        assert trace is not None
        number, step, stream = trace.random_source()
        if self.seed is not None:
            number = as_node(np.asarray(self.seed % 2**32, np.uint32))
            if on_plain_arrays():
                step = as_node(np.asarray(self._calls_on_arrays % 2**32, np.uint32))
        part = fraction(random_bits(number, step, shape=tuple(shape), stream=stream))
        return ops.cast(part * (high - low) + low, self.dtype)


def on_plain_arrays() -> bool:
    """Whether a layer is used at once, outside of any training."""
    trace = current()
    return trace is not None and trace.concrete and trace.generator is default_generator()


def interval(label: str, name: str, factor, low: float, high: float, open_below: bool = False) -> tuple[float, float]:
    """A factor as two numbers: a single one, f, stands for -f .. f. ArgumentError unless within low .. high."""
    pair = tuple(factor) if isinstance(factor, list | tuple) else (-abs(factor), abs(factor)) if number(factor) else ()
    given = pair if isinstance(factor, list | tuple) else (factor,)
    if len(pair) != 2 or any(not number(f) or not low <= f <= high or (open_below and f == low) for f in given):
        least = f"above {low:g}" if open_below else f"{low:g}"
        want = f"a number, or two of them, from {least} to {high:g}"
        raise ArgumentError(message(f"{label}: {name} does not fit", got=f"{name}={factor!r}", want=want))
    first, second = sorted(float(f) for f in pair)
    return max(first, low), second


def number(value) -> bool:
    """Whether a value is a number."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def checked_range(label: str, value_range) -> tuple[float, float]:
    """The least and the largest value of a pixel."""
    pair = tuple(value_range) if isinstance(value_range, list | tuple) else ()
    if len(pair) != 2 or not all(number(v) for v in pair):
        raise ArgumentError(message(f"{label}: value_range is two numbers", got=f"value_range={value_range!r}"))
    low, high = sorted(float(v) for v in pair)
    return low, high


def checked_reading(label: str, fill_mode: str, interpolation: str) -> None:
    """ArgumentError for an unknown way to go on behind the border, or to read between cells."""
    if fill_mode not in FILL_MODES:
        raise unknown(f"fill_mode of {label}", fill_mode, FILL_MODES)
    if interpolation not in INTERPOLATIONS:
        raise unknown(f"interpolation of {label}", interpolation, INTERPOLATIONS)
