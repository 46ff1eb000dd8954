"""Tensors read at places between their elements: what rotating, moving and zooming images is made of.

A place is a coordinate along each axis, the middle of an element being a whole number. Coordinates are floating-point
numbers until the very end, where they have become numbers of elements within the tensor.
"""

from __future__ import annotations

import itertools
import math

from ..errors import ArgumentError, ShapeError, message, unknown
from ..graph import Node
from ..op import as_value
from .arithmetic import clip
from .axes import spelled
from .compare import greater_equal, less_equal, logical_and, select
from .create import iota
from .defer import public
from .elementwise import add, cast, div, floats, mul, sub
from .gather import gather
from .indexing import get_item
from .pictures import as_they_came, batch_last, checked_format, checked_images
from .piecewise import abs_, minimum, sign
from .shape import reshape
from .transcendental import floor

ORDERS = {"nearest": 0, "bilinear": 1}
FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def remainder(index, period: float):
    """``index`` modulo ``period``, for whole numbers that float32 holds exactly."""
    return sub(index, mul(floor(div(index, period)), period))


def folded(index, size: int, fill_mode: str):
    """Whole numbers brought into 0 .. size - 1."""
    last = float(size - 1)
    if fill_mode == "wrap":
        return remainder(index, float(size))
    if fill_mode == "reflect":  # d c b a | a b c d | d c b a
        turned = remainder(index, 2.0 * size)
        return minimum(turned, sub(2.0 * size - 1.0, turned))
    if fill_mode == "mirror" and size > 1:  # d c b | a b c d | c b a
        return abs_(sub(remainder(add(index, last), 2.0 * last), last))
    return clip(index, 0.0, last)


def cells_beside(coordinate, size: int, order: int, fill_mode: str) -> list[tuple]:
    """(number of the cell, whether there is one, its weight) for each cell that a coordinate is read from."""
    if order == 0:  # halves are rounded away from zero
        lower, weights = mul(sign(coordinate), floor(add(abs_(coordinate), 0.5))), [None]
    else:
        lower = floor(coordinate)
        behind = sub(coordinate, lower)
        weights = [sub(1.0, behind), behind]
    found = []
    for k, weight in enumerate(weights):
        index = add(lower, float(k)) if k else lower
        inside = None
        if fill_mode == "constant":
            inside = logical_and(greater_equal(index, 0.0), less_equal(index, float(size - 1)))
        found.append((folded(index, size, fill_mode), inside, weight))
    return found


def read_between(table, first, coordinates, sizes, order: int, fill_mode: str, fill_value: float):
    """Rows of ``table`` (n, …) at places between its cells: all coordinates have one shape (places,).

    first  the number of the row at coordinates zero: a number, or one for each place
    sizes  how many cells there are along each coordinate; rows stand in row-major order of them
    """
    total = None
    beside = [cells_beside(c, n, order, fill_mode) for c, n in zip(coordinates, sizes, strict=True)]
    for cells in itertools.product(*beside):
        row, inside, weight = first, None, None
        for (index, valid, share), step in zip(cells, steps_of(sizes), strict=True):
            row = add(row, mul(cast(index, "int32"), step) if step != 1 else cast(index, "int32"))
            inside = valid if inside is None else logical_and(inside, valid)
            weight = share if weight is None else mul(weight, share)
        value = gather(table, row)
        if inside is not None:
            value = select(beside_channels(inside, value), value, fill_value)
        if weight is not None:
            value = mul(value, beside_channels(weight, value))
        total = value if total is None else add(total, value)
    return total


def steps_of(sizes) -> list[int]:
    """How many cells lie between neighbours along each axis, in row-major order."""
    return [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]


def beside_channels(x, value):
    """x (places,) with dimensions of size 1 behind, as many as ``value`` has more."""
    return x if len(value.shape) == 1 else reshape(x, shape=(*x.shape, *(1,) * (len(value.shape) - 1)))


def checked_mode(name: str, fill_mode: str) -> None:
    """ArgumentError for an unknown way to go on behind the border."""
    if fill_mode not in FILL_MODES:
        raise unknown(f"fill_mode of {name}", fill_mode, FILL_MODES)


def as_before(y, x):
    """y in the dtype of x; whole numbers are rounded, halves away from zero."""
    if str(x.dtype).startswith("float"):
        return y
    return cast(mul(sign(y), floor(add(abs_(y), 0.5))), str(x.dtype))


