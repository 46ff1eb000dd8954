"""Drop: what no output needs is not computed. Inside a scan, neither are results that nobody reads."""

from __future__ import annotations

from ..graph import Graph, Node, users
from ..graph.rewrite import rebuilt
from ..op import item


def drop(graph: Graph) -> Graph:
    """The same outputs without dead nodes. A graph holds none by construction; this narrows the bodies of scans."""
    if "scan" not in graph.op_names:
        return graph
    reads = users(graph)
    new: dict[Node, Node] = {x: x for x in graph.inputs}
    moved: dict[Node, dict[int, int]] = {}
    for n in graph.nodes:
        assert n.op is not None
        inputs = tuple(new[x] for x in n.inputs)
        if n.op.name == "item" and n.inputs[0] in moved:
            new[n] = item(inputs[0], moved[n.inputs[0]][n.attrs["index"]])
        elif n.op.name == "scan":
            used = {m.attrs["index"] for m in reads[n]}
            new[n], moved[n] = narrowed(n, inputs, used)
        else:
            new[n] = n if inputs == n.inputs else rebuilt(n, inputs)
        new[n].path = n.path
    if all(new[n] is n for n in graph.nodes):
        return graph
    return Graph(graph.inputs, [new[y] for y in graph.outputs])


def narrowed(node: Node, inputs: tuple[Node, ...], used: set[int]) -> tuple[Node, dict[int, int]]:
    """The scan without stacked results that nobody reads, and where the others stand now."""
    body, carries = node.attrs["body"], node.attrs["carries"]
    first = 2 * carries
    keep = [i for i in range(len(body.outputs) - carries) if first + i in used]
    slim = drop(Graph(body.inputs, [*body.outputs[:carries], *(body.outputs[carries + i] for i in keep)]))
    where = {i: i for i in range(first)} | {first + i: first + k for k, i in enumerate(keep)}
    assert node.op is not None
    return node.op.node(inputs, {**node.attrs, "body": slim}), where
