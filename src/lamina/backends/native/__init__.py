"""The native engine: a graph is planned into a flat list of instructions over one arena, and run in C++.

plan      which nodes run together, in which order, and where their values lie
fuse      finds the groups
chain     a group as the engine's chain
emit      nodes that run alone, loops the scans
memory    places in the arena
program   binds the plan to variables and data
"""

from __future__ import annotations

from ... import _native
from ..program import Bound, Program
from .program import NativeProgram


def compile(bound: Bound, isa: str | None = None) -> Program:
    """A Program that runs in the engine; ``isa`` asks for one of ``isas()`` (the best one if it is not given)."""
    return NativeProgram(bound, isa)


def isas() -> list[str]:
    """The instruction sets that this machine can run, best first."""
    return list(_native.isas())


def set_num_threads(n: int) -> None:
    """How many threads the engine uses. The results do not depend on it."""
    _native.set_num_threads(n)


def get_num_threads() -> int:
    """How many threads the engine uses: by default as many as the process may, or LAMINA_NUM_THREADS."""
    return _native.get_num_threads()
