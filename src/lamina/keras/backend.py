"""What is left of Keras's backend: settings, names of element types, and a fresh start."""

from __future__ import annotations

from ..types import promote
from ..utils import clear_session, is_keras_tensor, standardize_dtype
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


def get_uid(prefix: str = "") -> int:
    """1, 2, 3, … for each prefix."""
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


def is_float_dtype(dtype) -> bool:
    """Whether an element type holds fractions."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype) -> bool:
    """Whether an element type holds whole numbers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


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
