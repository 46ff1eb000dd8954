"""What the engine can do on one instruction set."""

from __future__ import annotations

from functools import cache
from math import prod

from ... import _native


class Capabilities:
    """The kernels and functors of one instruction set, and the sizes of its panels."""

    def __init__(self, isa: str):
        self.isa = isa
        self.table = {name: set(signatures) for name, signatures in _native.kernels(isa).items()}

    def step(self, functor: str, sources: tuple[str, ...], result: str) -> bool:
        """Whether a chain may hold this functor at these dtypes."""
        return f"{','.join(sources)}->{result}" in self.table.get(functor, ())

    def kernel(self, name: str, dtypes: tuple[str, ...]) -> bool:
        """Whether there is a kernel of that name for numbers of this dtype (indices beside them are its affair)."""
        signatures = self.table.get(name)
        if signatures is None:
            return False
        words = {word for s in signatures for word in s.split()}
        return "any" in words or not dtypes or dtypes[0] in words

    def packed_bytes(self, *shape: int) -> int:
        """The size in panels of a matrix, or of a batch of them."""
        *batch, k, n = shape
        return prod(batch) * _native.packed_size(k, n, self.isa)


@cache
def capabilities(isa: str | None = None) -> Capabilities:
    """The capabilities of an instruction set; without a name, of the one in use."""
    return Capabilities(isa or _native.isa())
