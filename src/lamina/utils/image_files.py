"""Picture files in folders as batches of images."""

from __future__ import annotations

import os
from functools import lru_cache, partial

import numpy as np

from .. import ops
from ..data import pictures
from ..errors import ArgumentError, message, unknown
from ..ops.resizing import INTERPOLATIONS, aspect_crop, cell_weights
from .directories import file_batches

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}


def image_dataset_from_directory(
    directory: str | os.PathLike,
    labels="inferred",
    label_mode: str | None = "int",
    class_names=None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str | None = None,
    verbose: bool = True,
):
    """Batches of images from the picture files of a folder: float32 (batch, height, width, channels), 0 to 255.

    color_mode            "rgb", "rgba" or "grayscale": 3, 4 or 1 channels
    image_size            height and width, or one number for both
    interpolation         "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5"
    crop_to_aspect_ratio  whether to cut off what does not fit the new shape, so that nothing is stretched
    pad_to_aspect_ratio   whether to put zeros around instead
    data_format           "channels_first" for (batch, channels, height, width)

    The other arguments, and what comes back, are those of ``text_dataset_from_directory``. Of a GIF the first picture
    is taken. Pillow is needed: MissingExtra without it. FileFormatError for a file that is no picture.

    >>> data = lamina.utils.image_dataset_from_directory("birds", image_size=64)        # doctest: +SKIP
    """
    pictures.pillow()
    if color_mode not in MODES:
        raise unknown("color_mode", str(color_mode), MODES)
    if interpolation not in INTERPOLATIONS:
        raise unknown("interpolation", str(interpolation), INTERPOLATIONS)
    if data_format not in (None, "channels_last", "channels_first"):
        raise unknown("data_format", str(data_format), ("channels_last", "channels_first"))
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(n, int) and n > 0 for n in size):
        want = "whole numbers above 0"
        raise ArgumentError(message("image_size is height and width", got=repr(image_size), want=want))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError(message("either crop_to_aspect_ratio or pad_to_aspect_ratio, not both"))
    how = {"size": size, "interpolation": interpolation, "crop": crop_to_aspect_ratio, "pad": pad_to_aspect_ratio}
    read = partial(images, mode=MODES[color_mode], first=data_format == "channels_first", how=how)
    return file_batches(
        directory,
        labels,
        label_mode,
        class_names,
        ENDINGS,
        read,
        batch_size,
        shuffle,
        seed,
        validation_split,
        subset,
        follow_links,
        verbose,
    )


def images(paths: list[str], mode: str, first: bool, how: dict) -> np.ndarray:
    """The pictures of files as one array."""
    table = np.stack([sized(pictures.pixels(path, mode).astype("float32"), **how) for path in paths])
    return np.ascontiguousarray(table.transpose(0, 3, 1, 2)) if first else table


def sized(image: np.ndarray, size: tuple[int, int], interpolation: str, crop: bool, pad: bool) -> np.ndarray:
    """A picture in the size of the others: stretched, cut to their shape first, or with zeros around."""
    if crop:
        (top, high), (left, wide) = aspect_crop(image.shape[:2], size)
        image = image[top : top + high, left : left + wide]
    if not pad:
        return resized(image, size, interpolation)
    ratio = max(have / want for have, want in zip(image.shape, size))
    exact = [n / ratio for n in image.shape[:2]]
    height, width = (max(int(n), 1) for n in exact)
    top, left = (int((want - n) / 2) for want, n in zip(size, exact))
    table = np.zeros((*size, image.shape[2]), "float32")
    table[top : top + height, left : left + width] = resized(image, (height, width), interpolation)
    return table


def resized(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """What ``ops.image.resize`` gives, to rounding; a single large picture takes a tenth of its time here."""
    if interpolation == "nearest":
        return ops.image.resize(image, size, interpolation)
    for axis in (0, 1):
        cells, weights = taps(image.shape[axis], size[axis], interpolation)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        image = sum(np.take(image, c, axis) * w.reshape(shape) for c, w in zip(cells, weights))  # type: ignore[assignment]
    return image


@lru_cache(64)
def taps(old: int, new: int, interpolation: str) -> tuple[np.ndarray, np.ndarray]:
    """The few old cells that make each new one, and their weights: the n-th of all new cells in row n."""
    weights = cell_weights(old, new, interpolation).astype("float32")
    most = int((weights != 0).sum(axis=1).max())
    cells = np.argsort(weights == 0, axis=1, kind="stable")[:, :most]
    return cells.T, np.take_along_axis(weights, cells, axis=1).T
