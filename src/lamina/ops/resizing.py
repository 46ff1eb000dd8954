"""Images of another size: along each axis a small matrix says how the new cells are made of the old ones."""

from __future__ import annotations

import math

import numpy as np

from ..errors import ArgumentError, message, unknown
from ..graph import Node
from ..op import as_node
from .arrange import pad
from .conversion import saturate_cast
from .defer import public
from .elementwise import floats
from .gather import gather
from .pictures import as_they_came, batch_last, checked_format, checked_images, spatial_axes
from .products import matmul
from .shape import reshape
from .slice import part
from .transcendental import round_


def lanczos(radius: int):
    """sinc(x) sinc(x / radius) within the radius (Duchon, "Lanczos filtering in one and two dimensions", 1979)."""
    return lambda x: np.sinc(x) * np.sinc(x / radius) * (x < radius)


def cubic(x):
    """Keys's cubic with a = -1/2 (IEEE ASSP 29, 1981, equation 15)."""
    near, far = (1.5 * x - 2.5) * x * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


# The weight of a cell by its distance.
KERNELS = {
    "bilinear": lambda x: np.maximum(1.0 - x, 0.0),
    "bicubic": cubic,
    "lanczos3": lanczos(3),
    "lanczos5": lanczos(5),
}
INTERPOLATIONS = ("nearest", *KERNELS)
NARROW = 16  # fewer numbers than this side by side are too few columns for a matrix product


def cell_weights(old: int, new: int, interpolation: str, antialias: bool = False) -> np.ndarray:
    """The matrix (new, old) that makes ``new`` cells of ``old`` ones, both spread evenly over the same length.

    With ``antialias`` the kernel of a smaller image is widened, so that each old cell counts.
    """
    wide = max(old / new, 1.0) if antialias else 1.0
    places = (np.arange(new) + 0.5) * (old / new) - 0.5
    weights = KERNELS[interpolation](np.abs(places[:, None] - np.arange(old)) / wide)
    return weights / weights.sum(axis=1, keepdims=True)


def combined(x, weights: np.ndarray, axis: int):
    """x with the cells along an axis made anew by a matrix (new, old)."""
    shape, (new, old) = tuple(x.shape), weights.shape
    before, behind = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    weights = weights.astype(str(x.dtype))
    if behind < NARROW:
        spread = np.kron(weights.T, np.eye(behind, dtype=weights.dtype))
        y = matmul(reshape(x, shape=(before, old * behind)), constant(x, spread))
    else:
        y = matmul(constant(x, weights), reshape(x, shape=(before, old, behind)))
    return reshape(y, shape=(*shape[:axis], new, *shape[axis + 1 :]))


def constant(x, array: np.ndarray):
    """The array as a node where x is one."""
    return as_node(array) if isinstance(x, Node) else array


def nearest_cells(x, height: int, width: int):
    """Images (batch, height, width, channels) of another size, each cell that of the old image around its middle."""
    batch, *sizes, channels = x.shape
    rows, columns = (
        np.floor((np.arange(new, dtype=np.float32) + np.float32(0.5)) * np.float32(old) / np.float32(new)).astype(
            "int32"
        )
        for old, new in zip(sizes, (height, width), strict=True)
    )
    cells = np.arange(batch, dtype="int32")[:, None, None] * math.prod(sizes) + (rows[:, None] * sizes[1] + columns)
    table = reshape(x, shape=(batch * math.prod(sizes), channels))
    return reshape(gather(table, constant(x, cells.reshape(-1))), shape=(batch, height, width, channels))


def aspect_crop(sizes, target) -> tuple[tuple[int, int], ...]:
    """For each axis start and size of the largest part in the middle that has the shape of the target."""
    found = []
    for axis in (0, 1):
        size = max(min(sizes[axis], int(sizes[1 - axis] * target[axis] / target[1 - axis])), 1)
        found.append((int((sizes[axis] - size) / 2), size))
    return tuple(found)


def aspect_borders(sizes, target) -> tuple[int, int]:
    """For each axis how many cells must stand at both ends, so that the image has the shape of the target."""
    wanted = (max(sizes[a], int(sizes[1 - a] * target[a] / target[1 - a])) for a in (0, 1))
    high, wide = (int((n - size) / 2) for n, size in zip(wanted, sizes, strict=True))
    return (high, 0) if high else (0, wide)


@public
def resize(
    images,
    size,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
):
    """Images (or one) of another height and width.

    size                  (height, width)
    interpolation         "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5"
    antialias             whether smaller images are made of all cells, not just of those around the new places
    crop_to_aspect_ratio  whether to cut off what does not fit the new shape, so that nothing is stretched
    pad_to_aspect_ratio   whether to put ``fill_value`` around instead

    Whole numbers, such as pixels of 8 bits, are rounded and kept within what their dtype holds.

    >>> lamina.ops.image.resize(np.array([[[0.0], [1.0]]], "float32"), (1, 4))[0, :, 0]
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    data_format, x = checked_format(data_format), checked_images("resize", images)
    if interpolation not in INTERPOLATIONS:
        raise unknown("interpolation of resize", interpolation, INTERPOLATIONS)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError(message("resize: either crop_to_aspect_ratio or pad_to_aspect_ratio, not both"))
    if fill_mode != "constant":
        raise unknown("fill_mode of resize", fill_mode, ("constant",))
    target = checked_size(size)
    axes = spatial_axes(x, data_format)
    sizes = tuple(x.shape[a] for a in axes)
    if crop_to_aspect_ratio:
        for axis, (start, length) in zip(axes, aspect_crop(sizes, target), strict=True):
            x = part(x, axis, start, start + length)
    elif pad_to_aspect_ratio:
        borders = dict(zip(axes, aspect_borders(sizes, target), strict=True))
        x = pad(x, [(borders.get(a, 0),) * 2 for a in range(len(x.shape))], constant_values=fill_value)
    if interpolation == "nearest":
        y = nearest_cells(batch_last(x, data_format), *target)
        return as_they_came(y, data_format, len(x.shape))
    (y,) = floats(x)
    for axis, new in zip(axes, target, strict=True):
        old = x.shape[axis]
        y = y if new == old else combined(y, cell_weights(old, new, interpolation, antialias), axis)
    return y if str(x.dtype).startswith("float") else saturate_cast(round_(y), str(x.dtype))


def checked_size(size) -> tuple[int, int]:
    """Height and width as two whole numbers from 1 on."""
    values = tuple(size) if isinstance(size, list | tuple) else ()
    if len(values) != 2 or any(isinstance(n, bool) or not hasattr(n, "__index__") or n < 1 for n in values):
        raise ArgumentError(
            message("a size of images is (height, width)", got=repr(size), want="two numbers from 1 on")
        )
    return int(values[0]), int(values[1])
