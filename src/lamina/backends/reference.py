"""NumPy, one op at a time: slow, obvious, and what the other backends are measured against."""

from __future__ import annotations

import numpy as np

from ..composite import inline
from ..op import evaluate
from ..passes import simplify
from .program import Bound, Placed, Program, write


class ReferenceProgram(Program):
    """Walks the graph; composites are replaced by their bodies."""

    backend = "reference"

    def __init__(self, bound: Bound):
        super().__init__(bound)
        self.graph = inline(simplify(bound.graph))

    def execute(self, arrays):
        with np.errstate(all="ignore"):
            values = evaluate(self.graph, np, [*arrays, *(s.array for s in self.bound.slots)])
        return self.finish(values)

    def finish(self, values):
        """Copies the results out before any slot changes, then updates the slots."""
        n = self.bound.results
        results = [np.array(v) for v in values[:n]]
        fresh = [np.array(v) for v in values[n:]]
        for slot, value in zip(self.bound.updates, fresh, strict=True):
            write(slot, value)
        return results

    def placement(self):
        return [Placed(node, self.backend, i) for i, node in enumerate(self.graph.nodes)]


def compile(bound: Bound) -> Program:
    """A Program that runs on NumPy."""
    return ReferenceProgram(bound)
