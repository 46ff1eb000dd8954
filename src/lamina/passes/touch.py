"""Touch: an update of a table by rows leaves the other rows alone.

The derivative of a lookup is zero in every row that was not looked up. Where an optimizer only adds a multiple of it,
as gradient descent does, the rows are scaled and added onto the table: see docs/decisions/0016.
"""

from __future__ import annotations

from ..graph import Graph, Node, users
from ..graph.rewrite import rewrite
from ..ops.broadcast import expand
from ..ops.create import full
from ..ops.elementwise import mul, neg
from ..ops.gather import scatter_onto
from ..ops.shape import reshape

DENSE = 4  # passes over the whole table: zeros, the sum and the table read, the table written
SCALED = 2  # passes over the rows: read and written


def touch(graph: Graph) -> Graph:
    """The same outputs, but for rounding; ``table ± c * scatter_add(x, ids)`` becomes ``scatter_onto(table, ± c * x)``.

    Only where the table is an input of the graph, c a scalar, nobody else reads the sum of the rows, and scaling them
    moves fewer numbers than the dense sum would.
    """
    if "scatter_add" not in graph.op_names:
        return graph
    reads, outputs = users(graph), set(graph.outputs)

    def rule(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if not is_op(node, "add", "sub") or not node.type.is_float:
            return None
        found = update(node, inputs)
        if found is None:
            return None
        step, added, factor = found
        if SCALED * added.inputs[0].type.size > DENSE * node.type.size:
            return None
        inner = [node.inputs[step], *([] if factor is None else node.inputs[step].inputs)]
        if any(is_op(n, "mul", "scatter_add") and (n in outputs or len(reads[n]) != 1) for n in inner):
            return None
        return onto(node, inputs[1 - step], added, factor)

    return rewrite(graph, rule)


def is_op(node: Node, *names: str) -> bool:
    return node.op is not None and node.op.name in names


def update(node: Node, inputs: tuple[Node, ...]) -> tuple[int, Node, Node | None] | None:
    """Which input of a sum is the step, its scatter_add, and the repeated factor of that, if there is one."""
    for step in (1, 0) if is_op(node, "add") else (1,):
        if inputs[1 - step].op is not None:
            continue
        x = inputs[step]
        if is_op(x, "scatter_add"):
            return step, x, None
        if is_op(x, "mul"):
            for added, factor in (x.inputs, x.inputs[::-1]):
                if is_op(added, "scatter_add") and repeats_one(factor):
                    return step, added, factor
    return None


def repeats_one(node: Node) -> bool:
    """Whether all elements are one and the same number, by the look of the graph."""
    return is_op(node, "full") or (is_op(node, "expand") and node.inputs[0].type.size == 1)


def onto(node: Node, table: Node, added: Node, factor: Node | None) -> Node:
    """The table with the scaled rows added."""
    x, ids = added.inputs
    if factor is not None:
        x = mul.node([x, repeated(factor, x.shape, is_op(node, "sub"))], {})
    elif is_op(node, "sub"):
        x = neg.node([x], {})
    made = scatter_onto.node([table, x, ids], {})
    made.path = node.path
    return made


def repeated(factor: Node, shape: tuple[int, ...], minus: bool) -> Node:
    """The factor, or its negative, under another shape."""
    assert factor.op is not None
    if factor.op.name == "full":
        value = -factor.attrs["value"] if minus else factor.attrs["value"]
        return full.node([], {"value": value, "shape": shape, "dtype": factor.dtype})
    one = reshape.node([factor.inputs[0]], {"shape": ()})
    return expand.node([neg.node([one], {}) if minus else one], {"shape": shape})
