"""The same elements under another shape or in another order, under Keras's names."""

from __future__ import annotations

import builtins
import itertools
import math

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value, common_dtype
from .axes import canonical_axes, canonical_axis, spelled
from .broadcast import expand
from .defer import public
from .elementwise import cast, sub
from .shape import reshape as reshape_
from .shape import transpose as transpose_
from .slice import concatenate_, pad_, part, reverse


@public
def reshape(x, newshape):
    """The same elements under another shape; one size may be -1 and follows from the others."""
    x = as_value(x)
    shape = [int(n) for n in ((newshape,) if isinstance(newshape, int) else newshape)]
    if shape.count(-1) > 1:
        raise ShapeError(message("reshape: only one size may be -1", got=str(tuple(shape))))
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        size = math.prod(x.shape)
        if known == 0 or size % known:
            raise ShapeError(
                message(
                    f"reshape: {size} elements do not fill shape {tuple(shape)}",
                    got=spelled(x),
                    want=f"a multiple of {known} elements",
                )
            )
        shape[shape.index(-1)] = size // known
    return x if tuple(shape) == tuple(x.shape) else reshape_(x, shape=tuple(shape))


@public
def ravel(x):
    """All elements in one row."""
    return reshape(x, -1 if math.prod(as_value(x).shape) else 0)


@public
def transpose(x, axes=None):
    """Dimensions in another order; without ``axes``, turned round."""
    x = as_value(x)
    rank = len(x.shape)
    axes = tuple(range(rank))[::-1] if axes is None else tuple(canonical_axis(a, rank) for a in axes)
    return transpose_(x, axes=axes)


@public
def swapaxes(x, axis1: int, axis2: int):
    """Two dimensions in each other's place."""
    x = as_value(x)
    order = list(range(len(x.shape)))
    a, b = canonical_axis(axis1, len(order)), canonical_axis(axis2, len(order))
    order[a], order[b] = order[b], order[a]
    return transpose_(x, axes=tuple(order))


@public
def moveaxis(x, source, destination):
    """Dimensions moved to other places; the rest keep their order."""
    x = as_value(x)
    rank = len(x.shape)
    froms = [canonical_axis(a, rank) for a in ((source,) if isinstance(source, int) else source)]
    tos = [canonical_axis(a, rank) for a in ((destination,) if isinstance(destination, int) else destination)]
    if len(froms) != len(tos):
        raise ArgumentError(message("moveaxis: as many destinations as sources", got=f"{source}, {destination}"))
    order = [i for i in range(rank) if i not in froms]
    for to, origin in sorted(zip(tos, froms, strict=True)):
        order.insert(to, origin)
    return transpose_(x, axes=tuple(order))


