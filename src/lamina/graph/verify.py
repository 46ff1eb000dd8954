"""The rules every graph obeys. Tests call it after each pass; an AssertionError names the guilty node."""

from __future__ import annotations

from .node import Graph, Node


def verify(graph: Graph) -> Graph:
    """The same graph, or an AssertionError that says which node breaks which rule."""
    known: set[Node] = set()
    for x in graph.inputs:
        assert x.op is None, f"the input {x} is computed by an op"
        assert x not in known, f"the input {x} is listed twice"
        known.add(x)
    for n in graph.nodes:
        assert n.op is not None
        for x in n.inputs:
            assert x in known, f"{n} reads {x}, which is neither an input nor computed before"
        for key, value in n.attrs.items():
            assert is_literal(value), f"{n}: the attribute {key}={value!r} is neither a plain literal nor a graph"
            if isinstance(value, Graph):
                verify(value)
        inferred = n.op.types([x.types for x in n.inputs], n.attrs)
        assert inferred == n.types, f"{n} says {n.types}, its op infers {inferred}"
        known.add(n)
    for y in graph.outputs:
        assert y in known, f"the output {y} is not computed"
        assert len(y.types) == 1, f"the output {y} has {len(y.types)} results"
    return graph


def is_literal(value) -> bool:
    """Whether a value may be an attribute: None, bool, int, float, str, a tuple of these, or a Graph."""
    if isinstance(value, tuple):
        return all(is_literal(v) and not isinstance(v, Graph) for v in value)
    return value is None or type(value) in (bool, int, float, str) or isinstance(value, Graph)
