"""Elements picked and placed by number, under Keras's names, and what ``x[…]`` means."""

from __future__ import annotations

import builtins
import math
from numbers import Integral
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, TraceError, message
from ..graph import Node
from ..op import as_value
from .along import take_along
from .arithmetic import floor_divide, mod
from .arrange import expand_dims
from .axes import canonical_axis, spelled
from .broadcast import expand
from .compare import equal, select
from .create import full_like, iota_like
from .defer import public
from .elementwise import add, cast
from .gather import gather, scatter_add
from .reduce import max_
from .shape import reshape, transpose
from .slice import pad_, reverse, slice_


def whole_numbers(x):
    """x as numbers of rows."""
    x = as_value(x)
    return x if str(x.dtype) in ("int32", "int64") else cast(x, "int32")


def from_the_front(ids, size: int):
    """Negative numbers count from the end."""
    return select(ids < 0, ids + size, ids)


@public
def where(condition, x1=None, x2=None) -> Any:
    """x1 where the condition holds, else x2; without them, where it holds, as ``nonzero`` says."""
    return nonzero(condition) if x1 is None or x2 is None else select(condition, x1, x2)


@public
def nonzero(x):
    """Where the elements are not zero: a list of numbers for each axis. Only on arrays, as their count is a value."""
    return tuple(places.astype("int32") for places in np.nonzero(known(x, "nonzero")))


@public
def unique(x):
    """The different elements, in rising order. Only on arrays, as their count is a value."""
    return np.unique(known(x, "unique"))


def known(x, name: str):
    """The array, or a TraceError where there is none yet."""
    x = as_value(x)
    if isinstance(x, Node) and x.value is None:
        raise TraceError(
            message(f"{name}: how many results there are depends on values that are not yet computed", got=repr(x))
        )
    return x.value if isinstance(x, Node) else x


@public
def take(x, indices, axis: int | None = None):
    """Elements picked by number along an axis; without one, from the flattened tensor.

    Negative numbers count from the end.
    """
    x, ids = as_value(x), whole_numbers(indices)
    if axis is None:
        x, axis = reshape(x, shape=(math.prod(x.shape),)), 0
    axis = canonical_axis(axis, len(x.shape))
    ids = from_the_front(ids, x.shape[axis])
    rank = len(x.shape)
    front = transpose(x, axes=(axis, *(i for i in range(rank) if i != axis))) if axis else x
    rows = gather(front, ids)
    if not axis:
        return rows
    k = len(ids.shape)
    return transpose(rows, axes=(*range(k, k + axis), *range(k), *range(k + axis, k + rank - 1)))


@public
def take_along_axis(x, indices, axis: int | None = None):
    """Elements picked along an axis, each place with a number of its own."""
    x, ids = as_value(x), whole_numbers(indices)
    if axis is None:
        x, axis = reshape(x, shape=(math.prod(x.shape),)), 0
    axis = canonical_axis(axis, len(x.shape))
    ids = from_the_front(ids, x.shape[axis])
    ids = expand(
        ids,
        shape=tuple(
            m if i == axis else builtins.max(m, n) for i, (m, n) in enumerate(zip(ids.shape, x.shape, strict=True))
        ),
    )
    x = expand(x, shape=tuple(n if i == axis else m for i, (m, n) in enumerate(zip(ids.shape, x.shape, strict=True))))
    return take_along(x, ids, axis=axis)


@public
def one_hot(x, num_classes: int, axis: int = -1, dtype: str | None = None):
    """1 at the place that a number names, else 0; a number outside of 0..num_classes-1 gives zeros.

    >>> lamina.ops.one_hot([0, 2, 7], 3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]], dtype=float32)
    """
    x = whole_numbers(x)
    axis = canonical_axis(axis, len(x.shape) + 1)
    numbers = iota_like(x, num_classes)
    numbers = reshape(numbers, shape=tuple(num_classes if i == axis else 1 for i in range(len(x.shape) + 1)))
    return cast(equal(expand_dims(x, axis), numbers), dtype or "float32")


@public
def multi_hot(inputs, num_classes: int, axis: int = -1, dtype: str | None = None):
    """1 at every place that one of the numbers of a row names, else 0."""
    x = as_value(inputs)
    if len(x.shape) < 2:
        return (
            max_(one_hot(x, num_classes, -1, dtype), axes=(0,))
            if len(x.shape) == 1
            else one_hot(x, num_classes, -1, dtype)
        )
    axis = canonical_axis(axis, len(x.shape))
    return max_(one_hot(x, num_classes, -1, dtype), axes=(axis,))


@public
def segment_sum(data, segment_ids, num_segments: int, sorted: bool = False):
    """Rows added up by the number of their segment."""
    return scatter_add(as_value(data), whole_numbers(segment_ids), rows=int(num_segments))


@public
def segment_max(data, segment_ids, num_segments: int, sorted: bool = False):
    """The largest rows of each segment, by the number of the segment; -inf (or the least number) where it has none."""
    data, ids = as_value(data), whole_numbers(segment_ids)
    least = -math.inf if str(data.dtype).startswith("float") else int(np.iinfo(str(data.dtype)).min)
    segments = reshape(iota_like(ids, int(num_segments)), shape=(int(num_segments), 1))
    member = equal(segments, reshape(ids, shape=(1, *ids.shape)))
    shape = (int(num_segments), *data.shape)
    member = expand(reshape(member, shape=(*member.shape, *(1 for _ in data.shape[1:]))), shape=shape)
    return max_(select(member, expand(data, shape=shape), least), axes=(1,))


@public
def unravel_index(indices, shape):
    """Numbers of elements in row-major order, as a number for each axis."""
    left, found = whole_numbers(indices), []
    for n in reversed(shape):
        found.append(mod(left, int(n)))
        left = floor_divide(left, int(n))
    return tuple(reversed(found))


