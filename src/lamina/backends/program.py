"""The contract between a compiled graph and whoever runs it.

A backend is a module with ``compile(bound) -> Program``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ..errors import ShapeError, message
from ..graph import Graph, Node
from ..types import Type, type_of


class Slot(Protocol):
    """State that outlives a step: a variable as a backend sees it.

    ``array`` is row-major, 64-byte aligned, and stays the same object; a Program reads it and writes into it.
    ``version`` grows with each write, so that what a Program derived from the array can be derived again.
    """

    array: np.ndarray
    version: int


@dataclass
class Bound:
    """A graph with its state: the last inputs are the slots, the last outputs are the new values of ``updates``."""

    graph: Graph
    slots: list[Slot]
    updates: list[Slot]

    @property
    def arguments(self) -> list[Type]:
        """The Types of the inputs that the caller gives."""
        return [x.type for x in self.graph.inputs[: len(self.graph.inputs) - len(self.slots)]]

    @property
    def results(self) -> int:
        """How many outputs go to the caller."""
        return len(self.graph.outputs) - len(self.updates)


class Placed(NamedTuple):
    """A node that is run: which backend runs it, and in which of the program's instructions (several may be fused)."""

    node: Node
    backend: str
    instruction: int


class Program:
    """A compiled graph. Subclasses implement ``execute``, and ``run_steps`` where they can do better."""

    def __init__(self, bound: Bound):
        self.bound = bound
        self.wanted = [(t.shape, np.dtype(t.dtype), t) for t in bound.arguments]

    def run(self, *arrays) -> list[np.ndarray]:
        """One step: takes the arguments, updates the slots in place, gives the results."""
        if len(arrays) != len(self.wanted):
            raise ShapeError(message(f"{len(arrays)} arguments for a program of {len(self.wanted)}"))
        fitting = []
        for a, (shape, dtype, type) in zip(arrays, self.wanted, strict=True):
            a = np.asarray(a, dtype, order="C")
            if a.shape != shape:
                raise ShapeError(message("a program is made for one shape", got=str(type_of(a)), want=str(type)))
            fitting.append(a)
        return self.execute(fitting)

    def execute(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """``run`` on arrays that are known to fit."""
        raise AssertionError("a Program must implement execute")

    def run_steps(self, sources: Sequence[np.ndarray], order: np.ndarray, first: int, steps: int) -> list[np.ndarray]:
        """``steps`` steps in a row, each on the next batch of rows of the sources; the results of the last step.

        Step k takes rows ``order[first + k*B : first + (k+1)*B]`` of each source, with B the batch size of the
        arguments. The caller sees to it that the order is long enough.
        """
        size = self.bound.arguments[0].shape[0] if self.bound.arguments else 0
        results: list[np.ndarray] = []
        for k in range(steps):
            rows = order[first + k * size : first + (k + 1) * size]
            results = self.run(*(source[rows] for source in sources))
        return results

    def quick(self) -> Callable[[np.ndarray], np.ndarray | None] | None:
        """A shorter road than ``run``, if there is one: for one argument, one result, and after a first run.

        It takes the argument, and gives None, with nothing done, for all but an array of just the type it is made for.
        """
        return None

    def placement(self) -> list[Placed]:
        """For each node that is run, in order, who runs it. For ``explain``."""
        raise AssertionError("a Program must implement placement")


def write(slot: Slot, value) -> None:
    """New contents of a slot, in place."""
    np.copyto(slot.array, value, casting="same_kind")
    slot.version += 1
