"""Factor: what is the same for all terms of a sum is taken out of it.

The derivative of a normalised and scaled value holds the sums of dy, dy * gamma, dy * x and dy * gamma * x: these are
two sums and two small products.
"""

from __future__ import annotations

from ..graph import Graph, Node
from ..graph.rewrite import rebuilt, rewrite
from ..ops.broadcast import expand, sum_
from ..ops.elementwise import mul
from ..ops.shape import reshape

TERMS = 8  # factors looked at in one product


def factor(graph: Graph) -> Graph:
    """The same outputs, but for rounding; products are summed without those factors that are the same all along."""
    return rewrite(graph, factored)


def factored(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """A sum of products times what is the same for all its terms, if there is such a factor."""
    assert node.op is not None
    if node.op.programs and (bodies := node.bodies()):
        new = {k: factor(body) for k, body in bodies.items()}
        if any(new[k] is not bodies[k] for k in bodies):
            return rebuilt(node, inputs, {**node.attrs, **new})
    if node.op.name != "sum" or not node.type.is_float:
        return None
    axes = node.attrs["axes"]
    outside, inside = [], []
    for x in factors(inputs[0]):
        fixed = without(x, axes)
        (inside if fixed is None else outside).append(x if fixed is None else fixed)
    if not outside or not inside:
        return None
    product = inside[0]
    for x in inside[1:]:
        product = mul.node([product, x], {})
    total = sum_.node([product], {"axes": axes})
    for x in outside:
        total = mul.node([total, x], {})
    total.path = node.path
    return total


def factors(node: Node) -> list[Node]:
    """The factors of a tree of products, from left to right."""
    found: list[Node] = []
    stack = [node]
    while stack:
        x = stack.pop()
        if x.op is not None and x.op.name == "mul" and len(found) + len(stack) < TERMS:
            stack.extend(reversed(x.inputs))
        else:
            found.append(x)
    return found


def without(node: Node, axes: tuple[int, ...]) -> Node | None:
    """A repeated value with these axes taken away, if it is the same all along them."""
    if node.op is None or node.op.name != "expand":
        return None
    source, shape = node.inputs[0], node.shape
    lead = len(shape) - len(source.shape)
    if any(shape[a] != 1 and a >= lead and source.shape[a - lead] != 1 for a in axes):
        return None
    kept = [a for a in range(len(shape)) if a not in axes]
    small = reshape.node([source], {"shape": tuple(source.shape[a - lead] if a >= lead else 1 for a in kept)})
    return expand.node([small], {"shape": tuple(shape[a] for a in kept)})
