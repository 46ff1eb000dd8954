"""What is known about a value before it is computed: its element type and its shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

DTYPES = ("float32", "float64", "int32", "int64", "uint8", "uint32", "bool")
FLOATS = ("float32", "float64")
NAMES = {np.dtype(d): d for d in DTYPES}


@dataclass(frozen=True, slots=True)
class Type:
    """Element type and shape of a value, written ``float32[2,3]``."""

    dtype: str
    shape: tuple[int, ...]

    def __post_init__(self):
        assert self.dtype in DTYPES, f"no such dtype: {self.dtype!r}"

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    @staticmethod
    def parse(text: str) -> Type:
        dtype, dims = text.rstrip("]").split("[")
        return Type(dtype, tuple(int(d) for d in dims.split(",") if d))

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    def with_shape(self, *shape: int) -> Type:
        return Type(self.dtype, tuple(map(int, shape)))

    def with_dtype(self, dtype: str) -> Type:
        return Type(dtype, self.shape)


def type_of(array) -> Type:
    """The Type of a NumPy-like array."""
    return Type(dtype_name(array.dtype), tuple(map(int, array.shape)))


def dtype_name(dtype) -> str:
    """``str(dtype)``, which NumPy takes microseconds to find."""
    return NAMES.get(dtype) or str(dtype)


def promote(*dtypes: str) -> str:
    """The dtype that holds a mix of dtypes: any float beats any integer, then the wider one wins.

    Unlike NumPy's rule, int32 with float32 gives float32, so that integers never turn a network into float64.
    """
    kinds = list(dict.fromkeys(dtypes))
    if len(kinds) == 1:
        return kinds[0]
    floats = [d for d in kinds if d in FLOATS]
    if floats:
        return "float64" if "float64" in floats else "float32"
    kinds = [d for d in kinds if d != "bool"]
    result = str(np.result_type(*kinds))
    assert result in DTYPES, f"no dtype holds {dtypes}"
    return result
