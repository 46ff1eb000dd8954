"""Pooling: the largest or the sum of each window, and what carries gradients back.

x is (batch, spatial…, channels); ``padding`` is a pair (before, behind) for each spatial axis, smaller than the window.
Padded cells are never the largest, and add nothing to a sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import dtype_error, shape_error
from ..op import Op
from ..types import Type
from .window import add_at, cells, output_sizes, padded, padded_shape, unpadded


def case(x, size, strides, padding):
    return Type("float32", x), {"size": size, "strides": strides, "padding": padding}


CASES = [
    case((2, 6, 4, 3), (2, 2), (2, 2), ((0, 0), (0, 0))),
    case((2, 7, 5, 2), (3, 2), (2, 1), ((1, 1), (0, 1))),  # windows overlap
    case((1, 5, 5, 2), (2, 2), (3, 3), ((0, 0), (0, 0))),  # and leave gaps
    case((2, 9, 3), (4,), (2,), ((1, 2),)),
    case((1, 3, 4, 3, 2), (2, 2, 2), (1, 2, 1), ((0, 1), (0, 0), (1, 0))),
    case((0, 4, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    case((2, 3, 3, 1), (3, 3), (1, 1), ((0, 0), (0, 0))),
]


def pooled(op, x: Type, size, strides, padding) -> Type:
    """The Type of a pooling of x, after all checks."""
    if x.rank < 3:
        raise shape_error(op, "there is nothing to slide over", got=[x], want="(batch, spatial…, channels)")
    if not x.is_float:
        raise dtype_error(op, "needs floating-point numbers", got=[x], fix="cast it")
    sizes = output_sizes(op, x, size, strides, padding, (1,) * len(size))
    if any(n >= k for k, pair in zip(size, padding, strict=True) for n in pair):
        raise shape_error(op, f"padding {padding} must be smaller than the window {size}", got=[x])
    return x.with_shape(x.shape[0], *sizes, x.shape[-1])


class Pooling(Op):
    """An op from x to one value a window."""

    samples = [((x,), options) for x, options in CASES]
    rejects = [
        ((CASES[0][0],), {**CASES[0][1], "size": (7, 2)}, "does not fit"),
        ((CASES[0][0],), {**CASES[0][1], "padding": ((2, 0), (0, 0))}, "smaller than the window"),
        ((Type("float32", (2, 3)),), CASES[0][1], "nothing to slide over"),
        ((CASES[0][0].with_dtype("int32"),), CASES[0][1], "floating-point"),
    ]

    def infer(self, x, size, strides, padding):
        return pooled(self, x, size, strides, padding)


def windows(xp, x, size, strides, padding, value):
    """For each place in a window, in row-major order: its cells in all windows."""
    outputs = [
        (n + low + high - k) // s + 1
        for n, k, s, (low, high) in zip(x.shape[1:-1], size, strides, padding, strict=True)
    ]
    x = padded(xp, x, padding, value)
    return [x[where] for _, where in cells(size, strides, (1,) * len(size), outputs)]


def first_largest(xp, x, size, strides, padding):
    """For each window, the number of the place of its largest cell: the first of equals; a NaN is larger than all."""
    best: Any = None
    index: Any = None
    for i, cell in enumerate(windows(xp, x, size, strides, padding, -np.inf)):
        if best is None:
            best, index = cell, xp.zeros(cell.shape, "int32")
            continue
        wins = (cell > best) | (xp.isnan(cell) & ~xp.isnan(best))
        best, index = xp.where(wins, cell, best), xp.where(wins, xp.int32(i), index)
    return index


class MaxPool(Pooling):
    """The largest element of each window. The gradient goes to it, and to the first if several are equal. NaN wins."""

    kernel = "max_pool"
    slope = "kinked"

    def compute(self, xp, x, size, strides, padding):
        best, *rest = windows(xp, x, size, strides, padding, -np.inf)
        for cell in rest:
            best = xp.maximum(best, cell)
        return best

    def vjp(self, dy, y, x, **options):
        return (max_pool_grad(x, dy, **options),)


class MaxPoolGrad(Op):
    """dy[window] put where the window of x has its (first) largest element."""

    kernel = "max_pool_grad"
    slope = "kinked"
    samples = [((x, pooled(None, x, **options)), options) for x, options in CASES]
    rejects = [((CASES[0][0], CASES[0][0]), CASES[0][1], "one value for each window")]

    def infer(self, x, dy, **options):
        wanted = pooled(self, x, **options)
        if dy != wanted:
            raise shape_error(self, "needs one value for each window", got=(x, dy), want=str(wanted))
        return x

    def compute(self, xp, x, dy, size, strides, padding):
        index = first_largest(xp, x, size, strides, padding)
        dx = xp.zeros(padded_shape(x.shape, padding), dy.dtype)
        for i, (_, where) in enumerate(cells(size, strides, (1,) * len(size), dy.shape[1:-1])):
            dx = add_at(xp, dx, where, xp.where(index == i, dy, 0))
        return unpadded(dx, padding)

    def vjp(self, dz, y, x, dy, **options):
        return None, max_pool_pick(x, dz, **options)


class MaxPoolPick(Op):
    """From each window the value that stands where x has its (first) largest element."""

    kernel = "max_pool_pick"
    slope = "kinked"
    samples = [((x, x), options) for x, options in CASES]
    rejects = [((CASES[0][0], CASES[1][0]), CASES[0][1], "differ")]

    def infer(self, x, values, **options):
        if values != x:
            raise shape_error(self, "x and values differ", got=(x, values), want="one type")
        return pooled(self, x, **options)

    def compute(self, xp, x, values, size, strides, padding):
        index = first_largest(xp, x, size, strides, padding)
        picked = xp.zeros(index.shape, values.dtype)
        for i, cell in enumerate(windows(xp, values, size, strides, padding, 0)):
            picked = xp.where(index == i, cell, picked)
        return picked

    def vjp(self, dy, y, x, values, **options):
        return None, max_pool_grad(x, dy, **options)


class SumPool(Pooling):
    """The sum of each window."""

    kernel = "sum_pool"

    def compute(self, xp, x, size, strides, padding):
        return sum(windows(xp, x, size, strides, padding, 0))

    def vjp(self, dy, y, x, **options):
        return (sum_pool_grad(dy, shape=x.shape, **options),)


class SumPoolGrad(Op):
    """dy[window] added to each cell of the window; ``shape`` is that of what was pooled."""

    kernel = "sum_pool_grad"
    samples = [((pooled(None, x, **options),), {"shape": x.shape, **options}) for x, options in CASES]
    rejects = [((CASES[0][0],), {"shape": CASES[0][0].shape, **CASES[0][1]}, "one value for each window")]

    def infer(self, dy, shape, **options):
        x = dy.with_shape(*shape)
        wanted = pooled(self, x, **options)
        if dy != wanted:
            raise shape_error(self, "needs one value for each window", got=[dy], want=str(wanted))
        return x

    def compute(self, xp, dy, shape, size, strides, padding):
        dx = xp.zeros(padded_shape(shape, padding), dy.dtype)
        for _, where in cells(size, strides, (1,) * len(size), dy.shape[1:-1]):
            dx = add_at(xp, dx, where, dy)
        return unpadded(dx, padding)

    def vjp(self, dx, y, dy, shape, **options):
        return (sum_pool_(dx, **options),)


max_pool_, max_pool_grad, max_pool_pick = MaxPool(), MaxPoolGrad(), MaxPoolPick()
sum_pool_, sum_pool_grad = SumPool(), SumPoolGrad()
