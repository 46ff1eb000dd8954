"""From what Python and NumPy have to tensors and back, and what is known of a tensor without computing it."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node
from ..op import as_value
from .arithmetic import clip
from .defer import public
from .elementwise import cast


@public
def convert_to_tensor(x, dtype: str | None = None):
    """x as a tensor: lists and numbers become arrays, whole numbers int32 where they fit, others float32.

    >>> lamina.ops.convert_to_tensor([1, 2])
    array([1, 2], dtype=int32)
    """
    x = as_value(x)
    return x if dtype is None else cast(x, dtype)


@public
def copy(x):
    """x itself: a tensor never changes, so that there is nothing to copy but an array, which might."""
    x = as_value(x)
    return x if isinstance(x, Node) else x.copy()


def convert_to_numpy(x) -> np.ndarray:
    """The numbers of a tensor as a NumPy array; a TraceError where they are not computed yet."""
    return np.array(as_value(x))


def is_tensor(x) -> bool:
    """Whether x is an array, a variable, or a symbolic value."""
    symbolic = hasattr(x, "__lamina_value__") or hasattr(x, "__lamina_defer__")
    return symbolic or isinstance(x, Node | np.ndarray | np.generic)


def shape(x) -> tuple[int | None, ...]:
    """The sizes of the dimensions; None where a symbolic tensor leaves one open."""
    return tuple(x.shape if hasattr(x, "shape") else as_value(x).shape)


def ndim(x) -> int:
    """The number of dimensions."""
    return len(shape(x))


def size(x) -> int | None:
    """The number of elements; None where a symbolic tensor leaves it open."""
    sizes = shape(x)
    return None if None in sizes else math.prod(n for n in sizes if n is not None)


def dtype(x) -> str:
    """The name of the element type."""
    return str(x.dtype if hasattr(x, "dtype") else as_value(x).dtype)


@public
def saturate_cast(x, dtype: str):
    """x as ``dtype``; what does not fit becomes the nearest number that does.

    >>> lamina.ops.saturate_cast([-7.0, 300.0], "uint8")
    array([  0, 255], dtype=uint8)
    """
    x = as_value(x)
    if np.dtype(dtype).kind not in "iu" or not str(x.dtype).startswith("float"):
        return cast(x, dtype)
    limits = np.iinfo(dtype)
    kind = np.dtype(str(x.dtype)).type
    high = kind(limits.max)
    high = high if int(high) <= limits.max else np.nextafter(high, kind(0))  # the largest float that fits
    return cast(clip(x, kind(limits.min), high), dtype)


__all__ = [
    "convert_to_numpy",
    "convert_to_tensor",
    "copy",
    "dtype",
    "is_tensor",
    "ndim",
    "saturate_cast",
    "shape",
    "size",
]
