"""Images turned, moved and zoomed at random in training, each by numbers of its own."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..errors import unknown
from .image import RandomImageLayer, checked_reading, interval

MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomImageLayer):
    """Half of the images mirrored, in training.

    mode         "horizontal" changes left and right, "vertical" top and bottom; "horizontal_and_vertical" (default)
                 decides on each by itself
    seed         a whole number for draws that do not depend on the generator of the training
    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"

    >>> y = lamina.layers.RandomFlip("horizontal", seed=1)(np.array([[[[1.0], [2.0]]]] * 9, "float32"))
    >>> sorted(map(tuple, set(map(tuple, y[:, 0, :, 0].tolist()))))
    [(1.0, 2.0), (2.0, 1.0)]
    """

    def __init__(self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs):
        super().__init__(seed, data_format, **kwargs)
        if mode not in MODES:
            raise unknown("mode of RandomFlip", mode, MODES)
        self.mode = mode

    def changed(self, images):
        for word, axis in (("horizontal", 2), ("vertical", 1)):
            if word in self.mode:
                chosen = self.drawn((images.shape[0], 1, 1, 1), 0.0, 1.0) < 0.5
                images = ops.where(chosen, ops.flip(images, axis), images)
        return images


class Moved(RandomImageLayer):
    """Images read at other places: what lies behind their border, and how to read between cells."""

    fill_mode: str
    interpolation: str
    fill_value: float

    def reads(self, fill_mode, interpolation, fill_value) -> None:
        """Takes the arguments that all such layers have."""
        checked_reading(type(self).__name__, fill_mode, interpolation)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def changed(self, images):
        numbers = self.transform(*images.shape[:3])
        nothing = ops.zeros((images.shape[0],), self.dtype)
        columns = [nothing + n for n in (*numbers, 0.0, 0.0)]
        return ops.image.affine_transform(
            images, ops.stack(columns, axis=1), self.interpolation, self.fill_mode, self.fill_value
        )

    def transform(self, batch: int, height: int, width: int) -> tuple:
        """a0, a1, a2, b0, b1, b2 of ``ops.image.affine_transform``, each a number or (batch,)."""
        raise AssertionError(f"{self.label} moves nothing")


class RandomRotation(Moved):
    """Images turned about their middle, in training.

    factor         the largest turn as a part of a full one, f for -f .. f, or (least, largest); 0.5 is half a turn,
                   counterclockwise if positive
    fill_mode      behind the border "reflect" (the image turned round), "wrap", "nearest", or "constant"
                   (``fill_value``)
    interpolation  "bilinear" or "nearest"
    seed           a whole number for draws that do not depend on the generator of the training

    >>> layer = lamina.layers.RandomRotation((0.5, 0.5))
    >>> layer(np.array([[1.0, 2.0], [3.0, 4.0]], "float32")[None, :, :, None])[0, :, :, 0].round(3)
    array([[4., 3.],
           [2., 1.]], dtype=float32)
    """

    def __init__(
        self,
        factor,
        fill_mode="reflect",
        interpolation="bilinear",
        seed=None,
        fill_value=0.0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.factor: Any = interval("RandomRotation", "factor", factor, -1.0, 1.0)
        self.reads(fill_mode, interpolation, fill_value)

    def transform(self, batch, height, width):
        angle = self.drawn((batch,), *self.factor) * (2.0 * math.pi)
        cos, sin = ops.cos(angle), ops.sin(angle)
        across, down = (width - 1) / 2, (height - 1) / 2
        return cos, -sin, across - across * cos + down * sin, sin, cos, down - across * sin - down * cos


class RandomTranslation(Moved):
    """Images moved, in training.

    height_factor  how far down as a part of the height: f for -f .. f, or (least, largest); above 0 moves down
    width_factor   how far to the right as a part of the width
    fill_mode      what comes in: "reflect" (the image turned round), "wrap", "nearest", or "constant" (``fill_value``)
    interpolation  "bilinear" or "nearest"
    seed           a whole number for draws that do not depend on the generator of the training

    >>> layer = lamina.layers.RandomTranslation((0.5, 0.5), 0.0, fill_mode="constant")
    >>> layer(np.array([[1.0, 2.0], [3.0, 4.0]], "float32")[None, :, :, None])[0, :, :, 0]
    array([[0., 0.],
           [1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        height_factor,
        width_factor,
        fill_mode="reflect",
        interpolation="bilinear",
        seed=None,
        fill_value=0.0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self.heights: Any = interval("RandomTranslation", "height_factor", height_factor, -1.0, 1.0)
        self.widths: Any = interval("RandomTranslation", "width_factor", width_factor, -1.0, 1.0)
        self.reads(fill_mode, interpolation, fill_value)

    def transform(self, batch, height, width):
        down, across = self.drawn((batch,), *self.heights) * height, self.drawn((batch,), *self.widths) * width
        return 1.0, 0.0, -across, 0.0, 1.0, -down


class RandomZoom(Moved):
    """Images made larger or smaller about their middle, in training.

    height_factor  by how much more is seen of the height: f for -f .. f, or (least, largest); below 0 zooms in
    width_factor   the same for the width; None takes the number drawn for the height, so that nothing is stretched
    fill_mode      behind the border "reflect" (the image turned round), "wrap", "nearest", or "constant"
                   (``fill_value``)
    interpolation  "bilinear" or "nearest"
    seed           a whole number for draws that do not depend on the generator of the training

    >>> layer = lamina.layers.RandomZoom((-0.5, -0.5))
    >>> layer(np.array([[0.0, 4.0]], "float32")[None, :, :, None])[0, :, :, 0]
    array([[1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        height_factor,
        width_factor=None,
        fill_mode="reflect",
        interpolation="bilinear",
        seed=None,
        fill_value=0.0,
        data_format=None,
        **kwargs,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self.heights: Any = interval("RandomZoom", "height_factor", height_factor, -1.0, 1.0, open_below=True)
        self.widths: Any = None
        if width_factor is not None:
            self.widths = interval("RandomZoom", "width_factor", width_factor, -1.0, 1.0, open_below=True)
        self.reads(fill_mode, interpolation, fill_value)

    def transform(self, batch, height, width):
        low, high = self.heights
        down = self.drawn((batch,), 1.0 + low, 1.0 + high)
        across = down if self.widths is None else self.drawn((batch,), *(1.0 + f for f in self.widths))
        return across, 0.0, (1.0 - across) * ((width - 1) / 2), 0.0, down, (1.0 - down) * ((height - 1) / 2)
