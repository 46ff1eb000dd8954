"""Making a new graph out of an old one, node by node."""

from __future__ import annotations

from collections.abc import Callable

from .node import Graph, Node

Rule = Callable[[Node, tuple[Node, ...]], Node | None]


def rewrite(graph: Graph, *rules: Rule) -> Graph:
    """The graph with each node replaced by ``rule(node, new_inputs)``, or kept where the rule gives None.

    Of several rules each sees what those before it made of a node, unless that is one of its inputs.
    """
    new: dict[Node, Node] = {}  # only what is not what it was
    get = new.get
    for n in graph.nodes:
        node, inputs = n, n.inputs
        for x in inputs:
            if x in new:
                inputs = tuple([get(x, x) for x in inputs])
                break
        for rule in rules:
            made = rule(node, inputs)
            if made is not None:
                node = made
                if made in inputs:
                    break
                inputs = made.inputs
        if node is n and inputs is not n.inputs:
            node = rebuilt(n, inputs)
        if node is not n:
            new[n] = node
    return Graph(graph.inputs, [get(y, y) for y in graph.outputs]) if new else graph


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
