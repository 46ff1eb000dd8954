"""Share: nodes that say the same are made one.

Two scans over the same inputs whose bodies differ only in how much they give out are merged into the wider one: that
is how a loop and its derivative come to use one forward pass.
"""

from __future__ import annotations

from ..graph import Graph, Node, rewrite
from ..graph.rewrite import Rule, rebuilt
from ..graph.text import to_text


def share(graph: Graph) -> Graph:
    """The same outputs, each thing computed once, in the bodies of loops and branches, too."""
    return rewrite(widened(graph), sharing())


def sharing() -> Rule:
    """The rule that gives the first of the nodes that say the same."""
    seen: dict[tuple, Node] = {}

    def rule(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        assert node.op is not None
        attrs = node.attrs
        if node.op.programs and (bodies := node.bodies()):
            shared = {k: share(body) for k, body in bodies.items()}
            if any(shared[k] is not bodies[k] for k in bodies):
                attrs = {**attrs, **shared}
        key = (node.op.name, inputs, attributes(attrs) if attrs else ())
        found = seen.get(key)
        if found is None:
            same = attrs is node.attrs
            found = node if same and inputs is node.inputs else rebuilt(node, inputs, None if same else attrs)
            seen[key] = found
        return found

    return rule


def attributes(attrs: dict) -> tuple:
    """The attributes as something that can be compared: 1 and 1.0 and True differ, NaN equals itself."""
    items = sorted(attrs.items()) if len(attrs) > 1 else attrs.items()
    return tuple([(k, to_text(v) if type(v) is Graph else repr(v)) for k, v in items])


def widened(graph: Graph) -> Graph:
    """Each scan replaced by the widest one that starts with the same results."""
    scans = [n for n in graph.nodes if n.op is not None and n.op.name == "scan"]
    if len(scans) < 2:
        return graph
    groups: dict[tuple, list[Node]] = {}
    for n in scans:
        body = n.attrs["body"]
        plain = tuple((k, v) for k, v in sorted(n.attrs.items()) if k != "body")
        key = (n.inputs, plain, to_text(body).rsplit("\n", 1)[0])
        groups.setdefault(key, []).append(n)
    widest: dict[Node, Node] = {}
    for group in groups.values():
        best = max(group, key=lambda n: len(n.attrs["body"].outputs))
        ends = to_text(best.attrs["body"]).rsplit("\n", 1)[1].split()
        for n in group:
            own = to_text(n.attrs["body"]).rsplit("\n", 1)[1].split()
            if n is not best and ends[: len(own)] == own:
                widest[n] = best
    if not widest:
        return graph
    return Graph(graph.inputs, replaced(graph, widest))


def replaced(graph: Graph, instead: dict[Node, Node]) -> list[Node]:
    """The outputs with some nodes read from others. Walks by demand, as a replacement may come later in the order."""
    new: dict[Node, Node] = {x: x for x in graph.inputs}
    stack = list(reversed(graph.outputs))
    while stack:
        n = stack[-1]
        source = instead.get(n, n)
        missing = [x for x in source.inputs if x not in new]
        if n in new:
            stack.pop()
        elif missing:
            stack.extend(missing)
        else:
            if source is not n and source not in new:
                stack.append(source)
                continue
            new[n] = new[source] if source is not n else moved(n, tuple(new[x] for x in n.inputs))
            stack.pop()
    return [new[y] for y in graph.outputs]


def moved(node: Node, inputs: tuple[Node, ...]) -> Node:
    if inputs == node.inputs:
        return node
    return rebuilt(node, inputs)
