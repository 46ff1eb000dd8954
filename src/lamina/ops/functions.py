"""The functions people call where an op takes one canonical form only: axes may be negative, ``keepdims`` exists."""

from __future__ import annotations

import builtins
from math import prod as product

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value, common_dtype
from .broadcast import expand, spread, sum_
from .broadcast import kept as kept_shape
from .compare import equal, not_equal, select
from .create import full as full_op
from .create import iota
from .defer import public
from .elementwise import broadcast_shape, cast, div, mul, sub
from .gather import gather
from .matmul import matmul_
from .reduce import argmax_, argmin_, max_, min_, prod_
from .shape import reshape as reshape_op
from .shape import transpose as transpose_op
from .slice import concatenate_, pad_, part, reverse, slice_
from .transcendental import sqrt, square, stop_gradient


def canonical_axis(axis: int, rank: int, what: str = "axis") -> int:
    """The axis counted from the front; an error that says which there are."""
    if not -rank <= axis < rank:
        raise ArgumentError(message(f"{what} {axis} is out of range", got=f"a tensor of {rank} dimensions",
                                    want=f"{-rank}..{rank - 1}"))
    return axis % rank


def canonical_axes(axis, rank: int) -> tuple[int, ...]:
    """None, one axis or several as a sorted tuple."""
    if axis is None:
        return tuple(range(rank))
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(sorted({canonical_axis(a, rank) for a in axes}))


def reduced(op, x, axis, keepdims: bool):
    x = as_value(x)
    axes = canonical_axes(axis, len(x.shape))
    y = op(x, axes=axes)
    if not keepdims:
        return y
    return reshape_op(y, shape=kept_shape(x, axes))


@public
def sum(x, axis=None, keepdims: bool = False):
    """Sum over an axis, several, or all. Truth values are counted."""
    x = as_value(x)
    return reduced(sum_, cast(x, "int32") if str(x.dtype) in ("bool", "uint8") else x, axis, keepdims)


@public
def mean(x, axis=None, keepdims: bool = False):
    """Arithmetic mean over an axis, several, or all; NaN if there are no elements."""
    x = as_value(x)
    x = x if str(x.dtype).startswith("float") else cast(x, "float32")
    axes = canonical_axes(axis, len(x.shape))
    count = product(x.shape[a] for a in axes)
    return div(reduced(sum_, x, axes, keepdims), float(count))


@public
def max(x, axis=None, keepdims: bool = False):
    """Largest element over an axis, several, or all."""
    return reduced(max_, x, axis, keepdims)


@public
def min(x, axis=None, keepdims: bool = False):
    """Smallest element over an axis, several, or all."""
    return reduced(min_, x, axis, keepdims)


@public
def prod(x, axis=None, keepdims: bool = False):
    """Product over an axis, several, or all."""
    return reduced(prod_, x, axis, keepdims)


@public
def any(x, axis=None, keepdims: bool = False):
    """Whether any element is true."""
    return reduced(max_, cast(x, "bool"), axis, keepdims)


@public
def all(x, axis=None, keepdims: bool = False):
    """Whether all elements are true."""
    return reduced(min_, cast(x, "bool"), axis, keepdims)


@public
def var(x, axis=None, keepdims: bool = False):
    """Mean squared distance from the mean."""
    x = as_value(x)
    centred = sub(x, mean(x, axis, keepdims=True))
    return mean(square(centred), axis, keepdims)


@public
def std(x, axis=None, keepdims: bool = False):
    """Square root of the variance."""
    return sqrt(var(x, axis, keepdims))


@public
def argmax(x, axis: int | None = None, keepdims: bool = False):
    """Where the largest element stands along an axis; without one, in the flattened tensor."""
    return arg(argmax_, x, axis, keepdims)


@public
def argmin(x, axis: int | None = None, keepdims: bool = False):
    """Where the smallest element stands along an axis; without one, in the flattened tensor."""
    return arg(argmin_, x, axis, keepdims)


def arg(op, x, axis, keepdims):
    x = as_value(x)
    shape = tuple(x.shape)
    if axis is None:
        y = op(reshape_op(x, shape=(product(shape),)), axis=0)
        return reshape_op(y, shape=(1,) * len(shape)) if keepdims else y
    axis = canonical_axis(axis, len(shape))
    y = op(x, axis=axis)
    return reshape_op(y, shape=(*shape[:axis], 1, *shape[axis + 1:])) if keepdims else y


@public
def reshape(x, newshape):
    """The same elements under another shape; one size may be -1 and follows from the others."""
    x = as_value(x)
    shape = [int(n) for n in ((newshape,) if isinstance(newshape, int) else newshape)]
    if shape.count(-1) > 1:
        raise ShapeError(message("reshape: only one size may be -1", got=str(tuple(shape))))
    if -1 in shape:
        known = product(n for n in shape if n != -1)
        size = product(x.shape)
        if known == 0 or size % known:
            raise ShapeError(message(f"reshape: {size} elements do not fill shape {tuple(shape)}", got=f"{x.dtype}{list(x.shape)}",
                                     want=f"a multiple of {known} elements"))
        shape[shape.index(-1)] = size // known
    return x if tuple(shape) == tuple(x.shape) else reshape_op(x, shape=tuple(shape))


