"""Programs inside of programs: what a loop or a branch reads from outside becomes an input of its graph."""

from __future__ import annotations

from contextlib import contextmanager

from ..errors import TraceError, message
from ..gradients import dependents
from ..graph import Graph, Node, placeholder, topological_order
from ..graph.rewrite import rebuilt
from ..op import _traces


def transplanted(outputs: list[Node], new: dict[Node, Node]) -> list[Node]:
    """The nodes made again over other inputs; ``new`` says what stands for what and is filled up."""
    for n in topological_order(outputs, new):
        new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
    return [new[y] for y in outputs]


def closed(inputs: list[Node], outputs: list[Node]) -> tuple[Graph, list[Node]]:
    """A body that reads nothing but its inputs, and the outer nodes that became constants of it.

    What does not depend on the inputs stays outside, so it is computed once and not at every step. Plain constants are
    copied into the body.
    """
    order = topological_order(outputs)
    inside = dependents(order, inputs)
    new: dict[Node, Node] = {x: x for x in inputs}
    constants: dict[Node, Node] = {}
    for n in order:
        if n in inside:
            if n.op is not None:
                new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
            continue
        literal = (
            n.op is not None
            and all(x in new and x not in constants.values() for x in n.inputs)
            and n.op.name in ("full", "expand", "iota")
        )
        if literal:
            new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
        elif any(n in m.inputs for m in inside) or n in outputs:
            constants[n] = new[n] = placeholder(n.type)
    return Graph([*inputs, *constants.values()], [new[y] for y in outputs]), list(constants)


@contextmanager
def no_assignment(what: str):
    """A TraceError where the part of a loop or a branch assigns a variable: that would happen once, while tracing."""
    if not _traces:
        yield
        return
    trace = _traces[-1]
    before = dict(trace.current)
    yield
    for key, variable in trace.assigned.items():
        if trace.current[key] is not before.get(key):
            raise TraceError(
                message(
                    f"variable {variable.path!r} is assigned inside of {what}",
                    fix="carry the value out, and assign it outside",
                )
            )


def single(values):
    """What an op gives: the bare value where there is one, else a tuple."""
    return values[0] if len(values) == 1 else tuple(values)
