"""The same walk over jax.numpy under jax.jit: XLA sees the graph whole. Needs the extra ``xla``."""

from __future__ import annotations

import numpy as np

from ..errors import missing_extra
from ..op import evaluate
from .program import Bound, Program
from .reference import ReferenceProgram


class XlaProgram(ReferenceProgram):
    """Compiled by XLA at the first step."""

    backend = "xla"

    def __init__(self, bound: Bound):
        super().__init__(bound)
        try:
            import jax
            import jax.numpy as jnp
        except ImportError:
            raise missing_extra("JAX", "xla", 'backend="xla"') from None
        self.call = jax.jit(lambda arrays: evaluate(self.graph, jnp, arrays))

    def execute(self, arrays):
        return self.finish([np.asarray(v) for v in self.call([*arrays, *(s.array for s in self.bound.slots)])])


def compile(bound: Bound) -> Program:
    """A Program that runs through XLA."""
    return XlaProgram(bound)
