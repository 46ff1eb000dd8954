"""Products of all times with one matrix, drawn into the loop that reads their rows, or writes the rows they multiply.

A recurrent layer multiplies its inputs of all times by its kernel before the loop, and the gradients of all times by
that kernel turned behind it. Where the loop runs by pieces of the batch, each piece multiplies its own rows when it
gets to them: the wider side of the product is not written to memory and read again, perhaps by another core.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...graph import Graph, Node, placeholder, rewrite, substitute, users
from ...op import item
from ...ops.broadcast import expand
from ...ops.elementwise import add
from ...ops.matmul import matmul_
from ...ops.shape import reshape
from . import pieces
from .capabilities import Capabilities
from .views import SIZES, VIEWS

TILE = 6  # rows of the engine's smallest tile, and a divisor of all others': one row more is summed in another order
WIDE = 4 << 20  # bytes of the wider side: fewer stay in caches, and products of many rows are quicker by themselves


@dataclass
class Projected:
    """What is scanned: rows of all times by a matrix, and numbers added to each row if there are any."""

    rows: Node
    matrix: Node
    bias: Node | None


@dataclass
class Plan:
    """What one scan takes in: in place of which inputs, and products of which of its results."""

    bytes: int  # of the matrices that a piece reads at each time
    inputs: list[int] = field(default_factory=list)
    products: dict[Node, int] = field(default_factory=dict)


def draw_in(graph: Graph, can: Capabilities) -> Graph:
    """The same outputs, with products in the loops that they belong to."""
    if "scan" not in graph.op_names:
        return graph
    return rewrite(graph, Drawer(graph, can).rule)


class Drawer:
    """Finds the products of a graph that belong into its loops, and moves them."""

    def __init__(self, graph: Graph, can: Capabilities):
        self.reads, self.can = users(graph), can
        self.outputs = set(graph.outputs)
        self.plans = {n: self.plan(n) for n in graph.nodes if is_op(n, "scan")}
        self.place = {m: (n, k) for n, plan in self.plans.items() for k, m in enumerate(plan.products)}
        self.made: dict[Node, Node] = {}

    # -- what moves --

    def plan(self, scan: Node) -> Plan:
        body, carries, scanned = (scan.attrs[k] for k in ("body", "carries", "scanned"))
        plan = Plan(pieces.weights(body))
        batch, rows = pieces.divided(body, scan.attrs["length"])
        if not rows or leaves_a_row(batch * scan.attrs["length"], rows, batch % rows):
            return plan
        if pieces.cut(body, carries, scanned, rows, self.can.elementwise) is None:
            return plan
        for i in range(carries, carries + scanned):
            found = projected(scan.inputs[i])
            if found is not None and self.alone(scan, scan.inputs[i]) and self.fits(plan, scan.inputs[i], found.matrix):
                plan.inputs.append(i)
        for show in self.reads[scan]:
            if show.attrs["index"] >= 2 * carries:
                for product in self.products(show):
                    if product not in plan.products and self.fits(plan, show, product.inputs[1]):
                        plan.products[product] = show.attrs["index"]
        return plan

    def fits(self, plan: Plan, wide: Node, matrix: Node) -> bool:
        """Whether it pays, and a core's cache holds this matrix, too; if so, it is counted."""
        total = plan.bytes + SIZES[matrix.dtype] * matrix.type.size
        if total > pieces.WEIGHTS or SIZES[wide.dtype] * wide.type.size < WIDE:
            return False
        plan.bytes = total
        return True

    def alone(self, scan: Node, x: Node) -> bool:
        """Whether nobody but one scan reads the product that a scanned input is."""
        reader = scan
        while self.reads[x] == [reader] and x not in self.outputs:
            if is_op(x, "matmul"):
                return True
            reader, x = x, x.inputs[0]
        return False

    def products(self, show: Node) -> list[Node]:
        """Products of all rows of a stacked result with a weight, that are narrower and have no chain behind them."""
        rows = [m for m in self.reads[show] if is_op(m, "reshape") and m.shape == flat(show.shape)]
        products = [m for x in rows for m in self.reads[x] if is_op(m, "matmul") and m.inputs[0] is x]
        return [
            m
            for m in products
            if m.dtype == "float32" and m.shape[1] < show.shape[2] and weight(m.inputs[1]) and not self.continued(m)
        ]

    def continued(self, node: Node) -> bool:
        """Whether elementwise nodes read a product: they run on what lies in a cache."""
        return any(self.can.elementwise(m) or (is_op(m, "reshape") and self.continued(m)) for m in self.reads[node])

    # -- moving --

    def rule(self, node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node in self.place:
            scan, k = self.place[node]
            return reshape.node([item(self.made[scan], len(scan.types) + k)], {"shape": node.shape})
        plan = self.plans.get(node)
        if plan is None or not (plan.inputs or plan.products):
            return None
        self.made[node] = drawn(node, inputs, plan)
        return self.made[node]


def leaves_a_row(*counts: int) -> bool:
    """Whether a product of so many rows ends in a tile of one: its bits would show where the product was made."""
    return any(n % TILE == 1 for n in counts)


def projected(x: Node) -> Projected | None:
    """A scanned value as a product that makes rows wider, if it is one."""
    bias, shape = None, x.shape
    while True:
        if is_op(x, "matmul"):
            wide = x.shape == flat(shape) and x.dtype == "float32" and x.shape[1] >= x.inputs[0].shape[1]
            return Projected(x.inputs[0], x.inputs[1], bias) if wide else None
        if is_op(x, "add") and bias is None and one_row(x.inputs[1]):
            x, bias = x.inputs[0], x.inputs[1].inputs[0]
        elif is_op(x, "reshape"):
            x = x.inputs[0]
        else:
            return None


def one_row(x: Node) -> bool:
    """Whether a value is one row, repeated."""
    return is_op(x, "expand") and x.inputs[0].shape == x.shape[-1:]


def drawn(scan: Node, inputs: tuple[Node, ...], plan: Plan) -> Node:
    """A scan with its products inside; those of its results come last."""
    assert scan.op is not None
    body, given, constants = scan.attrs["body"], list(inputs), []
    inside = [placeholder(x.type) for x in body.inputs]
    read = list(inside)

    def constant(x: Node) -> Node:
        constants.append(placeholder(x.type))
        given.append(x)
        return constants[-1]

    for i in plan.inputs:
        found = projected(inputs[i])
        assert found is not None
        times, batch, columns = inputs[i].shape
        given[i] = reshape.node([found.rows], {"shape": (times, batch, found.rows.shape[1])})
        inside[i] = placeholder(given[i].type.with_shape(*given[i].shape[1:]))
        read[i] = matmul_.node([inside[i], constant(found.matrix)], {})
        if found.bias is not None:
            repeated = expand.node([constant(found.bias)], {"shape": (batch, columns)})
            read[i] = add.node([read[i], repeated], {})
    results = substitute(body, read)
    for product, index in plan.products.items():
        factor = results[index - scan.attrs["carries"]]
        results.append(matmul_.node([factor, constant(product.inputs[1])], {}))
    made = scan.op.node(given, {**scan.attrs, "body": Graph([*inside, *constants], results)})
    made.path = scan.path
    return made


def is_op(node: Node, name: str) -> bool:
    return node.op is not None and node.op.name == name


def flat(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The rows of all times as rows of a matrix."""
    return (shape[0] * shape[1], shape[2]) if len(shape) == 3 else ()


def weight(node: Node) -> bool:
    """Whether a matrix is an input of the graph, perhaps turned: there before the loop begins."""
    while node.op is not None and node.op.name in VIEWS:
        node = node.inputs[0]
    return node.op is None
