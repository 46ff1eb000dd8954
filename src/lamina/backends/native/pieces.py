"""The body of a scan for some of the rows: where no row reads another, each thread can run its rows through all times.

Then nothing has to wait at the end of each step, and what the step reads stays in the cache of one core. Rows are the
first axis of the carries. The other inputs are cut along with them, or are the same for all rows; how an input is read
tells which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...graph import Graph, Node
from .views import SIZES

ROWS = 8  # a piece of fewer rows than this multiplies too slowly
PIECES = 8  # enough for as many threads; more of them would read the weights more often
WEIGHTS = 1 << 20  # bytes of weights that stay in the cache of a core; more of them are read by all cores together

REDUCING = {"sum", "prod", "max", "min"}
ARRANGING = {"sort", "argsort", "cumsum", "argmax", "argmin"}
ROWWISE = {"softmax", "log_softmax"}


class OneOnAnother(Exception):
    """A row reads another one."""


@dataclass
class Piece:
    """A body for fewer rows, and which of its inputs are cut."""

    body: Graph
    cut: list[bool]


def weights(body: Graph) -> int:
    """Bytes of the matrices that every row is multiplied with."""
    products = [n for n in body.nodes if n.op is not None and n.op.name == "matmul" and n.ndim == 2]
    return sum(SIZES[n.dtype] * n.inputs[1].type.size for n in products)


def divided(body: Graph, length: int) -> tuple[int, int]:
    """The rows of the batch, and those of a piece: 0 if pieces do not pay."""
    first = body.inputs[0]
    batch = first.shape[0] if first.ndim else 0
    count = min(PIECES, batch // ROWS)
    pays = count > 1 and length > 1 and weights(body) <= WEIGHTS
    return batch, -(-batch // count) if pays else 0


def cut(body: Graph, carries: int, scanned: int, rows: int, elementwise: Callable[[Node], bool]) -> Piece | None:
    """The body for ``rows`` of its rows; None where a row reads another one, or where there are no rows."""
    first = body.inputs[0]
    batch = first.shape[0] if first.ndim else 0
    try:
        reading = Reading(body, carries, scanned, batch, elementwise)
    except OneOnAnother:
        return None
    return Piece(reading.narrowed(rows), [reading.cut[x] is True for x in body.inputs])


class Reading:
    """Finds out which values are cut: True, False, or None as long as nobody has read them."""

    def __init__(self, body: Graph, carries: int, scanned: int, batch: int, elementwise: Callable[[Node], bool]):
        self.body, self.batch, self.elementwise = body, batch, elementwise
        self.cut: dict[Node, bool | None] = {}
        for i, x in enumerate(body.inputs):
            fits = x.ndim > 0 and x.shape[0] == batch
            if i < carries and not fits:
                raise OneOnAnother
            self.cut[x] = fits if i < carries + scanned or not fits else None
        for node in body.nodes:
            self.cut[node] = self.read(node)
        for y in body.outputs:
            self.want(y, True)

    def want(self, x: Node, cut: bool) -> None:
        if self.cut[x] is None:
            self.cut[x] = cut
        if self.cut[x] is not cut:
            raise OneOnAnother

    def read(self, node: Node) -> bool | None:
        """Whether a node is cut, from what it reads; None for one that may be either."""
        assert node.op is not None
        name, inputs, attrs = node.op.name, node.inputs, node.attrs
        if name == "full":
            return None if node.ndim and node.shape[0] == self.batch else False
        known = [self.cut[x] for x in inputs]
        if name == "expand" and not known[0] and self.spreads(node):
            self.want(inputs[0], False)
            return None
        if not any(known) or name in ("random_bits", "iota"):
            for x in inputs:
                self.want(x, False)
            return False
        if name == "matmul" and node.ndim == 2:
            self.want(inputs[0], True)
            self.want(inputs[1], False)
            return True
        if name == "gather":
            self.want(inputs[0], False)
            self.want(inputs[1], True)
            return True
        for x in inputs:
            self.want(x, True)
        if not self.apart(node, name, attrs):
            raise OneOnAnother
        return True

    def spreads(self, node: Node) -> bool:
        """Whether an expansion repeats one value for all rows."""
        x = node.inputs[0]
        return node.shape[0] == self.batch and (x.ndim < node.ndim or x.shape[0] == 1)

    def apart(self, node: Node, name: str, attrs: dict) -> bool:
        """Whether an op whose inputs are all cut keeps the rows apart, and in front."""
        x = node.inputs[0]
        if self.elementwise(node) or name in ("matmul", "stop_gradient"):
            return True
        if name == "reshape":
            return bool(node.shape) and node.shape[0] == self.batch
        if name == "expand":
            return node.ndim == x.ndim
        if name == "transpose":
            return attrs["axes"][0] == 0
        if name == "slice":
            return (attrs["start"][0], attrs["stop"][0], attrs["step"][0]) == (0, self.batch, 1)
        if name == "pad":
            return attrs["low"][0] == attrs["high"][0] == attrs["interior"][0] == 0
        if name == "concatenate":
            return attrs["axis"] > 0
        if name == "reverse":
            return 0 not in attrs["axes"]
        if name in REDUCING:
            return 0 not in attrs["axes"]
        if name in ROWWISE:
            return x.ndim > 1
        return name in ARRANGING and attrs["axis"] > 0

    def narrowed(self, rows: int) -> Graph:
        """The body with ``rows`` rows."""
        new: dict[Node, Node] = {}
        for x in self.body.inputs:
            new[x] = Node(None, (), {}, (x.type.with_shape(rows, *x.shape[1:]) if self.cut[x] else x.type,), x.name)
        for node in self.body.nodes:
            assert node.op is not None
            attrs = node.attrs
            if self.cut[node] and "shape" in attrs:
                attrs = {**attrs, "shape": (rows, *attrs["shape"][1:])}
            elif self.cut[node] and node.op.name == "slice":
                attrs = {**attrs, "stop": (rows, *attrs["stop"][1:])}
            new[node] = node.op.node([new[x] for x in node.inputs], attrs)
            new[node].path = node.path
        return Graph([new[x] for x in self.body.inputs], [new[y] for y in self.body.outputs])
