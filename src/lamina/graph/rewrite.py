"""Making a new graph out of an old one, node by node."""

from __future__ import annotations

from collections.abc import Callable

from .node import Graph, Node


def rewrite(graph: Graph, rule: Callable[[Node, tuple[Node, ...]], Node | None]) -> Graph:
    """The graph with each node replaced by ``rule(node, new_inputs)``, or kept where the rule gives None."""
    new: dict[Node, Node] = {x: x for x in graph.inputs}
    changed = False
    for n in graph.nodes:
        inputs = tuple([new[x] for x in n.inputs])
        made = rule(n, inputs)
        new[n] = made if made is not None else n if inputs == n.inputs else rebuilt(n, inputs)
        changed = changed or new[n] is not n
    return Graph(graph.inputs, [new[y] for y in graph.outputs]) if changed else graph


def rebuilt(node: Node, inputs: tuple[Node, ...], attrs: dict | None = None) -> Node:
    """The same op on other inputs; keeps the path. Where the inputs have the same types, so has the result."""
    assert node.op is not None
    alike = attrs is None and all(
        x.types == y.types and x.value is None for x, y in zip(inputs, node.inputs, strict=True)
    )
    if alike:
        return Node(node.op, inputs, node.attrs, node.types, node.name, node.path)
    copy = node.op.node(inputs, node.attrs if attrs is None else attrs)
    copy.path, copy.name = node.path, node.name
    return copy


def substitute(graph: Graph, inputs: list[Node]) -> list[Node]:
    """The outputs of the graph as nodes over other inputs: the graph pasted into another one."""
    new: dict[Node, Node] = dict(zip(graph.inputs, inputs, strict=True))
    for n in graph.nodes:
        new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
    return [new[y] for y in graph.outputs]