@public
def map_coordinates(inputs, coordinates, order: int, fill_mode: str = "constant", fill_value: float = 0.0):
    """A tensor read at any places: element i of the result stands at ``coordinates[:, i]``.

    coordinates  (rank of the inputs, …): one number for each axis of the inputs
    order        0 takes the nearest element, 1 interpolates between the two beside, along each axis
    fill_mode    what stands behind the border: "constant" (``fill_value``), "nearest" (the last element), "wrap",
                 "mirror" (turned round at the last element) or "reflect" (turned round at its edge)

    >>> lamina.ops.image.map_coordinates(np.array([0.0, 10.0, 20.0], "float32"), np.array([[0.5, 1.75]]), 1)
    array([ 5. , 17.5], dtype=float32)
    """
    x, places = as_value(inputs), as_value(coordinates)
    checked_mode("map_coordinates", fill_mode)
    if order not in (0, 1):
        raise ArgumentError(message("map_coordinates: the order is 0 (nearest) or 1 (linear)", got=repr(order)))
    if len(places.shape) < 2 or places.shape[0] != len(x.shape):
        raise ShapeError(
            message(
                "map_coordinates needs one coordinate for each axis",
                got=f"inputs {spelled(x)}, coordinates {spelled(places)}",
                want=f"coordinates of shape ({len(x.shape)}, …)",
            )
        )
    (numbers,) = floats(x)
    dtype = str(numbers.dtype)
    shape = tuple(places.shape[1:])
    rows = [cast(reshape(get_item(places, i), shape=(math.prod(shape),)), dtype) for i in range(len(x.shape))]
    table = reshape(numbers, shape=(math.prod(x.shape),))
    y = read_between(table, 0, rows, tuple(x.shape), order, fill_mode, float(fill_value))
    return as_before(reshape(y, shape=shape), x)


@public
def affine_transform(
    images,
    transform,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
):
    """Images (or one), read at places that an affine map says.

    transform      eight numbers, or (batch, 8): what stands at (x, y) is read at (a0 x + a1 y + a2, b0 x + b1 y + b2);
                   the last two must be 0
    interpolation  "bilinear" or "nearest"
    fill_mode      what stands behind the border: "constant" (``fill_value``), "nearest", "wrap", "mirror", "reflect"

    >>> image = np.arange(3.0, dtype="float32").reshape(1, 3, 1)
    >>> lamina.ops.image.affine_transform(image, np.array([1.0, 0, 1, 0, 1, 0, 0, 0], "float32"))[0, :, 0]
    array([1., 2., 0.], dtype=float32)
    """
    data_format, given = checked_format(data_format), checked_images("affine_transform", images)
    checked_mode("affine_transform", fill_mode)
    if interpolation not in ORDERS:
        raise unknown("interpolation of affine_transform", interpolation, tuple(ORDERS))
    x, numbers = floats(batch_last(given, data_format), transform)
    batch, height, width, channels = x.shape
    if tuple(numbers.shape) not in ((8,), (1, 8), (batch, 8)):
        raise ShapeError(
            message(
                "affine_transform needs eight numbers for each image, or for all",
                got=f"images {spelled(given)}, transform {spelled(numbers)}",
                want=f"(8,) or ({batch}, 8)",
            )
        )
    count = batch if numbers.shape[0] == batch and len(numbers.shape) == 2 else 1
    numbers = reshape(numbers, shape=(count, 8))
    a0, a1, a2, b0, b1, b2 = (reshape(get_item(numbers, (slice(None), i)), shape=(count, 1, 1)) for i in range(6))
    dtype, cells = str(x.dtype), (batch, height, width)
    rows, columns = (counted(x, cells, axis, dtype) for axis in (1, 2))
    across = add(add(mul(columns, a0), mul(rows, a1)), a2)
    down = add(add(mul(columns, b0), mul(rows, b1)), b2)
    first = mul(counted(x, cells, 0, "int32"), height * width)
    flat = (batch * height * width,)
    y = read_between(
        reshape(x, shape=(*flat, channels)),
        reshape(first, shape=flat),
        [reshape(down, shape=flat), reshape(across, shape=flat)],
        (height, width),
        ORDERS[interpolation],
        fill_mode,
        float(fill_value),
    )
    return as_they_came(as_before(reshape(y, shape=tuple(x.shape)), given), data_format, len(given.shape))


def counted(x, shape, axis: int, dtype: str):
    """The number of each cell along an axis: a node where x is one."""
    attrs = {"shape": shape, "axis": axis, "dtype": dtype}
    return iota.node([], attrs) if isinstance(x, Node) else iota(**attrs)
