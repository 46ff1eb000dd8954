"""Fold: what depends on constants alone is computed now, and identities disappear.

A constant is ``full``. Only results that are one repeated value are folded, so a graph never grows; -0.0, Inf and NaN
are left as they would be computed.
"""

from __future__ import annotations

import math

import numpy as np

from ..graph import Graph, Node, rewrite
from ..op import OPS, run
from ..types import Type

REDUNDANT = {"reshape", "expand", "cast", "transpose", "mul", "div", "sub", "sum"}  # where the input may be the result
FOLDABLE = 1 << 16  # elements of a constant result worth computing here


def fold(graph: Graph) -> Graph:
    """The same outputs from fewer nodes."""
    return rewrite(graph, folded)


def folded(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """What is less to compute and says the same, if there is anything."""
    op = node.op
    assert op is not None
    if op.programs and (bodies := node.bodies()):
        new = {k: fold(body) for k, body in bodies.items()}
        if any(new[k] is not bodies[k] for k in bodies):
            return relocated(node, op.node(inputs, {**node.attrs, **new}))
        return None
    same = identity(node, inputs) if op.name in REDUNDANT else None
    return constant(node, inputs) if same is None else same


def identity(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """x for reshape to the shape of x, x - 0 (x + 0 turns -0 into 0), x * 1, x / 1, sums of one term, and the like."""
    assert node.op is not None
    name = node.op.name
    if name in ("reshape", "expand", "cast") and inputs[0].types == node.types:
        return inputs[0]
    if name == "transpose" and node.attrs["axes"] == tuple(range(inputs[0].ndim)):
        return inputs[0]
    if name in ("reshape", "expand") and inputs[0].op is not None and inputs[0].op.name == name:
        return relocated(node, node.op.node(inputs[0].inputs, node.attrs))
    if name == "mul":
        if value_of(inputs[1]) == 1:
            return inputs[0]
        if value_of(inputs[0]) == 1:
            return inputs[1]
    if name == "div" and value_of(inputs[1]) == 1:
        return inputs[0]
    if name == "sub" and is_plus_zero(value_of(inputs[1])):
        return inputs[0]
    if name == "sum" and inputs[0].types[0].size == node.type.size and inputs[0].dtype == node.dtype:
        if any(inputs[0].shape[a] != 1 for a in node.attrs["axes"]):
            return None  # as many sums of nothing as there were elements: none
        same = inputs[0].shape == node.shape
        return inputs[0] if same else relocated(node, OPS["reshape"].node(inputs, {"shape": node.shape}))
    return None


def constant(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """A ``full`` for an op on ``full`` values whose result is one repeated value."""
    for x in inputs:
        if x.op is None or x.op.name != "full":
            return None
    if not inputs or node.op is None or len(node.types) != 1:
        return None
    if node.op.name in ("expand", "reshape", "transpose"):
        return filled(node, value_of(inputs[0]), node.type)
    if node.type.size == 0 or max(x.type.size for x in (*inputs, node)) > FOLDABLE:
        return None
    result = run(node.op, np, [np.full(x.shape, value_of(x), x.dtype) for x in inputs], node.attrs)
    if not np.all(result == result.flat[0]):
        return None
    return filled(node, result.flat[0].item(), node.type)


def is_plus_zero(value) -> bool:
    """Whether it is 0, but not -0.0."""
    return value is not None and value == 0 and math.copysign(1, value) > 0


def value_of(node: Node):
    """The value of a constant, or None."""
    return node.attrs["value"] if node.op is not None and node.op.name == "full" else None


def filled(node: Node, value, type: Type) -> Node:
    return relocated(node, OPS["full"].node([], {"value": value, "shape": type.shape, "dtype": type.dtype}))


def relocated(old: Node, new: Node) -> Node:
    new.path = old.path
    return new
