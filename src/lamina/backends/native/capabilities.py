"""What the engine can do on one instruction set."""

from __future__ import annotations

from functools import cache
from math import prod

from ... import _native
from ...graph import Node


class Capabilities:
    """The kernels and functors of one instruction set, and the sizes of its panels."""

    def __init__(self, isa: str):
        self.isa = isa
        self.table = {name: set(signatures) for name, signatures in _native.kernels(isa).items()}
        self.words = {name: {w for s in signatures for w in s.split()} for name, signatures in self.table.items()}

    def step(self, functor: str, sources: tuple[str, ...], result: str) -> bool:
        """Whether a chain may hold this functor at these dtypes."""
        return f"{','.join(sources)}->{result}" in self.table.get(functor, ())

    def kernel(self, name: str, dtypes: tuple[str, ...]) -> bool:
        """Whether there is a kernel of that name for numbers of this dtype (indices beside them are its affair)."""
        words = self.words.get(name)
        return words is not None and ("any" in words or not dtypes or dtypes[0] in words)

    def runs(self, node: Node) -> bool:
        """Whether there is a kernel for the op of a node, at the dtypes of its inputs."""
        return (
            node.op is not None
            and node.op.kernel is not None
            and self.kernel(node.op.kernel, tuple(x.dtype for x in node.inputs))
        )

    def elementwise(self, node: Node) -> bool:
        """Whether a chain can compute a node element by element."""
        op = node.op
        if op is None or len(node.types) != 1 or op.kernel is None:
            return False
        if op.name == "random_bits":
            return True
        if op.name == "iota":
            return self.step("iota", (), node.dtype)
        shape = node.types[0].shape
        for x in node.inputs:
            if x.types[0].shape != shape:
                return False
        dtypes = tuple([x.types[0].dtype for x in node.inputs])
        return bool(dtypes) and self.step(op.kernel, dtypes, node.dtype)

    def packing(self, shape: tuple[int, ...]) -> tuple[str, int]:
        """The kernel that puts a matrix or a batch of them into panels, and the bytes they take.

        Rank 5 is a convolution's kernel for ``winograd``, (groups, window, window, k, n): 36 matrices for each group.
        """
        *batch, k, n = shape
        kernel, count = ("pack_winograd", batch[0] * 36) if len(shape) == 5 else ("pack", prod(batch))
        return kernel, count * _native.packed_size(k, n, self.isa)


@cache
def capabilities(isa: str | None = None) -> Capabilities:
    """The capabilities of an instruction set; without a name, of the one in use."""
    return Capabilities(isa or _native.isa())
