"""Pictures as arrays: read from files, shown, and brought into the form that a network was trained on.

Pillow is needed to read and to show them: ``pip install "lamina[image]"``.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from ..errors import ArgumentError, FileFormatError, ShapeError, message, missing_extra

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")  # Pillow knows forty more, some of which start other programs
KIND = "picture"
REQUIRED, OPTIONAL = {"kind", "shape", "content", "centre"}, {"data_set", "divide_by"}


def pillow():
    """Pillow's module Image; MissingExtra where it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("Pillow", "image", "reading and showing pictures") from None
    return Image


def read(path: str | os.PathLike) -> np.ndarray:
    """The grey values of a picture file, uint8 [height, width], 0 black to 255 white; transparent places are white.

    FileFormatError for what is no PNG, JPEG, BMP, GIF or WEBP picture, or far too large; MissingExtra without Pillow.
    """
    image, colours = pillow(), opened(path, "RGBA")
    white = image.new("RGBA", colours.size, "white")
    return np.asarray(image.alpha_composite(white, colours).convert("L"))


def pixels(path: str | os.PathLike, mode: str) -> np.ndarray:
    """The pixels of a picture file, uint8 [height, width, channels]; errors as for ``read``.

    mode  "RGB", "RGBA", or "L" for one channel of grey
    """
    array = np.asarray(opened(path, mode))
    return array[:, :, np.newaxis] if array.ndim == 2 else array


def opened(path: str | os.PathLike, mode: str):
    """The picture of a file, as Pillow's object in one of its modes."""
    image, name = pillow(), os.path.basename(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", image.DecompressionBombWarning)
            with image.open(path, formats=FORMATS) as file:
                return file.convert(mode)
    except FileNotFoundError:
        raise FileFormatError(message(f"{name}: there is no such picture")) from None
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError, image.DecompressionBombWarning) as problem:
        raise FileFormatError(
            message(f"{name} is no picture that can be read", got=str(problem).splitlines()[0], want=", ".join(FORMATS))
        ) from None


def prepare(grey: np.ndarray, form: dict[str, Any]) -> np.ndarray:
    """One sample for a network: the ink of a picture, cut out, scaled and centred, as the training pictures were.

    grey  uint8 [height, width] of any size; dark on light or light on dark
    form  what a model file says: {"kind": "picture", "shape": [28, 28], "content": [20, 20], "centre": "mass"};
          the centre may be "box" too; a shape of three sizes has one channel, one of one size is flat

    Values are 0 (background) to 1. Most of the border is background. Contrast is stretched to the whole range.

    >>> grey = np.full((40, 30), 255, "uint8")
    >>> grey[10:30, 12:18] = 0
    >>> form = {"kind": "picture", "shape": [8, 8], "content": [8, 8], "centre": "box"}
    >>> lamina.data.pictures.prepare(grey, form).sum(axis=0).round(1).tolist()
    [0.0, 0.0, 0.0, 8.0, 8.0, 0.0, 0.0, 0.0]
    """
    check_form(form)
    shape = [n for n in form["shape"] if n != 1] if len(form["shape"]) == 3 else form["shape"]
    height, width = shape if len(shape) == 2 else (int(shape[0] ** 0.5),) * 2
    drawn = ink(grey)
    rows, columns = np.flatnonzero(drawn.max(1) > 0.2), np.flatnonzero(drawn.max(0) > 0.2)
    canvas = np.zeros((height, width), "float32")
    if len(rows) and len(columns):
        cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        room = [min(pair) for pair in zip(form["content"], canvas.shape)]
        scale = min(room[0] / cut.shape[0], room[1] / cut.shape[1])
        size = [max(1, round(n * scale)) for n in cut.shape]
        canvas = placed(resized(cut, size[0], size[1]), canvas, form["centre"])
    return canvas.reshape(form["shape"])


