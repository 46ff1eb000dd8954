"""Softmax, its logarithm, and the logarithm of a sum of exponentials, computed so that no exponential overflows."""

from __future__ import annotations

from ..composite import Composite
from ..errors import shape_error
from ..graph import Node
from ..op import as_value
from ..ops.axes import canonical_axes, canonical_axis
from ..ops.broadcast import kept, spread, sum_
from ..ops.compare import is_finite, select
from ..ops.defer import public
from ..ops.elementwise import add, cast, div, mul, sub
from ..ops.reduce import max_
from ..ops.shape import reshape, transpose
from ..ops.transcendental import exp, log, stop_gradient
from ..types import Type

X = Type("float32", (4, 5))
SAMPLES = [
    ((X,), {}),
    ((Type("float32", (2, 3, 37)),), {}),
    ((Type("float32", (3, 1)),), {}),
    ((Type("float32", (0, 5)),), {}),
]


def over_last(reduce, x):
    """reduce(x) over its last axis, repeated back to the shape of x."""
    axes = (len(x.shape) - 1,)
    return spread(reduce(x, axes=axes), x, axes)


class RowOp(Composite):
    """An op over the last axis."""

    samples = SAMPLES
    rejects = [
        ((Type("float32", ()),), {}, "at least one dimension"),
        ((Type("float32", (3, 0)),), {}, "of no elements"),
    ]

    def infer(self, x):
        if x.rank == 0 or x.shape[-1] == 0:
            raise shape_error(self, "needs at least one dimension" if x.rank == 0 else "of no elements", got=[x])
        return x


class Softmax(RowOp):
    """exp(x) / sum(exp(x)) over the last axis."""

    kernel = "softmax"

    def body(self, x):
        e = exp(sub(x, stop_gradient(over_last(max_, x))))
        return div(e, over_last(sum_, e))

    def vjp(self, dy, y, x):  # shorter than the derivative of the body, and checked against it
        return (mul(y, sub(dy, over_last(sum_, mul(dy, y)))),)


class LogSoftmax(RowOp):
    """log(softmax(x)), without ever taking the logarithm of a rounded-off zero."""

    kernel = "log_softmax"
    leaves_unit_interval = True

    def body(self, x):
        x = sub(x, stop_gradient(over_last(max_, x)))
        return sub(x, log(over_last(sum_, exp(x))))

    def vjp(self, dy, y, x):
        return (sub(dy, mul(exp(y), over_last(sum_, dy))),)


softmax_op, log_softmax_op = Softmax(), LogSoftmax()


def along(op, x, axis):
    """A row op along any axis or several: turned to the end, and back."""
    x = as_value(x)
    x = x if isinstance(x, Node) or str(x.dtype).startswith("float") else cast(x, "float32")
    rank = len(x.shape)
    if not isinstance(axis, int):
        return along_several(op, x, canonical_axes(axis, rank))
    axis = canonical_axis(axis, rank)
    if axis == rank - 1:
        return op(x)
    order = (*(i for i in range(rank) if i != axis), axis)
    return transpose(op(transpose(x, axes=order)), axes=tuple(order.index(i) for i in range(rank)))


def along_several(op, x, axes):
    rank = len(x.shape)
    order = (*(i for i in range(rank) if i not in axes), *axes)
    turned = transpose(x, axes=order)
    flat = op(reshape(turned, shape=(*turned.shape[: rank - len(axes)], -1 if not axes else _size(x, axes))))
    return transpose(reshape(flat, shape=turned.shape), axes=tuple(order.index(i) for i in range(rank)))


def _size(x, axes) -> int:
    size = 1
    for a in axes:
        size *= x.shape[a]
    return size


@public
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along an axis: numbers within 0..1 that sum to 1, in the order of x."""
    return along(softmax_op, x, axis)


@public
def log_softmax(x, axis=-1):
    """The logarithm of softmax, exact where softmax rounds to 0."""
    return along(log_softmax_op, x, axis)


@public
def logsumexp(x, axis=None, keepdims: bool = False):
    """log(sum(exp(x))) over an axis, several, or all, without overflow; -inf where all of x is -inf."""
    x = as_value(x)
    axes = canonical_axes(axis, len(x.shape))
    top = stop_gradient(max_(x, axes=axes))
    top = select(is_finite(top), top, 0.0)
    y = add(log(sum_(exp(sub(x, spread(top, x, axes))), axes=axes)), top)
    return reshape(y, shape=kept(x, axes)) if keepdims else y


__all__ = ["log_softmax", "logsumexp", "softmax"]
