"""The derivative of a scan: a scan the other way round, and matrix products over all times at once.

What the derivative needs of the forward loop is kept, not computed again: it asks for a wider forward scan, and the
pass ``share`` merges the two. The gradient of a constant (a weight) is a sum over times. Where a term of it is a matrix
product or a sum, its factors are stacked and multiplied once behind the loop; only the rest is added up inside.
"""

from __future__ import annotations

from ..gradients import gradients
from ..graph import Graph, Node, placeholder, topological_order
from ..op import Op, item
from ..types import Type
from .broadcast import sum_
from .closure import closed, transplanted
from .create import full
from .elementwise import add
from .matmul import matmul_
from .shape import reshape, turned

COUNT = Type("int32", ())
ZERO = {"value": 0, "shape": (), "dtype": "int32"}


class ScanDerivative:
    """Puts the backward scan together, for one node."""

    def __init__(self, op: Op, dys, inputs, attrs):
        self.op, self.dys, self.inputs, self.attrs = op, dys, inputs, attrs
        self.body: Graph = attrs["body"]
        carries, scanned = attrs["carries"], attrs["scanned"]
        self.carries = carries
        self.c_in, self.x_in = self.body.inputs[:carries], self.body.inputs[carries : carries + scanned]
        self.k_in = self.body.inputs[carries + scanned :]
        self.constants = dict(zip(self.k_in, inputs[carries + scanned :], strict=True))
        self.seeds = [placeholder(y.type) for y in self.body.outputs]

    def results(self):
        """The gradient of each input, or None."""
        body, carries = self.body, self.carries
        floats = [x for x in body.inputs if x.type.is_float]
        live = [
            i
            for i, y in enumerate(body.outputs)
            if y.type.is_float and (i < carries or self.dys[carries + i] is not None)
        ]
        grads = gradients([body.outputs[i] for i in live], floats, [self.seeds[i] for i in live])
        kept = self.residuals(grads)
        wide = self.op.node(self.inputs, {**self.attrs, "body": Graph(body.inputs, [*body.outputs, *kept])})
        first = carries + len(body.outputs)
        stacked = {c: item(wide, carries + i) for i, c in enumerate(self.c_in)}
        stacked |= dict(zip(self.x_in, self.inputs[carries:], strict=False))
        stacked |= {n: item(wide, first + i) for i, n in enumerate(kept)}
        return self.backward(dict(zip(floats, grads, strict=True)), live, stacked)

    def residuals(self, grads: list[Node]) -> list[Node]:
        """The values of the forward body that its derivative reads. Of a node with several results, the single ones."""
        forward = set(self.body.nodes)
        order = topological_order(grads)
        forward |= {n for n in order if n.op is not None and n.op.name == "item" and n.inputs[0] in forward}
        read = [x for n in order if n not in forward for x in n.inputs] + grads
        return [n for n in dict.fromkeys(read) if n in forward and len(n.types) == 1]

    def backward(self, found, live, stacked):
        """dCarry is carried; what adds up to the gradient of a constant is taken behind the loop where it can be."""
        carries, dys = self.carries, self.dys
        c_float = [c for c in self.c_in if c.type.is_float]
        x_float = [x for x in self.x_in if x.type.is_float]
        k_float = [k for k in self.k_in if k.type.is_float]
        new: dict[Node, Node] = {n: placeholder(n.type) for n in stacked}
        rows = {new[n]: v for n, v in stacked.items()}  # what each step reads a slice of
        rows |= {self.seeds[i]: dys[carries + i] for i in live if i >= carries}
        results = transplanted(
            [found[x] for x in (*c_float, *x_float, *k_float)],
            {**new, **self.constants, **{s: s for s in self.seeds}},
        )
        d_carry, d_x = results[: len(c_float)], results[len(c_float) : len(c_float) + len(x_float)]
        for i, c in enumerate(c_float):  # the carries of each step were a result, too
            history = dys[carries + self.c_in.index(c)]
            if history is not None:
                here = placeholder(c.type)
                rows[here] = history
                d_carry[i] = add(d_carry[i], here)
        behind = BehindTheLoop(rows)
        inside = {k: behind.split(k, d) for k, d in zip(k_float, results[len(c_float) + len(x_float) :], strict=True)}
        sums = {k: placeholder(k.type) for k in k_float if inside[k] is not None}
        d_sums = [add(s, inside[k]) for k, s in sums.items()]
        states = [*(self.seeds[self.c_in.index(c)] for c in c_float), *sums.values()]
        starts = [dys[self.c_in.index(c)] for c in c_float]
        starts = [zeros(c.type) if d is None else d for c, d in zip(c_float, starts, strict=True)]
        starts += [zeros(k.type) for k in sums]
        if not states:  # nothing adds up, but a loop must carry something
            states, d_carry, starts = [placeholder(COUNT)], [full.node([], ZERO)], [full.node([], ZERO)]
        outputs = [*d_carry, *d_sums, *d_x, *behind.needed]
        read = set(topological_order(outputs))
        scanned = {row: v for row, v in rows.items() if row in read}
        body, constants = closed([*states, *scanned], outputs)
        node = self.op.node(
            [*starts, *scanned.values(), *constants],
            {
                "body": body,
                "length": self.attrs["length"],
                "carries": len(states),
                "scanned": len(scanned),
                "reverse": not self.attrs["reverse"],
            },
        )
        gradient = {c: item(node, i) for i, c in enumerate([*c_float, *sums])}
        gradient |= {x: item(node, 2 * len(states) + i) for i, x in enumerate(x_float)}
        first = 2 * len(states) + len(x_float)
        outer = {**rows, **{n: item(node, first + i) for i, n in enumerate(behind.needed)}}
        for k in k_float:
            gradient[k] = behind.total(k, gradient.get(k), outer)
        return tuple(gradient.get(x) for x in self.body.inputs)


