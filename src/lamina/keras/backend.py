"""What is left of Keras's backend: settings, names of element types, and a fresh start."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, message
from ..layers import Symbol, reset_names
from ..types import DTYPES, promote
from .config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

_uids: dict[str, int] = {}


def clear_session(free_memory: bool = True) -> None:
    """Counts the names of layers from the start again. There is no other global state to clear.

    >>> lamina.keras.backend.clear_session()
    >>> lamina.layers.Dense(1).name
    'dense'
    """
    reset_names()
    _uids.clear()


def get_uid(prefix: str = "") -> int:
    """1, 2, 3, … for each prefix."""
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


def standardize_dtype(dtype) -> str:
    """The name of an element type; "float32" for None.

    >>> lamina.keras.backend.standardize_dtype(np.dtype("int64"))
    'int64'
    """
    name = "float32" if dtype is None else dtype if isinstance(dtype, str) else str(np.dtype(dtype))
    name = {"int": "int32", "float": "float32"}.get(name, name)
    if name not in DTYPES:
        raise ArgumentError(message("there is no such element type", got=repr(dtype), want=", ".join(DTYPES)))
    return name


def is_float_dtype(dtype) -> bool:
    """Whether an element type holds fractions."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype) -> bool:
    """Whether an element type holds whole numbers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def is_keras_tensor(x) -> bool:
    """Whether x is a tensor of the functional API, without numbers.

    >>> lamina.keras.backend.is_keras_tensor(lamina.Input((3,)))
    True
    """
    return isinstance(x, Symbol)


def result_type(*dtypes) -> str:
    """The element type of what an operation on several gives.

    >>> lamina.keras.backend.result_type("int32", "float32")
    'float32'
    """
    found = "bool"
    for dtype in dtypes:
        found = promote(found, standardize_dtype(dtype))
    return found


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
