"""Commute: rows are picked in the order in which they are wanted, so that nothing has to be turned round afterwards.

A sequence layer looks at time first, data come batch first. Turning the row numbers is cheaper than turning the rows.
"""

from __future__ import annotations

from ..graph import Graph, Node, rewrite
from ..ops.gather import gather, scatter_add
from ..ops.shape import transpose


def commute(graph: Graph) -> Graph:
    """The same outputs; a transpose of the leading dimensions of looked-up rows becomes one of the row numbers."""
    return rewrite(graph, commuted) if "transpose" in graph.op_names else graph


def commuted(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """A lookup or its derivative with its row numbers turned, where the rows were."""
    assert node.op is not None
    if node.op.name == "transpose" and is_op(inputs[0], "gather"):
        table, ids = inputs[0].inputs
        axes = leading(node.attrs["axes"], ids.ndim)
        if axes is not None:
            return placed(node, gather.node([table, transpose.node([ids], {"axes": axes})], {}))
    if node.op.name == "scatter_add" and is_op(inputs[0], "transpose"):
        axes = leading(inputs[0].attrs["axes"], inputs[1].ndim)
        if axes is not None:
            back = tuple(axes.index(i) for i in range(len(axes)))
            turned = transpose.node([inputs[1]], {"axes": back})
            return placed(node, scatter_add.node([inputs[0].inputs[0], turned], node.attrs))
    return None


def is_op(node: Node, name: str) -> bool:
    return node.op is not None and node.op.name == name


def leading(axes: tuple[int, ...], count: int) -> tuple[int, ...] | None:
    """The order of the first ``count`` axes, if the others stay where they are."""
    if axes[count:] != tuple(range(count, len(axes))):
        return None
    return axes[:count]


def placed(old: Node, new: Node) -> Node:
    new.path = old.path
    return new