class BehindTheLoop:
    """The terms of gradients of constants that are taken over all times at once."""

    def __init__(self, rows):
        self.rows = rows
        self.needed: list[Node] = []  # what the loop must stack for them
        self.terms: dict[Node, list[Node]] = {}

    def split(self, k: Node, d: Node) -> Node | None:
        """Notes the terms of d that can wait; gives the rest, or None."""
        rest: Node | None = None
        self.terms[k] = []
        for term in summands(d):
            factors = waiting(term)
            if factors:
                self.terms[k].append(term)
                self.needed += [f for f in factors if f not in self.rows and f not in self.needed]
            else:
                rest = term if rest is None else add(rest, term)
        return rest

    def total(self, k: Node, inside, outer) -> Node:
        """The gradient of k: what was added up inside, and the terms that waited. ``outer`` has the stacked factors."""
        for term in self.terms[k]:
            a, *b = (outer[f] for f in waiting(term))
            if b:
                a, b = (reshape(v, shape=(v.shape[0] * v.shape[1], v.shape[2])) for v in (a, b[0]))
                value = matmul_(turned(a), b)
            else:
                value = sum_(a, axes=(0, *(i + 1 for i in term.attrs["axes"])))
            inside = value if inside is None else add(inside, value)
        return inside


def summands(d: Node) -> list[Node]:
    """The terms of a sum, first to last."""
    return [t for x in d.inputs for t in summands(x)] if d.op is not None and d.op.name == "add" else [d]


def waiting(term: Node) -> tuple[Node, ...]:
    """The factors of a product ``turned(a) @ b`` of two matrices, or what a sum adds up; nothing for other terms."""
    name = term.op.name if term.op is not None else ""
    if name == "sum":
        return term.inputs
    if name == "matmul" and term.ndim == 2:
        a, b = term.inputs
        if a.op is not None and a.op.name == "transpose":
            return a.inputs[0], b
    return ()


def zeros(type: Type) -> Node:
    return full.node([], {"value": 0.0, "shape": type.shape, "dtype": type.dtype})