@public
def transpose(x, axes=None):
    """Dimensions in another order; without ``axes``, turned round."""
    x = as_value(x)
    rank = len(x.shape)
    axes = tuple(range(rank))[::-1] if axes is None else tuple(canonical_axis(a, rank) for a in axes)
    return transpose_op(x, axes=axes)


@public
def expand_dims(x, axis):
    """A dimension of size 1 put in at ``axis``."""
    x = as_value(x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    rank = len(x.shape) + len(axes)
    axes = {canonical_axis(a, rank) for a in axes}
    rest = iter(x.shape)
    return reshape_op(x, shape=tuple(1 if i in axes else next(rest) for i in range(rank)))


@public
def squeeze(x, axis=None):
    """Dimensions of size 1 taken out."""
    x = as_value(x)
    axes = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else canonical_axes(axis, len(x.shape))
    if builtins.any(x.shape[a] != 1 for a in axes):
        raise ShapeError(message(f"squeeze: axis {axis} is not of size 1", got=f"{x.dtype}{list(x.shape)}"))
    return reshape_op(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


@public
def broadcast_to(x, shape):
    """x repeated to a shape."""
    return expand(as_value(x), shape=tuple(shape))


@public
def concatenate(xs, axis: int = -1):
    """Tensors end to end along an axis."""
    values = [as_value(x) for x in xs]
    dtype = common_dtype(values, xs)
    return concatenate_(*(cast(v, dtype) for v in values), axis=canonical_axis(axis, len(values[0].shape)))


@public
def stack(xs, axis: int = 0):
    """Tensors of one shape put side by side along a new axis."""
    values = [as_value(x) for x in xs]
    axis = canonical_axis(axis, len(values[0].shape) + 1)
    return concatenate([expand_dims(v, axis) for v in values], axis)


@public
def unstack(x, num: int | None = None, axis: int = 0):
    """The slices along an axis, as a list."""
    x = as_value(x)
    axis = canonical_axis(axis, len(x.shape))
    return [squeeze(part(x, axis, i, i + 1), axis) for i in range(num or x.shape[axis])]


@public
def split(x, indices_or_sections, axis: int = 0):
    """A list of pieces along an axis: a number of equal ones, or cut at the given places."""
    x = as_value(x)
    axis = canonical_axis(axis, len(x.shape))
    n = x.shape[axis]
    if isinstance(indices_or_sections, int):
        if n % indices_or_sections:
            raise ShapeError(message(f"split: {n} does not divide into {indices_or_sections} equal pieces", got=f"{x.dtype}{list(x.shape)}"))
        size = n // indices_or_sections
        cuts = [size * i for i in range(1, indices_or_sections)]
    else:
        cuts = [builtins.min(builtins.max(int(c) if c >= 0 else n + int(c), 0), n) for c in indices_or_sections]
    ends = [0, *cuts, n]
    return [part(x, axis, a, builtins.max(a, b)) for a, b in zip(ends, ends[1:], strict=False)]


@public
def flip(x, axis=None):
    """The elements in opposite order along an axis, several, or all."""
    x = as_value(x)
    return reverse(x, axes=canonical_axes(axis, len(x.shape)))


@public
def matmul(a, b):
    """Matrix product; leading dimensions broadcast, and a vector counts as a row (left) or a column (right)."""
    a, b = as_value(a), as_value(b)
    dtype = common_dtype([a, b])
    dtype = dtype if dtype.startswith("float") else "float32"
    a, b = cast(a, dtype), cast(b, dtype)
    if not a.shape or not b.shape:
        raise ShapeError(message("matmul: a scalar is no matrix", got=f"{a.dtype}{list(a.shape)}, {b.dtype}{list(b.shape)}", fix="use multiply"))
    row, column = len(a.shape) == 1, len(b.shape) == 1
    a = expand_dims(a, 0) if row else a
    b = expand_dims(b, 1) if column else b
    if len(b.shape) == 2 and len(a.shape) > 2 and a.shape[-1] == b.shape[0]:
        y = matmul_(reshape_op(a, shape=(product(a.shape[:-1]), a.shape[-1])), b)
        y = reshape_op(y, shape=(*a.shape[:-1], b.shape[-1]))
    else:
        lead = broadcast_shape(matmul_, [Lead(a), Lead(b)])
        y = matmul_(expand_to(a, lead), expand_to(b, lead))
    if row:
        y = squeeze(y, -2)
    return squeeze(y, -1) if column else y


class Lead:
    """The leading dimensions of a stack of matrices, seen as a tensor of their own."""

    def __init__(self, x):
        self.dtype, self.shape = str(x.dtype), tuple(x.shape)[:-2]


def expand_to(x, lead):
    shape = (*lead, *tuple(x.shape)[-2:])
    return x if tuple(x.shape) == shape else expand(x, shape=shape)


@public
def where(condition, x1, x2):
    """x1 where the condition holds, else x2."""
    return select(condition, x1, x2)


@public
def take(x, indices, axis: int | None = None):
    """Elements picked by number along an axis; without one, from the flattened tensor. Negative numbers count from the end."""
    x, ids = as_value(x), as_value(indices)
    if axis is None:
        x, axis = reshape_op(x, shape=(product(x.shape),)), 0
    axis = canonical_axis(axis, len(x.shape))
    ids = cast(ids, "int32") if str(ids.dtype) not in ("int32", "int64") else ids
    ids = select(ids < 0, ids + x.shape[axis], ids)
    rank = len(x.shape)
    front = transpose_op(x, axes=(axis, *(i for i in range(rank) if i != axis))) if axis else x
    rows = gather(front, ids)
    if not axis:
        return rows
    k = len(ids.shape)
    return transpose_op(rows, axes=(*range(k, k + axis), *range(k), *range(k + axis, k + rank - 1)))


@public
def one_hot(x, num_classes: int, axis: int = -1, dtype: str = "float32"):
    """1 at the place that a number names, else 0; a number outside of 0..num_classes-1 gives zeros."""
    x = as_value(x)
    x = cast(x, "int32") if str(x.dtype) not in ("int32", "int64") else x
    axis = canonical_axis(axis, len(x.shape) + 1)
    shape = (*x.shape[:axis], num_classes, *x.shape[axis:])
    numbers = reshape_op(iota(shape=(num_classes,), axis=0, dtype=str(x.dtype)), shape=tuple(num_classes if i == axis else 1 for i in range(len(shape))))
    return cast(equal(expand_dims(x, axis), numbers), dtype)


@public
def full(shape, fill_value, dtype: str | None = None):
    """A tensor of one value."""
    dtype = dtype or {bool: "bool", int: "int32"}.get(type(fill_value), "float32")
    return full_op(value=fill_value, shape=(shape,) if isinstance(shape, int) else tuple(shape), dtype=dtype)


@public
def zeros_like(x, dtype: str | None = None):
    """Zeros of the shape of x."""
    x = as_value(x)
    return full(tuple(x.shape), 0, dtype or str(x.dtype))


@public
def ones_like(x, dtype: str | None = None):
    """Ones of the shape of x."""
    x = as_value(x)
    return full(tuple(x.shape), 1, dtype or str(x.dtype))


@public
def pad(x, pad_width, constant_values: float = 0):
    """``constant_values`` put before and behind each axis: ``pad_width`` is a number, a pair, or a pair for each axis."""
    x = as_value(x)
    rank = len(x.shape)
    if isinstance(pad_width, int):
        pairs = ((pad_width, pad_width),) * rank
    else:
        pairs = tuple(tuple(p) if isinstance(p, tuple | list) else (p, p) for p in pad_width)
        pairs = (tuple(pad_width),) * rank if builtins.all(isinstance(p, int) for p in pad_width) and len(pad_width) == 2 else pairs * rank if len(pairs) == 1 else pairs
    value = float(constant_values) if str(x.dtype).startswith("float") else int(constant_values)
    return pad_(x, low=tuple(a for a, _ in pairs), high=tuple(b for _, b in pairs), interior=(0,) * rank, value=value)


@public
def get_item(x, index):
    """``x[index]`` with whole numbers, slices, ``...`` and None, as in NumPy; or an integer tensor of row numbers."""
    x = as_value(x)
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) == 1 and not isinstance(parts[0], int | slice | type(None) | type(...)):
        return take(x, parts[0], axis=0)
    used = builtins.sum(p is not None and p is not ... for p in parts)
    if used > len(x.shape):
        raise ShapeError(message(f"{used} indices for {len(x.shape)} dimensions", got=f"{x.dtype}{list(x.shape)}"))
    fill = (slice(None),) * (len(x.shape) - used)
    at = parts.index(...) if builtins.any(p is ... for p in parts) else len(parts)
    parts = (*parts[:at], *fill, *parts[at + 1:])
    return sliced(x, parts)


def sliced(x, parts):
    start, stop, step, turn, shape, axis = [], [], [], [], [], 0
    for p in parts:
        if p is None:
            shape.append(1)
            continue
        n = x.shape[axis]
        if isinstance(p, slice):
            a, b, s = p.indices(n)
            count = len(range(a, b, s))
            if s < 0:
                turn.append(axis)
                a, s = a + (count - 1) * s if count else 0, -s
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
    return y if tuple(y.shape) == tuple(shape) else reshape_op(y, shape=tuple(shape))


__all__ = ["all", "any", "argmax", "argmin", "broadcast_to", "concatenate", "expand_dims", "flip", "full", "get_item", "kept_shape", "matmul",
           "max", "mean", "min", "mul", "not_equal", "one_hot", "ones_like", "pad", "prod", "reshape", "spread", "split", "squeeze",
           "stack", "std", "stop_gradient", "sum", "take", "transpose", "unstack", "var", "where", "zeros_like"]
