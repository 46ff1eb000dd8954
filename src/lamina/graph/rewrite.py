"""Making a new graph out of an old one, node by node."""

from __future__ import annotations

from collections.abc import Callable

from .node import Graph, Node


def rewrite(graph: Graph, rule: Callable[[Node, tuple[Node, ...]], Node | None]) -> Graph:
    """The graph with each node replaced by ``rule(node, new_inputs)``, or kept where the rule gives None."""
    new: dict[Node, Node] = {}  # only what is not what it was
    for n in graph.nodes:
        inputs = n.inputs
        for x in inputs:
            if x in new:
                inputs = tuple([new.get(x, x) for x in inputs])
                break
        made = rule(n, inputs)
        if made is None and inputs is not n.inputs:
            made = rebuilt(n, inputs)
        if made is not None and made is not n:
            new[n] = made
    return Graph(graph.inputs, [new.get(y, y) for y in graph.outputs]) if new else graph


def rebuilt(node: Node, inputs: tuple[Node, ...], attrs: dict | None = None) -> Node:
    """The same op on other inputs; keeps the path. Where the inputs have the same types, so has the result."""
    assert node.op is not None
    if attrs is None and alike(inputs, node.inputs):
        return Node(node.op, inputs, node.attrs, node.types, node.name, node.path)
    copy = node.op.node(inputs, node.attrs if attrs is None else attrs)
    copy.path, copy.name = node.path, node.name
    return copy


def alike(these: tuple[Node, ...], those: tuple[Node, ...]) -> bool:
    """Whether nodes have the same types as others, and no values yet."""
    for x, y in zip(these, those, strict=True):
        if x is not y and x.types is not y.types and x.types != y.types:
            return False
        if x.value is not None:
            return False
    return True


def substitute(graph: Graph, inputs: list[Node]) -> list[Node]:
    """The outputs of the graph as nodes over other inputs: the graph pasted into another one."""
    new: dict[Node, Node] = dict(zip(graph.inputs, inputs, strict=True))
    for n in graph.nodes:
        new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
    return [new[y] for y in graph.outputs]
