"""Tensors made out of numbers, under Keras's names."""

from __future__ import annotations

import math

import numpy as np

from ..errors import ShapeError, message
from ..graph import Node
from ..op import as_value
from .arrange import reshape
from .axes import spelled
from .broadcast import expand
from .compare import equal, greater_equal, less_equal, select
from .create import full as full_
from .create import full_like as filled
from .create import iota
from .defer import public
from .elementwise import add, cast, mul
from .products import diagonal
from .slice import pad_, part


def sizes(shape) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int) else tuple(int(n) for n in shape)


@public
def full(shape, fill_value, dtype: str | None = None):
    """A tensor of one value."""
    dtype = dtype or {bool: "bool", int: "int32"}.get(type(fill_value), "float32")
    return full_(value=np.asarray(fill_value).astype(dtype).item(), shape=sizes(shape), dtype=dtype)


@public
def zeros(shape, dtype: str | None = None):
    """Zeros, float32 unless said otherwise."""
    return full(shape, 0.0, dtype or "float32")


@public
def ones(shape, dtype: str | None = None):
    """Ones, float32 unless said otherwise."""
    return full(shape, 1.0, dtype or "float32")


@public
def full_like(x, fill_value, dtype: str | None = None):
    """One value in the shape of x."""
    x = as_value(x)
    dtype = dtype or str(x.dtype)
    return filled(x, np.asarray(fill_value).astype(dtype).item(), dtype=dtype)


@public
def zeros_like(x, dtype: str | None = None):
    """Zeros in the shape of x."""
    return full_like(x, 0, dtype)


@public
def ones_like(x, dtype: str | None = None):
    """Ones in the shape of x."""
    return full_like(x, 1, dtype)


@public
def arange(start, stop=None, step=1, dtype: str | None = None):
    """start, start + step, … up to and without ``stop``; int32 if all are whole numbers, else float32.

    >>> lamina.ops.arange(2, 11, 3)
    array([2, 5, 8], dtype=int32)
    """
    start, stop = (0, start) if stop is None else (start, stop)
    whole = all(isinstance(n, int | np.integer) for n in (start, stop, step))
    count = max(math.ceil((stop - start) / step), 0)
    if whole:
        numbers = iota(shape=(count,), axis=0, dtype="int32")
        numbers = numbers if (start, step) == (0, 1) else add(mul(numbers, int(step)), int(start))
        return cast(numbers, dtype or "int32")
    numbers = add(mul(iota(shape=(count,), axis=0, dtype="float32"), float(step)), float(start))
    return cast(numbers, dtype or "float32")


@public
def linspace(start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: str | None = None):
    """``num`` numbers at equal distances from start to stop, ``stop`` among them unless ``endpoint`` is false."""
    step = (stop - start) / max(num - 1 if endpoint else num, 1)
    return cast(add(mul(iota(shape=(num,), axis=0, dtype="float32"), float(step)), float(start)), dtype or "float32")


def places(x, k: int):
    """The column of each element of the last two axes of x, and the column where the k-th diagonal passes its row."""
    if len(x.shape) < 2:
        raise ShapeError(message("a vector or a single number has no diagonal", got=spelled(x), want="a matrix"))
    rows, columns = x.shape[-2:]
    attrs = ({"shape": (rows, columns), "axis": axis, "dtype": "int32"} for axis in (0, 1))
    row, column = (iota.node([], a) if isinstance(x, Node) else iota(**a) for a in attrs)
    return column, add(row, k)


@public
def eye(N: int, M: int | None = None, k: int = 0, dtype: str | None = None):
    """Ones on the k-th diagonal of N rows and M columns, else zeros."""
    rows, columns = int(N), int(N if M is None else M)
    row, column = (iota(shape=(rows, columns), axis=axis, dtype="int32") for axis in (0, 1))
    return cast(equal(column, add(row, k)), dtype or "float32")


@public
def identity(n: int, dtype: str | None = None):
    """Ones on the diagonal of n rows and columns, else zeros."""
    return eye(n, dtype=dtype)


@public
def tril(x, k: int = 0):
    """x on and below the k-th diagonal of its last two axes, zeros above."""
    x = as_value(x)
    return select(expand(less_equal(*places(x, k)), shape=tuple(x.shape)), x, 0)


@public
def triu(x, k: int = 0):
    """x on and above the k-th diagonal of its last two axes, zeros below."""
    x = as_value(x)
    return select(expand(greater_equal(*places(x, k)), shape=tuple(x.shape)), x, 0)


@public
def diag(x, k: int = 0):
    """A matrix with x on its k-th diagonal; of a matrix, its k-th diagonal."""
    x = as_value(x)
    if len(x.shape) == 2:
        return diagonal(x, k)
    n = x.shape[0]
    value = 0.0 if str(x.dtype).startswith("float") else 0
    wide = pad_(
        reshape(x, (n, 1)), low=(0, 0), high=(0, n), interior=(0, 0), value=value
    )  # n rows of x[i], then n zeros
    square = reshape(part(reshape(wide, (n * (n + 1),)), 0, 0, n * n), (n, n))
    around = ((max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0)))
    return pad_(square, low=tuple(a for a, _ in around), high=tuple(b for _, b in around), interior=(0, 0), value=value)


@public
def meshgrid(*x, indexing: str = "xy"):
    """Each vector repeated along the axes of the others."""
    values = [as_value(v) for v in x]
    order = list(range(len(values)))
    if indexing == "xy" and len(order) > 1:
        order[0], order[1] = 1, 0
    shape = [0] * len(values)
    for v, axis in zip(values, order, strict=True):
        shape[axis] = v.shape[0]
    return [
        expand(reshape(v, tuple(-1 if i == axis else 1 for i in range(len(shape)))), shape=tuple(shape))
        for v, axis in zip(values, order, strict=True)
    ]


__all__ = [
    "arange",
    "diag",
    "eye",
    "full",
    "full_like",
    "identity",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]
