"""A loop over time whose body is a graph, and its derivative, which is a loop over time as well.

``Scan`` is the op; ``scan`` is what people call. The derivative runs the other way round. What it needs of the forward
loop is kept, not computed again: the derivative asks for a wider forward scan, and the pass ``share`` merges the two.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

from ..errors import TraceError, message, shape_error
from ..gradients import dependents, gradients
from ..graph import Graph, Node, placeholder, topological_order
from ..graph.rewrite import rebuilt
from ..op import Op, _traces, as_node, as_value, evaluate, item, tracing
from ..types import Type
from .create import full
from .defer import public
from .elementwise import add, cast, mul

X, IDS = Type("float32", (2, 3)), Type("int32", (2,))


def body(f, *types: Type) -> Graph:
    """A small body for the samples."""
    inputs = [placeholder(t) for t in types]
    return Graph(inputs, list(f(*inputs)))


def sample(f, types, *, carries: int, scanned: int, length: int, reverse: bool = False):
    inner = [
        *types[:carries],
        *(t.with_shape(*t.shape[1:]) for t in types[carries : carries + scanned]),
        *types[carries + scanned :],
    ]
    return tuple(types), {
        "body": body(f, *inner),
        "length": length,
        "carries": carries,
        "scanned": scanned,
        "reverse": reverse,
    }


def rows(length: int) -> Type:
    return X.with_shape(length, 2, 3)


def running_product(c, x):
    """One carry, one row a step, one stacked result."""
    return add(mul(c, x), x), mul(c, c)


def two_carries(c, n, x, i, w, b):
    """Two carries, one of them whole numbers that no derivative passes; two scanned; two constants."""
    return mul(w, add(c, mul(x, b))), add(n, i), mul(c, w), cast(n, "float32")


class Scan(Op):
    """Runs ``body`` ``length`` times.

    Inputs are the carries, then what is scanned along its first axis, then constants; the body takes the same, with
    slices in place of the scanned, and gives the next carries and what is to be stacked. The results are the last
    carries, then the carries before each step, stacked, then the stacked rest. With ``reverse`` time runs backwards:
    slice t still belongs to row t.
    """

    kernel = "scan"
    tolerance = 1e-5
    extremes = ("special",)
    samples = [
        sample(running_product, (X, rows(4)), carries=1, scanned=1, length=4),
        sample(running_product, (X, rows(5)), carries=1, scanned=1, length=5, reverse=True),
        sample(running_product, (X, rows(1)), carries=1, scanned=1, length=1),
        sample(running_product, (X, rows(0)), carries=1, scanned=1, length=0),
        sample(lambda c: (mul(c, c), add(c, 1.0)), (X,), carries=1, scanned=0, length=3),
        sample(lambda c, x: (add(c, x),), (Type("float32", ()), Type("float32", (6,))), carries=1, scanned=1, length=6),
        sample(
            two_carries,
            (X, IDS, rows(3), rows(3).with_dtype("int32").with_shape(3, 2), X, X),
            carries=2,
            scanned=2,
            length=3,
        ),
        sample(
            two_carries,
            (X, IDS, rows(3), rows(3).with_dtype("int32").with_shape(3, 2), X, X),
            carries=2,
            scanned=2,
            length=3,
            reverse=True,
        ),
    ]
    rejects = [
        ((X, rows(4)), {**samples[0][1], "length": 5}, "5 long"),
        ((IDS, rows(4)), samples[0][1], "takes other types"),
        ((X, rows(4)), {**samples[0][1], "body": body(lambda c, x: (cast(c, "int32"), x), X, X)}, "keep its type"),
    ]

    def infer(self, *types, body: Graph, length: int, carries: int, scanned: int, reverse: bool):
        carry, xs, wanted = types[:carries], types[carries : carries + scanned], [x.type for x in body.inputs]
        for x in xs:
            if x.rank == 0 or x.shape[0] != length:
                raise shape_error(self, f"the first axis of what is scanned must be {length} long", got=types)
        got = [*carry, *(x.with_shape(*x.shape[1:]) for x in xs), *types[carries + scanned :]]
        if got != wanted:
            raise shape_error(self, "the body takes other types", got=got, want=", ".join(map(str, wanted)))
        results = [y.type for y in body.outputs]
        if results[:carries] != list(carry):
            raise shape_error(
                self, "a carry must keep its type", got=results[:carries], want=", ".join(map(str, carry))
            )
        return (*carry, *(t.with_shape(length, *t.shape) for t in (*carry, *results[carries:])))

    def compute(self, xp, *arrays, body, length, carries, scanned, reverse):
        carry, xs, constants = arrays[:carries], arrays[carries : carries + scanned], arrays[carries + scanned :]
        rows = [None] * length
        for t in reversed(range(length)) if reverse else range(length):
            results = evaluate(body, xp, [*carry, *(x[t] for x in xs), *constants])
            rows[t] = [*carry, *results[carries:]]
            carry = results[:carries]
        shapes = [y.type for y in (*body.inputs[:carries], *body.outputs[carries:])]
        return *carry, *(
            xp.stack([row[i] for row in rows]) if length else xp.zeros((0, *s.shape), s.dtype)
            for i, s in enumerate(shapes)
        )

    def xla(self, xp, *arrays, body, length, carries, scanned, reverse):
        from jax import lax

        constants = arrays[carries + scanned :]

        def step(carry, xs):
            results = evaluate(body, xp, [*carry, *xs, *constants])
            return tuple(results[:carries]), (*carry, *results[carries:])

        last, stacked = lax.scan(
            step, tuple(arrays[:carries]), tuple(arrays[carries : carries + scanned]), length, reverse=reverse
        )
        return *last, *stacked

    def vjp(self, dys, node, *inputs, body, length, carries, scanned, reverse):
        return ScanDerivative(self, dys, node, inputs, node.attrs).results()


class ScanDerivative:
    """Puts the backward scan together, for one node."""

    def __init__(self, op: Scan, dys, node: Node, inputs, attrs):
        self.op, self.dys, self.node, self.inputs, self.attrs = op, dys, node, inputs, attrs
        self.body: Graph = attrs["body"]
        self.carries, self.scanned = attrs["carries"], attrs["scanned"]
        self.x_floats = [x for x in self.body.inputs if x.type.is_float]

    def results(self):
        body, carries, dys = self.body, self.carries, self.dys
        seeds = [placeholder(y.type) for y in body.outputs]
        live = [
            i for i, y in enumerate(body.outputs) if y.type.is_float and (i < carries or dys[carries + i] is not None)
        ]
        found = dict(
            zip(
                self.x_floats,
                gradients([body.outputs[i] for i in live], self.x_floats, [seeds[i] for i in live]),
                strict=True,
            )
        )
        kept = self.residuals(list(found.values()), seeds)
        wide = self.op.node(self.inputs, {**self.attrs, "body": Graph(body.inputs, [*body.outputs, *kept])})
        first = 2 * carries + len(body.outputs) - carries
        histories = [item(wide, carries + i) for i in range(carries)]
        return self.backward(found, seeds, live, kept, [item(wide, first + i) for i in range(len(kept))], histories)

    def residuals(self, grads: list[Node], seeds: list[Node]) -> list[Node]:
        """The values of the forward body that its derivative reads, constants excepted."""
        forward = set(self.body.nodes)
        varying = dependents(self.body.nodes, self.body.inputs)
        read = [x for n in topological_order(grads) if n not in forward for x in n.inputs] + grads
        return [n for n in dict.fromkeys(read) if n in forward and n in varying]

    def backward(self, found, seeds, live, kept, kept_stacked, histories):
        """dCarry is carried, the gradients of constants add up, those of slices are stacked."""
        body, carries, scanned, dys = self.body, self.carries, self.scanned, self.dys
        c_in, x_in, k_in = (
            body.inputs[:carries],
            body.inputs[carries : carries + scanned],
            body.inputs[carries + scanned :],
        )
        c_float, x_float, k_float = ([x for x in group if x.type.is_float] for group in (c_in, x_in, k_in))
        d_history = {c: dys[carries + i] for i, c in enumerate(c_in) if dys[carries + i] is not None and c in c_float}
        sums = {k: placeholder(k.type) for k in k_float}
        d_history_in = {c: placeholder(c.type) for c in d_history}
        stacked_seeds = [i for i in live if i >= carries]
        new = {x: placeholder(x.type) for x in (*c_in, *x_in, *k_in, *kept)}
        new |= {s: s for s in seeds}
        results = transplanted(
            [*(found[c] for c in c_float), *(found[k] for k in k_float), *(found[x] for x in x_float)], new
        )
        d_carry = [add(d, d_history_in[c]) if c in d_history_in else d for c, d in zip(c_float, results, strict=False)]
        d_sums = [add(sums[k], d) for k, d in zip(k_float, results[len(c_float) :], strict=False)]
        c_seeds = [seeds[i] for i, c in enumerate(c_in) if c in c_float]
        inner = Graph(
            [
                *c_seeds,
                *sums.values(),
                *(new[c] for c in c_in),
                *(new[x] for x in x_in),
                *(new[n] for n in kept),
                *d_history_in.values(),
                *(seeds[i] for i in stacked_seeds),
                *(new[k] for k in k_in),
            ],
            [*d_carry, *d_sums, *results[len(c_float) + len(k_float) :]],
        )
        starts = [self.dys[i] if self.dys[i] is not None else zeros(c.type) for i, c in enumerate(c_in) if c in c_float]
        scanned_in = [
            *histories,
            *self.inputs[carries : carries + scanned],
            *kept_stacked,
            *d_history.values(),
            *(dys[carries + i] for i in stacked_seeds),
        ]
        node = self.op.node(
            [*starts, *(zeros(k.type) for k in k_float), *scanned_in, *self.inputs[carries + scanned :]],
            {
                "body": inner,
                "length": self.attrs["length"],
                "carries": len(c_float) + len(k_float),
                "scanned": len(scanned_in),
                "reverse": not self.attrs["reverse"],
            },
        )
        states = len(c_float) + len(k_float)
        gradient = {c: item(node, i) for i, c in enumerate([*c_float, *k_float])}
        gradient |= {x: item(node, 2 * states + i) for i, x in enumerate(x_float)}
        return tuple(gradient.get(x) for x in body.inputs)


def zeros(type: Type) -> Node:
    return full.node([], {"value": 0.0, "shape": type.shape, "dtype": type.dtype})


def transplanted(outputs: list[Node], new: dict[Node, Node]) -> list[Node]:
    """The nodes made again over other inputs; ``new`` says what stands for what and is filled up."""
    for n in topological_order_until(outputs, new):
        new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
    return [new[y] for y in outputs]


def topological_order_until(outputs: list[Node], known) -> list[Node]:
    """The nodes that the outputs need beside the known ones, each after its inputs."""
    order: list[Node] = []
    seen = set(known)
    stack = [(n, False) for n in reversed(outputs)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((x, False) for x in reversed(node.inputs) if x not in seen)
    return order


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


scan_op = Scan()


@public
def scan(f, init, xs=None, length: int | None = None, reverse: bool = False):
    """``carry, ys = scan(f, init, xs)`` with ``carry, y = f(carry, x)`` for each x along the first axis of ``xs``.

    ``init``, ``xs`` and what ``f`` gives may be a tensor or a list of tensors. Without ``xs`` give ``length``; f then
    gets None. The same as ``keras.ops.scan``, and it has a derivative.
    """
    carry, single_carry = as_list(init)
    rows, single_x = as_list(xs)
    carry, rows = [as_value(c) for c in carry], [as_value(x) for x in rows]
    steps = length if length is not None else (int(rows[0].shape[0]) if rows else None)
    if steps is None:
        raise TraceError(message("scan: how often?", fix="give xs or length"))
    if not any(isinstance(v, Node) for v in (*carry, *rows)) and not tracing():
        return eager(f, carry, rows, steps, reverse, single_carry, single_x, xs is None)
    carry, rows = [as_node(c) for c in carry], [as_node(x) for x in rows]
    c_in = [placeholder(c.type) for c in carry]
    x_in = [placeholder(x.type.with_shape(*x.shape[1:])) for x in rows]
    with no_assignment("scan"):
        next_carry, ys = f(c_in[0] if single_carry else c_in, None if xs is None else x_in[0] if single_x else x_in)
    (c_out, _), (y_out, single_y) = as_list(next_carry), as_list(ys)
    body, constants = closed([*c_in, *x_in], [as_node(as_value(v)) for v in (*c_out, *y_out)])
    node = scan_op.node(
        [*carry, *rows, *constants],
        {"body": body, "length": steps, "carries": len(carry), "scanned": len(rows), "reverse": reverse},
    )
    n = len(carry)
    last = [item(node, i) for i in range(n)]
    stacked = [item(node, 2 * n + i) for i in range(len(y_out))]
    return last[0] if single_carry else last, None if ys is None else stacked[0] if single_y else stacked


@contextmanager
def no_assignment(what: str):
    """A TraceError where the part of a loop or a branch assigns a variable: that would happen once, while tracing."""
    trace = _traces[-1] if _traces else None
    before = dict(trace.current) if trace else {}
    yield
    for key, variable in (trace.assigned if trace else {}).items():
        if trace.current[key] is not before.get(key):
            raise TraceError(
                message(
                    f"variable {variable.path!r} is assigned inside of {what}",
                    fix="carry the value out, and assign it outside",
                )
            )


def eager(f, carry, rows, steps, reverse, single_carry, single_x, no_xs):
    """The loop over plain arrays, step by step."""
    stacked: list = [None] * steps
    single_y = False
    for t in reversed(range(steps)) if reverse else range(steps):
        x = None if no_xs else rows[0][t] if single_x else [r[t] for r in rows]
        next_carry, y = f(carry[0] if single_carry else carry, x)
        carry = as_list(next_carry)[0]
        stacked[t], single_y = as_list(y)
    ys = [np.stack([row[i] for row in stacked]) for i in range(len(stacked[0]))] if steps and stacked[0] else None
    return carry[0] if single_carry else carry, ys[0] if ys and single_y else ys


def as_list(value) -> tuple[list, bool]:
    """The value as a list, and whether it was a single one."""
    if value is None:
        return [], False
    return (list(value), False) if isinstance(value, list | tuple) else ([value], True)
