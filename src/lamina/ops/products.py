"""Products of matrices and tensors, under Keras's names. All of them end in one matrix product."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value
from .arrange import expand_dims, moveaxis, roll, squeeze
from .axes import canonical_axis, spelled
from .broadcast import expand, sum_
from .defer import public
from .elementwise import broadcast_shape, floats, mul, sub
from .matmul import matmul_
from .shape import reshape, transpose
from .slice import part


class Lead:
    """The leading dimensions of a stack of matrices, seen as a tensor of their own."""

    def __init__(self, x):
        self.dtype, self.shape = str(x.dtype), tuple(x.shape)[:-2]


def stacked(x, lead):
    """The matrices of x repeated to leading dimensions."""
    shape = (*lead, *tuple(x.shape)[-2:])
    return x if tuple(x.shape) == shape else expand(x, shape=shape)


@public
def matmul(x1, x2):
    """Matrix product; leading dimensions broadcast, and a vector counts as a row (left) or a column (right)."""
    a, b = floats(x1, x2)
    if not a.shape or not b.shape:
        raise ShapeError(
            message("matmul: a scalar is no matrix", got=f"{spelled(a)}, {spelled(b)}", fix="use multiply")
        )
    row, column = len(a.shape) == 1, len(b.shape) == 1
    a = expand_dims(a, 0) if row else a
    b = expand_dims(b, 1) if column else b
    if len(b.shape) == 2 and len(a.shape) > 2 and a.shape[-1] == b.shape[0]:
        y = matmul_(reshape(a, shape=(math.prod(a.shape[:-1]), a.shape[-1])), b)
        y = reshape(y, shape=(*a.shape[:-1], b.shape[-1]))
    else:
        lead = broadcast_shape(matmul_, [Lead(a), Lead(b)])
        y = matmul_(stacked(a, lead), stacked(b, lead))
    if row:
        y = squeeze(y, -2)
    return squeeze(y, -1) if column else y


@public
def tensordot(x1, x2, axes: Any = 2):
    """Products summed over axes of both: the last so many of x1 and first of x2, or a list of axes for each."""
    a, b = floats(x1, x2)
    if isinstance(axes, int):
        left, right = list(range(len(a.shape) - axes, len(a.shape))), list(range(axes))
    else:
        left, right = (
            [canonical_axis(i, len(x.shape)) for i in ((own,) if isinstance(own, int) else own)]
            for x, own in zip((a, b), axes, strict=True)
        )
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ShapeError(
            message(
                "tensordot: the summed axes differ in size",
                got=f"{spelled(a)}, {spelled(b)}",
                want=f"axes {left} of the first as long as axes {right} of the second",
            )
        )
    rows, columns = ([i for i in range(len(x.shape)) if i not in own] for x, own in ((a, left), (b, right)))
    k, m, n = (math.prod(x.shape[i] for i in own) for x, own in ((a, left), (a, rows), (b, columns)))
    y = matmul_(
        reshape(transpose(a, axes=(*rows, *left)), shape=(m, k)),
        reshape(transpose(b, axes=(*right, *columns)), shape=(k, n)),
    )
    return reshape(y, shape=(*(a.shape[i] for i in rows), *(b.shape[i] for i in columns)))


@public
def dot(x1, x2):
    """The last axis of x1 against the last but one of x2 (the only one of a vector); a number scales."""
    a, b = floats(x1, x2)
    if not a.shape or not b.shape:
        return mul(a, b)
    return tensordot(a, b, ((len(a.shape) - 1,), (max(len(b.shape) - 2, 0),)))


@public
def inner(x1, x2):
    """The last axis of x1 against the last of x2."""
    a, b = floats(x1, x2)
    return mul(a, b) if not a.shape or not b.shape else tensordot(a, b, ((-1,), (-1,)))


@public
def vdot(x1, x2):
    """The sum of products of all elements."""
    a, b = floats(x1, x2)
    return tensordot(reshape(a, shape=(math.prod(a.shape),)), reshape(b, shape=(math.prod(b.shape),)), 1)


@public
def outer(x1, x2):
    """Every element of x1 with every element of x2."""
    a, b = floats(x1, x2)
    return mul(reshape(a, shape=(math.prod(a.shape), 1)), reshape(b, shape=(1, math.prod(b.shape))))


@public
def diagonal(x, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """The elements with equal indices along two axes, put last."""
    x = moveaxis(as_value(x), (axis1, axis2), (-2, -1))
    *lead, rows, columns = x.shape
    first = (max(-offset, 0), max(offset, 0))
    n = max(min(rows - first[0], columns - first[1]), 0)
    flat = reshape(x, shape=(*lead, rows * columns))
    start = first[0] * columns + first[1] if n else 0
    return part(flat, len(lead), start, start + (n - 1) * (columns + 1) + 1 if n else start, columns + 1)


@public
def trace(x, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """The sum of the diagonal."""
    y = diagonal(x, offset, axis1, axis2)
    return sum_(y, axes=(len(y.shape) - 1,))


@public
def cross(x1, x2):
    """The vector at right angles to two, along the last axis, which is 3 long."""
    a, b = floats(x1, x2)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(
            message("cross: vectors of three numbers have a cross product", got=f"{spelled(a)}, {spelled(b)}")
        )
    return sub(mul(roll(a, -1, -1), roll(b, -2, -1)), mul(roll(a, -2, -1), roll(b, -1, -1)))


@public
def einsum(subscripts: str, *operands):
    """Products summed as Einstein wrote them: letters name axes, those left out of the result are summed.

    >>> lamina.ops.einsum("ij,kj->ik", [[1.0, 2.0]], [[3.0, 4.0]])
    array([[11.]], dtype=float32)
    """
    values = floats(*operands)
    inputs, result = einsum_letters(subscripts, values)
    x, letters = values[0], inputs[0]
    x, letters = on_diagonals(x, letters)
    for i, (y, more) in enumerate(zip(values[1:], inputs[1:], strict=True), 1):
        y, more = on_diagonals(y, more)
        wanted = result + "".join(inputs[i + 1 :])
        x, letters = contracted(x, letters, y, more, wanted)
    x, letters = summed(x, letters, result)
    return transpose(x, axes=tuple(letters.index(c) for c in result))


def einsum_letters(subscripts: str, values) -> tuple[list[str], str]:
    """The letters of each operand and of the result; ``...`` stands for letters of its own."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(values):
        raise ArgumentError(message(f"einsum: {len(inputs)} operands in {subscripts!r}", got=f"{len(values)} operands"))
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    depth = max(
        (len(v.shape) - len(s.replace("...", "")) for s, v in zip(inputs, values, strict=True) if "..." in s), default=0
    )
    dots = free[:depth]
    filled = []
    for s, v in zip(inputs, values, strict=True):
        own = len(v.shape) - len(s.replace("...", ""))
        s = s.replace("...", "".join(dots[depth - own :]) if own > 0 else "")
        if len(s) != len(v.shape):
            raise ShapeError(message(f"einsum: {s!r} does not name the axes of an operand", got=spelled(v)))
        filled.append(s)
    letters = "".join(filled)
    result = (
        right.replace("...", "".join(dots))
        if arrow
        else "".join(dots) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1 and c not in dots))
    )
    return filled, result


