"""Numbers that are the same for all elements of a step."""

from __future__ import annotations

from collections.abc import Sequence

from .. import ops
from ..op import as_value


def norm(tensors: Sequence):
    """The square root of the sum of the squares of all elements: a scalar."""
    total = None
    for x in tensors:
        part = ops.sum(ops.square(x))
        total = part if total is None else total + part
    return ops.sqrt(total)


def whole_division(a, b: int):
    """Quotient and remainder of a whole number that is not negative."""
    a = as_value(a)
    # float64 holds every int32, and its division of two of them is never rounded up to the next whole number
    quotient = ops.cast(ops.floor(ops.cast(a, "float64") / float(b)), "int32")
    return quotient, a - quotient * b
