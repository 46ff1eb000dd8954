"""Sorting: values, order, and the largest few. Equals keep their order, so the gradient of equals is declared too."""

from __future__ import annotations

from math import floor, prod

from ..errors import ArgumentError, ShapeError, message, shape_error
from ..op import Op, as_value, item
from ..types import Type
from .along import put_along
from .arrange import expand_dims, ravel, reshape, squeeze, stack, transpose
from .axes import canonical_axes, canonical_axis, spelled
from .broadcast import sum_
from .compare import is_nan, less, less_equal, select
from .defer import public
from .elementwise import add, cast, floats, mul
from .slice import part

X = Type("float32", (3, 5))


class Ordering(Op):
    """An op along one axis that keeps the shape."""

    slope = "kinked"
    samples = [
        ((X,), {"axis": 1}),
        ((X,), {"axis": 0}),
        ((Type("int32", (7,)),), {"axis": 0}),
        ((Type("float32", (2, 0)),), {"axis": 1}),
        ((Type("float32", (2, 1)),), {"axis": 1}),
        ((Type("float32", (2, 67)),), {"axis": 1}),
    ]
    rejects = [((X,), {"axis": 2}, "no axis 2")]

    def infer(self, x, axis):
        if not 0 <= axis < x.rank:
            raise shape_error(self, f"there is no axis {axis}", got=[x], want=f"an axis within 0..{x.rank - 1}")
        return x


class Sort(Ordering):
    """The elements in rising order along an axis; NaN comes last."""

    kernel = "sort"

    def compute(self, xp, x, axis):
        return xp.sort(x, axis=axis, stable=True)

    def vjp(self, dy, y, x, axis):
        return (put_along(dy, argsort_(x, axis=axis), axis=axis, size=x.shape[axis]) if x.type.is_float else None,)


class Argsort(Ordering):
    """Where the elements in rising order stand along an axis, as int32; equals keep their order."""

    kernel = "argsort"

    def infer(self, x, axis):
        return super().infer(x, axis).with_dtype("int32")

    def compute(self, xp, x, axis):
        return xp.argsort(x, axis=axis, stable=True).astype("int32")

    def vjp(self, dy, y, x, axis):
        return (None,)


class TopK(Op):
    """The k largest elements of the last axis in falling order, and where they stand; equals keep their order."""

    kernel = "top_k"
    slope = "kinked"
    samples = [
        ((X,), {"k": 2}),
        ((X,), {"k": 5}),
        ((Type("float32", (7,)),), {"k": 1}),
        ((Type("float32", (2, 3, 4)),), {"k": 3}),
        ((Type("int32", (2, 6)),), {"k": 3}),
        ((Type("float32", (0, 3)),), {"k": 2}),
        ((X,), {"k": 0}),
    ]
    rejects = [((X,), {"k": 6}, "6 largest of 5"), ((Type("float32", ()),), {"k": 1}, "no last axis")]

    def infer(self, x, k):
        if x.rank == 0:
            raise shape_error(self, "a scalar has no last axis", got=[x])
        if not 0 <= k <= x.shape[-1]:
            raise shape_error(
                self, f"there are no {k} largest of {x.shape[-1]}", got=[x], want=f"k within 0..{x.shape[-1]}"
            )
        values = x.with_shape(*x.shape[:-1], k)
        return values, values.with_dtype("int32")

    def compute(self, xp, x, k):
        n = x.shape[-1]
        backwards = xp.argsort(x[..., ::-1], axis=-1, stable=True)[..., ::-1]  # so that equals keep their order
        order = (n - 1 - backwards)[..., :k]
        return xp.take_along_axis(x, order, axis=-1), order.astype("int32")

    def vjp(self, dy, y, x, k):
        if dy[0] is None or not x.type.is_float:
            return (None,)
        return (put_along(dy[0], item(y, 1), axis=len(x.shape) - 1, size=x.shape[-1]),)