def check_form(form: dict[str, Any]) -> None:
    """What a model file says of its pictures: ArgumentError where it is not such a form."""
    numbers = [*form.get("shape", ()), *form.get("content", ())] if isinstance(form, dict) else []
    if (
        not numbers
        or form.get("kind") != KIND
        or set(form) - OPTIONAL != REQUIRED
        or not all(type(n) is int and 0 < n <= 4096 for n in numbers)
        or len(form["content"]) != 2
        or len(form["shape"]) > 3
    ):
        raise ArgumentError(
            message(
                "this is no form of pictures",
                got=repr(form)[:200],
                want='{"kind": "picture", "shape", "content", "centre"}',
            )
        )


def ink(grey: np.ndarray) -> np.ndarray:
    """How much is drawn at each place, 0 to 1: the difference from the background, stretched."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(border))
    darkest, lightest = float(grey.min()), float(grey.max())
    reach = background - darkest if background - darkest >= lightest - background else background - lightest
    if abs(reach) < 8:  # a blank page has no ink, only noise
        return np.zeros(grey.shape, "float32")
    return np.clip((background - grey.astype("float32")) / reach, 0, 1)


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture in another size: each new pixel is the mean of the area that it covers.

    >>> lamina.data.pictures.resized(np.array([[0.0, 1.0], [1.0, 1.0]], "float32"), 1, 1)
    array([[0.75]], dtype=float32)
    """
    return (shares(picture.shape[0], height) @ picture @ shares(picture.shape[1], width).T).astype("float32")


def shares(old: int, new: int) -> np.ndarray:
    """[new, old]: how much each old pixel counts in each new one, along one axis."""
    edges = np.linspace(0, old, new + 1)
    pixels = np.arange(old)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(overlap, 0) / (old / new)


def placed(content: np.ndarray, canvas: np.ndarray, centre: str) -> np.ndarray:
    """The canvas with the content on it: its box in the middle, or its centre of mass, as far as there is room."""
    height, width = content.shape
    top, left = (canvas.shape[0] - height) / 2, (canvas.shape[1] - width) / 2
    if centre == "mass" and content.sum() > 0:
        weight = content.sum()
        top = canvas.shape[0] / 2 - (content.sum(1) @ (np.arange(height) + 0.5)) / weight
        left = canvas.shape[1] / 2 - (content.sum(0) @ (np.arange(width) + 0.5)) / weight
    row = int(np.clip(round(top), 0, canvas.shape[0] - height))
    column = int(np.clip(round(left), 0, canvas.shape[1] - width))
    canvas[row : row + height, column : column + width] = content
    return canvas


def show(image, scale: int | None = None):
    """Opens a picture in the viewer of the system, and gives it as a Pillow image (which a notebook draws by itself).

    image  [h, w], [h, w, 1], [1, h, w], [h, w, 3], or a flat square such as 784; uint8 0 to 255, or floats, which are
           0 to 1 unless one of them is larger
    scale  each pixel becomes scale x scale; chosen so that small pictures can be seen

    ShapeError for other shapes, MissingExtra without Pillow.
    """
    pixels = drawable(np.asarray(image))
    scale = scale or max(1, 280 // max(pixels.shape[:2]))
    picture = pillow().fromarray(np.repeat(np.repeat(pixels, scale, 0), scale, 1))
    picture.show()
    return picture


def drawable(array: np.ndarray) -> np.ndarray:
    """The uint8 [h, w] or [h, w, 3] of an array that stands for a picture."""
    side = int(array.size**0.5)
    if array.ndim == 1 and side * side == array.size:
        array = array.reshape(side, side)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or not array.size:
        raise ShapeError(
            message(
                "this is no picture",
                got=str(list(array.shape)),
                want="[height, width], with 1 or 3 channels, or a flat square",
                fix="show one picture at a time: x[0]",
            )
        )
    if array.dtype.kind == "f" and array.max() <= 1:
        array = array * 255
    return np.clip(np.rint(array.astype("float64")), 0, 255).astype("uint8")