@public
def select_among(condlist, choicelist, default=0):
    """For each element the first choice whose condition holds, else ``default``: what ``keras.ops.select`` does."""
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = select(condition, choice, result)
    return result


@public
def bincount(x, weights=None, minlength: int = 0):
    """How often each number from 0 to ``minlength`` - 1 occurs; on arrays, up to the largest that does."""
    ids = whole_numbers(x)
    size = int(minlength)
    if not isinstance(ids, Node) and ids.size:
        size = builtins.max(size, int(ids.max()) + 1)
    if not size:
        raise ArgumentError(message("bincount: how many numbers there are is not known yet", fix="give minlength"))
    counted = full_like(ids, 1, dtype="int32") if weights is None else as_value(weights)
    return scatter_add(counted, ids, rows=size)


@public
def slice(inputs, start_indices, shape):
    """The block of the given shape that starts at ``start_indices``."""
    x = as_value(inputs)
    starts, sizes = [int(i) for i in start_indices], [int(n) for n in shape]
    return slice_(
        x, start=tuple(starts), stop=tuple(a + n for a, n in zip(starts, sizes, strict=True)), step=(1,) * len(starts)
    )


@public
def slice_update(inputs, start_indices, updates):
    """The tensor with the block that starts at ``start_indices`` replaced."""
    x = as_value(inputs)
    updates = cast(updates, str(x.dtype))
    starts = tuple(int(i) for i in start_indices)
    ends = tuple(n - a - m for n, a, m in zip(x.shape, starts, updates.shape, strict=True))
    if builtins.any(n < 0 for n in (*starts, *ends)):
        raise ShapeError(
            message("slice_update: the block does not fit", got=f"{spelled(updates)} at {starts} into {spelled(x)}")
        )
    none = (0,) * len(starts)
    inside = pad_(full_like(updates, True, dtype="bool"), low=starts, high=ends, interior=none, value=False)
    value = 0.0 if str(x.dtype).startswith("float") else 0
    return select(inside, pad_(updates, low=starts, high=ends, interior=none, value=value), x)


@public
def scatter(indices, values, shape):
    """Zeros of a shape, with values added where the rows of ``indices`` name a place."""
    shape = tuple(int(n) for n in shape)
    ids, values = whole_numbers(indices), as_value(values)
    rows, rest = shape[: ids.shape[-1]], shape[ids.shape[-1] :]
    flat = reshape(scatter_add(values, flattened(ids, rows), rows=math.prod(rows)), shape=(*rows, *rest))
    return flat


@public
def scatter_update(inputs, indices, updates):
    """The tensor with new elements where the rows of ``indices`` name a place; name each place once at most."""
    x, ids = as_value(inputs), whole_numbers(indices)
    updates = cast(updates, str(x.dtype))
    count = ids.shape[-1]
    new = scatter(ids, updates, tuple(x.shape))
    hit = scatter(ids, full_like(ids, 1, tuple(ids.shape[:-1]), "int32"), tuple(x.shape[:count]))
    hit = expand(
        reshape(cast(hit, "bool"), shape=(*x.shape[:count], *(1 for _ in x.shape[count:]))), shape=tuple(x.shape)
    )
    return select(hit, new, x)


def flattened(ids, sizes):
    """Rows of one number for each axis, as row-major numbers."""
    total = None
    for i, n in enumerate(sizes):
        column = get_item(ids, (..., i))
        total = column if total is None else add(total * n, column)
    return total


@public
def get_item(x, index):
    """``x[index]`` with whole numbers, slices, ``...`` and None, as in NumPy; or an integer tensor of row numbers."""
    x = as_value(x)
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) == 1 and not isinstance(parts[0], Integral | builtins.slice | type(None) | type(...)):
        return take(x, parts[0], axis=0)
    used = builtins.sum(p is not None and p is not ... for p in parts)
    if used > len(x.shape):
        raise ShapeError(message(f"{used} indices for {len(x.shape)} dimensions", got=spelled(x)))
    fill = (builtins.slice(None),) * (len(x.shape) - used)
    at = next((i for i, p in enumerate(parts) if p is ...), len(parts))
    return sliced(x, (*parts[:at], *fill, *parts[at + 1 :]))


def sliced(x, parts):
    """x cut by one whole number, slice or None after another."""
    start, stop, step, turn, shape, axis = [], [], [], [], [], 0
    for p in parts:
        if p is None:
            shape.append(1)
            continue
        n = x.shape[axis]
        if isinstance(p, builtins.slice):
            a, b, s = p.indices(n)
            count = len(range(a, b, s))
            if s < 0:
                turn.append(axis)
                a, s = a + (count - 1) * s if count else 0, -s
            a = a if count else 0
            b = a + (count - 1) * s + 1 if count else a
            shape.append(count)
        else:
            a = canonical_axis(int(p), n, "index")
            b, s = a + 1, 1
        start.append(a)
        stop.append(b)
        step.append(s)
        axis += 1
    whole = builtins.all(a == 0 and b == n and s == 1 for a, b, s, n in zip(start, stop, step, x.shape, strict=True))
    y = x if whole else slice_(x, start=tuple(start), stop=tuple(stop), step=tuple(step))
    y = reverse(y, axes=tuple(turn)) if turn else y
    return y if tuple(y.shape) == tuple(shape) else reshape(y, shape=tuple(shape))


__all__ = [
    "bincount",
    "get_item",
    "multi_hot",
    "nonzero",
    "one_hot",
    "scatter",
    "scatter_update",
    "segment_max",
    "segment_sum",
    "slice",
    "slice_update",
    "take",
    "take_along_axis",
    "unique",
    "unravel_index",
    "where",
]