sort_, argsort_, top_k_ = Sort(), Argsort(), TopK()


def flat_or_axis(x, axis):
    x = as_value(x)
    return (ravel(x), 0) if axis is None else (x, canonical_axis(axis, len(x.shape)))


@public
def sort(x, axis: int | None = -1):
    """The elements in rising order along an axis; without one, those of the flattened tensor. NaN comes last."""
    x, axis = flat_or_axis(x, axis)
    return sort_(x, axis=axis)


@public
def argsort(x, axis: int | None = -1):
    """Where the elements in rising order stand; equals keep their order.

    >>> lamina.ops.argsort([30, 10, 20])
    array([1, 2, 0], dtype=int32)
    """
    x, axis = flat_or_axis(x, axis)
    return argsort_(x, axis=axis)


@public
def top_k(x, k: int, sorted: bool = True):
    """The k largest of the last axis and where they stand, as a pair; always in falling order.

    >>> values, places = lamina.ops.top_k([3.0, 9.0, 5.0], 2)
    >>> values, places
    (array([9., 5.], dtype=float32), array([1, 2], dtype=int32))
    """
    y = top_k_(as_value(x), k=int(k))
    return item(y, 0), item(y, 1)


@public
def quantile(x, q, axis=None, method: str = "linear", keepdims: bool = False):
    """The number below which a share ``q`` of the elements lies, interpolated between neighbours.

    ``q`` is a number within 0..1, or a list of them, whose results are stacked in front. NaN where one of x is NaN.

    >>> float(lamina.ops.quantile([1.0, 2.0, 3.0, 4.0], 0.5))
    2.5
    """
    (x,) = floats(x)
    if method != "linear":
        raise ArgumentError(message(f"quantile: unknown method {method!r}", want='"linear"'))
    axes = canonical_axes(axis, len(x.shape))
    rest = tuple(i for i in range(len(x.shape)) if i not in axes)
    lead = tuple(x.shape[i] for i in rest)
    count = prod(x.shape[i] for i in axes)
    rising = sort_(reshape(transpose(x, (*rest, *axes)), (*lead, count)), axis=len(lead))
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape)) if keepdims else lead

    def ranked(i: int):
        return squeeze(part(rising, len(lead), i, i + 1), -1)

    def at(share: float):
        if not 0 <= share <= 1:
            raise ArgumentError(message("quantile: a share is within 0..1", got=f"{share:g}"))
        place = share * (count - 1)
        low = floor(place)
        found = ranked(low)
        if place > low:
            found = add(mul(found, 1 - place + low), mul(ranked(low + 1), place - low))
        return reshape(select(is_nan(ranked(count - 1)), float("nan"), found), shape)  # NaN is sorted behind all

    return at(float(q)) if isinstance(q, int | float) else stack([at(float(share)) for share in q], 0)


@public
def median(x, axis=None, keepdims: bool = False):
    """The middle element, or the mean of the two middle ones."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


@public
def searchsorted(sorted_sequence, values, side: str = "left"):
    """Where to put the values in to keep a rising sequence: before equals ("left") or behind ("right")."""
    if side not in ("left", "right"):
        raise ArgumentError(message(f"searchsorted: unknown side {side!r}", want='"left" or "right"'))
    sorted_sequence, values = as_value(sorted_sequence), as_value(values)
    if len(sorted_sequence.shape) != 1:
        raise ShapeError(message("searchsorted: the sequence is no vector", got=spelled(sorted_sequence)))
    smaller = (less if side == "left" else less_equal)(sorted_sequence, expand_dims(values, -1))
    return sum_(cast(smaller, "int32"), axes=(len(values.shape),))


@public
def digitize(x, bins):
    """For each number, in which of the bins it lies whose rising edges are given; 0 is below the first edge."""
    return searchsorted(bins, x, side="right")


__all__ = ["argsort", "digitize", "median", "quantile", "searchsorted", "sort", "top_k"]