@public
def expand_dims(x, axis):
    """A dimension of size 1 put in at ``axis``, or at each of several."""
    x = as_value(x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    rank = len(x.shape) + len(axes)
    axes = {canonical_axis(a, rank) for a in axes}
    rest = iter(x.shape)
    return reshape_(x, shape=tuple(1 if i in axes else next(rest) for i in range(rank)))


@public
def squeeze(x, axis=None):
    """Dimensions of size 1 taken out."""
    x = as_value(x)
    axes = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else canonical_axes(axis, len(x.shape))
    if builtins.any(x.shape[a] != 1 for a in axes):
        raise ShapeError(message(f"squeeze: axis {axis} is not of size 1", got=spelled(x)))
    return reshape_(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


@public
def broadcast_to(x, shape):
    """x repeated to a shape."""
    return expand(as_value(x), shape=tuple(shape))


def given(name: str, xs) -> list:
    """The tensors of a list; ArgumentError where there are none."""
    if not len(xs):
        raise ArgumentError(message(f"{name}: there are no tensors", got=repr(xs), want="one or more"))
    return [as_value(x) for x in xs]


@public
def concatenate(xs, axis: int = 0):
    """Tensors end to end along an axis."""
    values = given("concatenate", xs)
    dtype = common_dtype(values, xs)
    return concatenate_(*(cast(v, dtype) for v in values), axis=canonical_axis(axis, len(values[0].shape)))


@public
def stack(xs, axis: int = 0):
    """Tensors of one shape put side by side along a new axis."""
    values = given("stack", xs)
    axis = canonical_axis(axis, len(values[0].shape) + 1)
    return concatenate([expand_dims(v, axis) for v in values], axis)


@public
def hstack(xs):
    """Tensors end to end along the second axis, or the first of vectors."""
    return concatenate(xs, 0 if len(given("hstack", xs)[0].shape) == 1 else 1)


@public
def vstack(xs):
    """Tensors end to end along the first axis; a vector counts as a row."""
    values = [as_value(x) for x in xs]
    return concatenate([expand_dims(v, 0) if len(v.shape) == 1 else v for v in values], 0)


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
            raise ShapeError(
                message(f"split: {n} does not divide into {indices_or_sections} equal pieces", got=spelled(x))
            )
        size = n // indices_or_sections
        cuts = [size * i for i in range(1, indices_or_sections)]
    else:
        cuts = [builtins.min(builtins.max(int(c) if c >= 0 else n + int(c), 0), n) for c in indices_or_sections]
    return [part(x, axis, a, builtins.max(a, b)) for a, b in itertools.pairwise([0, *cuts, n])]


@public
def flip(x, axis=None):
    """The elements in opposite order along an axis, several, or all."""
    x = as_value(x)
    return reverse(x, axes=canonical_axes(axis, len(x.shape)))


@public
def roll(x, shift, axis=None):
    """The elements moved by ``shift`` along an axis; what leaves at the end comes in at the front.

    >>> lamina.ops.roll([1, 2, 3, 4], 1)
    array([4, 1, 2, 3], dtype=int32)
    """
    x = as_value(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), tuple(x.shape))
    shifts, axes = ((shift,), (axis,)) if isinstance(axis, int) else (tuple(shift), tuple(axis))
    for s, a in zip(shifts, axes, strict=True):
        a = canonical_axis(a, len(x.shape))
        n = x.shape[a]
        if n and s % n:
            x = concatenate_(part(x, a, n - s % n, n), part(x, a, 0, n - s % n), axis=a)
    return x


@public
def tile(x, repeats):
    """x put side by side ``repeats`` times along each axis."""
    x = as_value(x)
    times = (repeats,) if isinstance(repeats, int) else tuple(int(r) for r in repeats)
    rank = builtins.max(len(x.shape), len(times))
    shape, times = (1,) * (rank - len(x.shape)) + tuple(x.shape), (1,) * (rank - len(times)) + times
    apart = reshape(x, [n for size in shape for n in (1, size)])
    wide = expand(apart, shape=tuple(n for t, size in zip(times, shape, strict=True) for n in (t, size)))
    return reshape(wide, [t * n for t, n in zip(times, shape, strict=True)])


@public
def repeat(x, repeats: int, axis: int | None = None):
    """Each element ``repeats`` times in a row along an axis; without one, in the flattened tensor."""
    x = as_value(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = canonical_axis(axis, len(x.shape))
    shape = tuple(x.shape)
    wide = expand(expand_dims(x, axis + 1), shape=(*shape[: axis + 1], int(repeats), *shape[axis + 1 :]))
    return reshape(wide, (*shape[:axis], shape[axis] * int(repeats), *shape[axis + 1 :]))


@public
def pad(x, pad_width, mode: str = "constant", constant_values=None):
    """Elements put before and behind each axis: ``pad_width`` is a number, a pair, or a pair for each axis.

    ``mode`` is "constant" (``constant_values``, 0 unless given), "reflect" (mirrored, the edge not repeated) or
    "symmetric" (mirrored, the edge repeated).
    """
    x = as_value(x)
    rank = len(x.shape)
    pairs = padding_pairs(pad_width, rank)
    if mode == "constant":
        value = constant_values or 0
        value = float(value) if str(x.dtype).startswith("float") else int(value)
        return pad_(
            x, low=tuple(a for a, _ in pairs), high=tuple(b for _, b in pairs), interior=(0,) * rank, value=value
        )
    if mode not in ("reflect", "symmetric"):
        raise ArgumentError(message(f"pad: unknown mode {mode!r}", want='"constant", "reflect" or "symmetric"'))
    edge = 1 if mode == "reflect" else 0
    for axis, (low, high) in enumerate(pairs):
        n = x.shape[axis]
        if builtins.max(low, high) > n - edge:
            raise ShapeError(
                message(f"pad: axis {axis} is too short to be mirrored by {low} and {high}", got=spelled(x))
            )
        before, behind = part(x, axis, edge, edge + low), part(x, axis, n - edge - high, n - edge)
        x = concatenate_(reverse(before, axes=(axis,)), x, reverse(behind, axes=(axis,)), axis=axis)
    return x


def padding_pairs(pad_width, rank: int) -> tuple[tuple[int, int], ...]:
    """A pair for each axis."""
    if isinstance(pad_width, int):
        return ((pad_width, pad_width),) * rank
    pairs = [tuple(int(n) for n in p) if isinstance(p, tuple | list) else int(p) for p in pad_width]
    if len(pairs) == 2 and builtins.all(isinstance(p, int) for p in pairs):
        pairs = [tuple(pairs)]
    pairs = [p if isinstance(p, tuple) else (p, p) for p in pairs]
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank:
        raise ArgumentError(message(f"pad: {len(pairs)} pairs for {rank} dimensions", got=str(pad_width)))
    return tuple(pairs)  # type: ignore[return-value]


@public
def diff(a, n: int = 1, axis: int = -1):
    """The difference of each element and the one before it along an axis, ``n`` times over."""
    a = as_value(a)
    axis = canonical_axis(axis, len(a.shape))
    for _ in range(n):
        size = a.shape[axis]
        a = sub(part(a, axis, 1, size), part(a, axis, 0, size - 1)) if size else a
    return a


__all__ = [
    "broadcast_to",
    "concatenate",
    "diff",
    "expand_dims",
    "flip",
    "hstack",
    "moveaxis",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "unstack",
    "vstack",
]
