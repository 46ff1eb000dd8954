"""A loop over time whose body is a graph.

``Scan`` is the op; ``scan`` is what people call. Its derivative stands in ``scan_derivative``.
"""

from __future__ import annotations

import numpy as np

from ..errors import TraceError, message, shape_error
from ..graph import Graph, Node, placeholder
from ..op import Op, as_node, as_value, evaluate, item, tracing
from ..types import Type
from .broadcast import expand, sum_
from .closure import closed, no_assignment
from .defer import public
from .elementwise import add, cast, mul
from .matmul import matmul_
from .scan_derivative import ScanDerivative
from .transcendental import tanh

X, W, IDS = Type("float32", (2, 3)), Type("float32", (3, 3)), Type("int32", (2,))


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


def recurrent(h, x, w, b):
    """A matrix and a bias: their gradients are taken behind the loop, but for the part that is no product."""
    h = tanh(add(add(matmul_(h, w), x), expand(b, shape=(2, 3))))
    return h, mul(h, expand(sum_(w, axes=(0,)), shape=(2, 3)))


class Scan(Op):
    """Runs ``body`` ``length`` times.

    Inputs are the carries, then what is scanned along its first axis, then constants; the body takes the same, with
    slices in place of the scanned, and gives the next carries and what is to be stacked. The results are the last
    carries, then the carries before each step, stacked, then the stacked rest. With ``reverse`` time runs backwards:
    slice t still belongs to row t.
    """

    programs = ("body",)
    kernel = "scan"
    tolerance = 1e-5
    extremes = ("special",)
    samples = [
        sample(running_product, (X, rows(4)), carries=1, scanned=1, length=4),
        sample(running_product, (X, rows(5)), carries=1, scanned=1, length=5, reverse=True),
        sample(running_product, (X, rows(1)), carries=1, scanned=1, length=1),
        sample(running_product, (X, rows(0)), carries=1, scanned=1, length=0),
        sample(recurrent, (X, rows(4), W, W.with_shape(3)), carries=1, scanned=1, length=4),
        sample(recurrent, (X, rows(0), W, W.with_shape(3)), carries=1, scanned=1, length=0),
        sample(lambda n, x: (n, mul(x, x)), (Type("int32", ()), rows(3)), carries=1, scanned=1, length=3),
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
        ((rows(3),), {**samples[0][1], "carries": 0, "length": 3}, "must carry something"),
        ((X, rows(4)), {**samples[0][1], "length": 5}, "5 long"),
        ((IDS, rows(4)), samples[0][1], "takes other types"),
        ((X, rows(4)), {**samples[0][1], "body": body(lambda c, x: (cast(c, "int32"), x), X, X)}, "keep its type"),
    ]

    def infer(self, *types, body: Graph, length: int, carries: int, scanned: int, reverse: bool):
        if not carries:
            raise shape_error(self, "a loop must carry something", got=types, fix="carry a number")
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
        stacked = [
            xp.stack([row[i] for row in rows]) if length else xp.zeros((0, *s.shape), s.dtype)
            for i, s in enumerate(shapes)
        ]
        return *carry, *stacked

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
        return ScanDerivative(self, dys, inputs, node.attrs).results()


scan_op = Scan()


@public
def scan(f, init, xs=None, length: int | None = None, reverse: bool = False):
    """``carry, ys = scan(f, init, xs)`` with ``carry, y = f(carry, x)`` for each x along the first axis of ``xs``.

    ``init``, ``xs`` and what ``f`` gives may be a tensor or a list of tensors. Without ``xs`` give ``length``; f then
    gets None. The same as ``keras.ops.scan``, and it has a derivative.

    What does not depend on the carry or on x is computed once, before the loop. That goes for random numbers too: f is
    one place in the program, so it draws the same ones at each step. Draw them outside and scan over them instead.
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


__all__ = ["scan"]
