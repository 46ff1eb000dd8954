"""What ``x + y``, ``x @ w`` and ``x[1:]`` mean for symbolic values, variables and symbolic tensors alike."""

from __future__ import annotations

import numpy as np

from ..errors import TraceError, message
from ..graph import Node
from .compare import greater, greater_equal, less, less_equal, logical_not
from .elementwise import add, div, mul, neg, sub
from .indexing import get_item
from .piecewise import abs_, pow_
from .products import matmul

BINARY = {"add": add, "sub": sub, "mul": mul, "truediv": div, "pow": pow_, "matmul": matmul}
COMPARISONS = {"lt": less, "le": less_equal, "gt": greater, "ge": greater_equal}


def install(cls) -> None:
    """Gives a class the operators of a tensor."""
    for name, op in BINARY.items():
        setattr(cls, f"__{name}__", lambda a, b, op=op: op(a, b))
        setattr(cls, f"__r{name}__", lambda a, b, op=op: op(b, a))
    for name, op in COMPARISONS.items():
        setattr(cls, f"__{name}__", lambda a, b, op=op: op(a, b))
    cls.__neg__, cls.__abs__, cls.__invert__ = (lambda x: neg(x)), (lambda x: abs_(x)), (lambda x: logical_not(x))
    cls.__getitem__ = lambda x, index: get_item(x, index)


def truth(x):
    if x.value is not None:
        return bool(x.value)
    raise TraceError(
        message(
            "the program branches on a value that is not yet computed",
            got=repr(x),
            where=True,
            fix="use lamina.ops.where to choose element by element, or lamina.ops.cond to choose a branch",
        )
    )


def number(x, kind=np.asarray):
    if x.value is not None:
        return kind(x.value)
    raise TraceError(
        message(
            "a symbolic value has no number yet",
            got=repr(x),
            where=True,
            fix="read it after the step, or use run_eagerly=True to debug",
        )
    )


def loop(x):
    if x.value is not None:
        return (get_item(x, i) for i in range(x.shape[0]))
    raise TraceError(
        message(
            "a Python loop over a symbolic value",
            got=repr(x),
            where=True,
            fix="use lamina.ops.scan, or index it: x[0], x[1], …",
        )
    )


install(Node)
Node.__bool__ = truth  # type: ignore[attr-defined]
Node.__float__ = lambda x: number(x, float)  # type: ignore[attr-defined]
Node.__int__ = Node.__index__ = lambda x: number(x, int)  # type: ignore[attr-defined]
Node.__array__ = lambda x, dtype=None, copy=None: np.array(number(x), dtype=dtype)  # type: ignore[attr-defined]
Node.__iter__ = loop  # type: ignore[attr-defined]
