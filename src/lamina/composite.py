"""Ops told in terms of other ops: shape, value and derivative all follow from the body.

In the graph a composite is one node with one name, so that it stays readable, and a backend that owns a fused kernel
of that name can use it. Every other composite is replaced by its body: see ``inline``.
"""

from __future__ import annotations

from collections.abc import Callable

from .gradients import gradients
from .graph import Graph, Node, placeholder, rewrite, scope
from .graph.rewrite import rebuilt
from .op import Op, evaluate, item_op
from .types import type_of


class Composite(Op):
    """An op with a body in ops. ``vjp`` may be written by hand; a law checks it against the body's."""

    def body(self, *xs: Node, **attrs):
        """The result as a node, or a tuple of nodes where there are several."""
        raise AssertionError(f"{self.name} has no body")

    def graph(self, *types, **attrs) -> Graph:
        """The body over fresh inputs."""
        inputs = [placeholder(t) for t in types]
        result = self.body(*inputs, **attrs)
        return Graph(inputs, list(result) if isinstance(result, tuple) else [result])

    def infer(self, *types, **attrs):
        results = tuple(y.type for y in self.graph(*types, **attrs).outputs)
        (first, *rest) = results
        return results if rest else first

    def compute(self, xp, *arrays, **attrs):
        results = evaluate(self.graph(*map(type_of, arrays), **attrs), xp, arrays)
        return results[0] if len(results) == 1 else tuple(results)

    def vjp(self, dy, y, *xs, **attrs):
        return self.vjp_of_body(dy, *xs, **attrs)

    def vjp_of_body(self, dy, *xs, **attrs):
        """The derivative that follows from the body."""
        result = self.body(*xs, **attrs)
        results = result if isinstance(result, tuple) else (result,)
        seeds = dy if isinstance(dy, tuple) else (dy,)
        pairs = [(r, s) for r, s in zip(results, seeds, strict=True) if s is not None]
        floats = [x for x in xs if x.type.is_float]
        found = dict(zip(floats, gradients([r for r, _ in pairs], floats, [s for _, s in pairs]), strict=True))
        return tuple(found.get(x) for x in xs)


def inline(graph: Graph, keep: Callable[[Node], bool] = lambda node: False) -> Graph:
    """The same graph with every composite replaced by its body, save those that ``keep`` says yes to.

    Bodies of ``scan`` and ``cond`` are treated alike. The results of a composite with several are read straight from
    the body.
    """
    replaced = {n for n in graph.nodes if isinstance(n.op, Composite) and not keep(n)}
    if not replaced and not any(n.op is not None and n.op.programs for n in graph.nodes):
        return graph
    bodies: dict[Node, tuple[Node, ...]] = {}  # the results of composites with several

    def rule(n: Node, inputs: tuple[Node, ...]) -> Node | None:
        if n in replaced:
            assert isinstance(n.op, Composite)
            with scope(n.path, absolute=True):
                body = n.op.body(*inputs, **n.attrs)
            if isinstance(body, Node):
                return body
            bodies[n] = body
        elif n.op is item_op and n.inputs[0] in bodies:
            return bodies[n.inputs[0]][n.attrs["index"]]
        elif programs := n.bodies():
            inlined = {k: inline(program, keep) for k, program in programs.items()}
            if any(inlined[k] is not programs[k] for k in programs):
                return rebuilt(n, inputs, {**n.attrs, **inlined})
        return None

    made = rewrite(graph, rule)
    return inline(made, keep) if replaced else made
