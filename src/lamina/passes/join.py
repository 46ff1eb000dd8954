"""Join: a sum of padded pieces that lie side by side is their concatenation.

The derivative of taking a tensor apart (the gates of an LSTM, the heads of attention) is a sum of tensors that are
zero but for one piece each. Put end to end they need neither the zeros nor the additions.
"""

from __future__ import annotations

from ..graph import Graph, Node, users
from ..graph.rewrite import rebuilt
from ..ops.slice import concatenate_


def join(graph: Graph) -> Graph:
    """The same outputs; sums of padded pieces become concatenations, in the bodies of loops too."""
    if "pad" not in graph.op_names:
        return graph
    reads = users(graph)
    outputs = set(graph.outputs)
    inner = {n for n in graph.nodes if is_add(n) and n not in outputs and len(reads[n]) == 1 and is_add(reads[n][0])}
    new: dict[Node, Node] = {x: x for x in graph.inputs}
    changed = False
    for n in graph.nodes:
        bodies = n.bodies()
        joined = {k: join(body) for k, body in bodies.items()}
        if any(joined[k] is not bodies[k] for k in bodies):
            new[n], changed = rebuilt(n, tuple(new[x] for x in n.inputs), {**n.attrs, **joined}), True
            continue
        pieces = side_by_side(terms(n, inner)) if is_add(n) and n not in inner else None
        if pieces is not None:
            axis, ordered = pieces
            new[n], changed = concatenate_.node([new[p] for p in ordered], {"axis": axis}), True
            new[n].path = n.path
            continue
        inputs = tuple(new[x] for x in n.inputs)
        new[n] = n if inputs == n.inputs else rebuilt(n, inputs)
    return Graph(graph.inputs, [new[y] for y in graph.outputs]) if changed else graph


def is_add(node: Node) -> bool:
    return node.op is not None and node.op.name == "add"


def terms(node: Node, inner: set[Node]) -> list[Node]:
    """The summands of a tree of additions, from left to right."""
    found: list[Node] = []
    stack = list(reversed(node.inputs))
    while stack:
        x = stack.pop()
        if x in inner:
            stack.extend(reversed(x.inputs))
        else:
            found.append(x)
    return found


def side_by_side(summands: list[Node]) -> tuple[int, list[Node]] | None:
    """The axis, and the pieces in order, if zero-padded pieces fill one axis without overlap."""
    pieces = []
    for x in summands:
        if x.op is None or x.op.name != "pad" or x.attrs["value"] != 0 or any(x.attrs["interior"]):
            return None
        padded = [i for i, (a, b) in enumerate(zip(x.attrs["low"], x.attrs["high"], strict=True)) if a or b]
        if len(padded) != 1:
            return None
        axis = padded[0]
        pieces.append((axis, x.attrs["low"][axis], x.inputs[0]))
    axis, total = pieces[0][0], summands[0].shape[pieces[0][0]]
    pieces.sort(key=lambda p: p[1])
    end = 0
    for other, start, piece in pieces:
        if other != axis or start != end:
            return None
        end += piece.shape[axis]
    return (axis, [p for _, _, p in pieces]) if end == total else None
