"""Hoist: what a scan only adds up is added up after it.

The gradient of a weight inside of a loop is a sum of products over time. As one product over all time steps it is as
fast as the machine allows, and the loop carries less.
"""

from __future__ import annotations

from ..graph import Graph, Node, users
from ..graph.rewrite import rebuilt
from ..op import item
from ..ops.broadcast import sum_
from ..ops.elementwise import add
from ..ops.matmul import matmul_
from ..ops.shape import reshape, turned


def hoist(graph: Graph) -> Graph:
    """The same outputs (but for the order in which terms are added), sums over time taken out of scans."""
    reads = users(graph)
    new: dict[Node, Node] = {x: x for x in graph.inputs}
    slim: dict[Node, SlimScan] = {}
    for n in graph.nodes:
        assert n.op is not None
        if n.op.name == "item" and n.inputs[0] in slim:
            new[n] = slim[n.inputs[0]].result(n.attrs["index"])
            continue
        inputs = tuple(new[x] for x in n.inputs)
        if n.op.name == "scan":
            scan = SlimScan(n, inputs, {m.attrs["index"] for m in reads[n]})
            if scan.sums:
                slim[n] = scan
                continue
        new[n] = n if inputs == n.inputs else rebuilt(n, inputs)
    return Graph(graph.inputs, [new[y] for y in graph.outputs]) if slim else graph


class SlimScan:
    """A scan without the carries that are only added to."""

    def __init__(self, node: Node, inputs: tuple[Node, ...], used: set[int]):
        self.node, self.inputs = node, inputs
        self.body, self.carries, self.scanned = node.attrs["body"], node.attrs["carries"], node.attrs["scanned"]
        self.stacked: dict[Node, None] = {}  # values of the body to be stacked besides the ys, in order
        reads = users(self.body)
        self.sums = {
            i: term
            for i in range(self.carries)
            if self.carries + i not in used and (term := self.term(i, reads)) is not None
        }
        if self.sums:
            self.rebuild()

    def term(self, i: int, reads) -> Node | None:
        """What is added to carry i at each step, if that is all that happens to it and it can be added up later."""
        start, end = self.body.inputs[i], self.body.outputs[i]
        if end.op is None or end.op.name != "add" or start not in end.inputs or len(reads[start]) != 1:
            return None
        if sum(y is end for y in self.body.outputs) + len(reads[end]) != 1 or start in self.body.outputs:
            return None
        term = end.inputs[1] if end.inputs[0] is start else end.inputs[0]
        if term.op is None:
            return None
        if (
            term.op.name == "matmul"
            and term.ndim == 2
            and term.inputs[0].op is not None
            and term.inputs[0].op.name == "transpose"
        ):
            return term
        return term if term.op.name == "sum" else None

    def rebuild(self) -> None:
        body, node = self.body, self.node
        self.kept = [i for i in range(self.carries) if i not in self.sums]
        for term in self.sums.values():
            for x in self.factors(term):
                if x not in body.inputs[self.carries : self.carries + self.scanned] and x not in self.kept_inputs():
                    self.stacked[x] = None
        rest = list(range(self.carries, len(node.inputs)))
        fresh = Graph(
            [body.inputs[i] for i in (*self.kept, *rest)],
            [*(body.outputs[i] for i in self.kept), *body.outputs[self.carries :], *self.stacked],
        )
        attrs = {**node.attrs, "body": fresh, "carries": len(self.kept)}
        self.scan = rebuilt(node, tuple(self.inputs[i] for i in (*self.kept, *rest)), attrs)

    def kept_inputs(self) -> list[Node]:
        return [self.body.inputs[i] for i in self.kept]

    @staticmethod
    def factors(term: Node) -> list[Node]:
        """The values of the body that the sum is made of."""
        if term.op is not None and term.op.name == "matmul":
            return [term.inputs[0].inputs[0], term.inputs[1]]
        return [term.inputs[0]]

    def over_time(self, x: Node) -> Node:
        """All values that x takes, stacked."""
        body, n = self.body, len(self.kept)
        if x in self.stacked:
            return item(self.scan, 2 * n + len(body.outputs) - self.carries + list(self.stacked).index(x))
        if x in self.kept_inputs():
            return item(self.scan, n + self.kept_inputs().index(x))
        return self.inputs[body.inputs.index(x)]

    def result(self, index: int) -> Node:
        """What the old scan gave at ``index``."""
        n = len(self.kept)
        if index >= 2 * self.carries:
            return item(self.scan, 2 * n + index - 2 * self.carries)
        if index >= self.carries:
            return item(self.scan, n + self.kept.index(index - self.carries))
        if index in self.sums:
            return add(self.inputs[index], self.total(self.sums[index]))
        return item(self.scan, self.kept.index(index))

    def total(self, term: Node) -> Node:
        """The term added up over time."""
        values = [self.over_time(x) for x in self.factors(term)]
        assert term.op is not None
        if term.op.name == "sum":
            return sum_(values[0], axes=(0, *(a + 1 for a in term.attrs["axes"])))
        a, b = (reshape(v, shape=(v.shape[0] * v.shape[1], v.shape[2])) for v in values)
        return matmul_(turned(a), b)