def on_diagonals(x, letters: str):
    """A letter that occurs twice in one operand reads the diagonal."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            x = diagonal(x, 0, i, j)
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + c
    return x, letters


def summed(x, letters: str, wanted: str):
    """Axes that nobody asks for, summed away."""
    axes = tuple(i for i, c in enumerate(letters) if c not in wanted)
    return (sum_(x, axes=axes), "".join(c for c in letters if c in wanted)) if axes else (x, letters)


def contracted(x, letters: str, y, more: str, wanted: str):
    """The product of two operands, summed over what both have and nobody wants later."""
    x, letters = summed(x, letters, more + wanted)
    y, more = summed(y, more, letters + wanted)
    batch = [c for c in letters if c in more and c in wanted]
    inner = [c for c in letters if c in more and c not in wanted]
    rows, columns = [c for c in letters if c not in more], [c for c in more if c not in letters]
    size = dict(zip(letters, x.shape, strict=True))
    for c, n in zip(more, y.shape, strict=True):
        if size.setdefault(c, n) != n:
            raise ShapeError(message(f"einsum: axis {c} is {size[c]} in one operand and {n} in another"))
    a, b = ([*batch, *rows, *inner], letters), ([*batch, *inner, *columns], more)
    count = {name: math.prod(size[c] for c in own) for name, own in (("m", rows), ("k", inner), ("n", columns))}
    lead = tuple(size[c] for c in batch)
    x, y = (transpose(v, axes=tuple(own.index(c) for c in order)) for v, (order, own) in ((x, a), (y, b)))
    product = matmul_(
        reshape(x, shape=(*lead, count["m"], count["k"])), reshape(y, shape=(*lead, count["k"], count["n"]))
    )
    order = [*batch, *rows, *columns]
    return reshape(product, shape=tuple(size[c] for c in order)), "".join(order)


__all__ = ["cross", "diagonal", "dot", "einsum", "inner", "matmul", "outer", "tensordot", "trace", "vdot"]
