"""How much memory the weights of a model may take while it is read from a file: what the file has numbers for."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from math import prod

import numpy as np

from ..errors import FileFormatError, message

_left: ContextVar[list[int] | None] = ContextVar("lamina_allowance", default=None)


@contextmanager
def allowance(size: int):
    """Inside of the ``with`` block new weights are zeros, as a file has the values, and take ``size`` bytes in all."""
    token = _left.set([size])
    try:
        yield
    finally:
        _left.reset(token)


def first_value(initializer, shape: tuple[int, ...], dtype: str):
    """The first value of a weight. FileFormatError where a file describes a larger weight than it can hold."""
    left = _left.get()
    if left is None:
        return initializer(shape, dtype=dtype)
    size = prod(shape) * np.dtype(dtype).itemsize
    if size > left[0]:
        raise FileFormatError(
            message(
                "the file describes larger weights than it holds",
                got=f"{dtype}{list(shape)}",
                want=f"at most {left[0]} bytes more",
            )
        )
    left[0] -= size
    return np.zeros(shape, dtype)
