"""One of two programs, and a loop that ends when a condition fails. Their parts are graphs, as in ``scan``."""

from __future__ import annotations

from ..errors import TraceError, dtype_error, message, shape_error
from ..gradients import gradients
from ..graph import Graph, Node, placeholder, substitute, topological_order
from ..graph.rewrite import rebuilt
from ..op import Op, as_node, as_value, evaluate, item, tracing
from ..types import Type
from .arithmetic import clip
from .closure import closed, no_assignment, single
from .compare import less
from .create import iota
from .defer import public
from .elementwise import add, cast, mul
from .scan import as_list, body, scan

X, P = Type("float32", (2, 3)), Type("bool", ())


class Cond(Op):
    """The results of one of two graphs over the same inputs: ``then`` if the first is true, else ``otherwise``."""

    programs = ("then", "otherwise")
    kernel = "scan"
    samples = [
        ((P, X, X), {"then": body(lambda a, b: [mul(a, b)], X, X), "otherwise": body(lambda a, b: [add(a, b)], X, X)}),
        (
            (P, X),
            {"then": body(lambda a: [mul(a, a), less(a, 1.0)], X), "otherwise": body(lambda a: [a, less(a, 0.5)], X)},
        ),
    ]
    rejects = [
        ((Type("int32", ()), *samples[0][0][1:]), samples[0][1], "truth value"),
        ((P, X), samples[0][1], "takes other types"),
        ((P, X, X), {**samples[0][1], "then": body(lambda a, b: [cast(a, "int32")], X, X)}, "results of one type"),
    ]

    def infer(self, p, *types, then: Graph, otherwise: Graph):
        if p != P:
            raise dtype_error(self, "the condition must be one truth value", got=[p], want="bool[]")
        for branch in (then, otherwise):
            if [x.type for x in branch.inputs] != list(types):
                raise shape_error(
                    self, "a branch takes other types", got=types, want=", ".join(str(x.type) for x in branch.inputs)
                )
        left, right = ([y.type for y in branch.outputs] for branch in (then, otherwise))
        if left != right:
            raise shape_error(
                self, "both branches must give results of one type", got=left, want=", ".join(map(str, right))
            )
        return tuple(left)

    def compute(self, xp, p, *arrays, then, otherwise):
        return single(evaluate(then if p else otherwise, xp, arrays))

    def xla(self, xp, p, *arrays, then, otherwise):
        from jax import lax

        return single(lax.cond(p, lambda *a: evaluate(then, xp, a), lambda *a: evaluate(otherwise, xp, a), *arrays))

    def vjp(self, dy, y, p, *xs, then, otherwise):
        dys = dy if isinstance(dy, tuple) else (dy,)
        live = [i for i, d in enumerate(dys) if d is not None and y.types[i].is_float]
        floats = [i for i, x in enumerate(xs) if x.type.is_float]
        if not live or not floats:
            return (None,) * (1 + len(xs))
        branches = {"then": self.derivative(then, live, floats), "otherwise": self.derivative(otherwise, live, floats)}
        node = self.node([p, *xs, *(dys[i] for i in live)], branches)
        found = {i: node if len(floats) == 1 else item(node, k) for k, i in enumerate(floats)}
        return (None, *(found.get(i) for i in range(len(xs))))

    @staticmethod
    def derivative(branch: Graph, live, floats) -> Graph:
        """The branch's inputs and the gradients of its live results in, the gradients of its float inputs out."""
        inputs = [placeholder(x.type) for x in branch.inputs]
        outputs = substitute(branch, inputs)
        seeds = [placeholder(outputs[i].type) for i in live]
        return Graph([*inputs, *seeds], gradients([outputs[i] for i in live], [inputs[i] for i in floats], seeds))


class WhileLoop(Op):
    """Runs ``body`` over the carries as long as ``test`` of them is true, at most ``limit`` times. No derivative.

    Inputs are the carries, then constants of the test, ``tested`` of them, then constants of the body.
    """

    programs = ("test", "body")
    kernel = "scan"
    differentiable = False
    samples = [
        (
            (X, Type("int32", ())),
            {
                "test": body(lambda a, n: [less(n, 7)], X, Type("int32", ())),
                "body": body(lambda a, n: [mul(a, 0.5), add(n, 2)], X, Type("int32", ())),
                "tested": 0,
                "limit": None,
            },
        ),
        (
            (Type("float32", ()), Type("float32", ()), Type("float32", ())),
            {
                "test": body(lambda a, k: [less(a, k)], *[Type("float32", ())] * 2),
                "body": body(lambda a, k: [add(a, k)], *[Type("float32", ())] * 2),
                "tested": 1,
                "limit": 5,
            },
        ),
    ]
    rejects = [
        (
            (X, Type("int32", ())),
            {**samples[0][1], "test": body(lambda a, n: [n], X, Type("int32", ()))},
            "one truth value",
        ),
        (
            (X, Type("int32", ())),
            {**samples[0][1], "body": body(lambda a, n: [a], X, Type("int32", ()))},
            "keep its type",
        ),
        ((X, X), samples[0][1], "takes other types"),
    ]

    def infer(self, *types, test: Graph, body: Graph, tested: int, limit: int | None):
        count = len(test.inputs) - tested
        carries, first = types[:count], types[count : count + tested]
        for graph, constants in ((test, first), (body, types[count + tested :])):
            if [x.type for x in graph.inputs] != [*carries, *constants]:
                raise shape_error(
                    self, "the loop takes other types", got=types, want=", ".join(str(x.type) for x in graph.inputs)
                )
        if [y.type for y in test.outputs] != [P]:
            raise dtype_error(
                self, "the test must give one truth value", got=[y.type for y in test.outputs], want="bool[]"
            )
        if [y.type for y in body.outputs] != list(carries):
            raise shape_error(
                self,
                "a carry must keep its type",
                got=[y.type for y in body.outputs],
                want=", ".join(map(str, carries)),
            )
        return tuple(carries)

    def compute(self, xp, *arrays, test, body, tested, limit):
        count = len(test.inputs) - tested
        carry, first, rest = list(arrays[:count]), arrays[count : count + tested], arrays[count + tested :]
        steps = 0
        while (limit is None or steps < limit) and evaluate(test, xp, [*carry, *first])[0]:
            carry, steps = evaluate(body, xp, [*carry, *rest]), steps + 1
        return single(carry)

    def xla(self, xp, *arrays, test, body, tested, limit):
        from jax import lax

        count = len(test.inputs) - tested
        first, rest = arrays[count : count + tested], arrays[count + tested :]

        def going(state):
            goes = evaluate(test, xp, [*state[1], *first])[0]
            return goes if limit is None else goes & (state[0] < limit)

        last = lax.while_loop(
            going, lambda state: (state[0] + 1, evaluate(body, xp, [*state[1], *rest])), (0, list(arrays[:count]))
        )
        return single(last[1])


cond_op, while_op = Cond(), WhileLoop()


def results(node: Node) -> list[Node]:
    return [node] if len(node.types) == 1 else [item(node, i) for i in range(len(node.types))]


def chosen(f):
    """What a branch gives, as a list of nodes; whether it is a single one; and which nodes it made."""
    mark = placeholder(P).serial
    with no_assignment("cond"):
        values, alone = as_list(f())
    outputs = [as_node(as_value(v)) for v in values]
    made = {n for n in topological_order(outputs) if n.op is not None and n.serial > mark}
    return outputs, alone, made


def branch_graph(outputs, made, captured: dict[Node, Node]) -> Graph:
    """A branch over placeholders that stand for what it reads from outside."""
    new = dict(captured)
    for n in topological_order(outputs):
        if n in made:
            new[n] = rebuilt(n, tuple(new[x] for x in n.inputs))
    return Graph(list(captured.values()), [new[y] for y in outputs])


@public
def cond(pred, true_fn, false_fn):
    """``true_fn()`` if ``pred`` is true, else ``false_fn()``; both give tensors, or lists of them, of the same types.

    In a traced program both are traced, and the one that is chosen is run. It has a derivative.

    >>> float(lamina.grad(lambda x: lamina.ops.cond(x > 0, lambda: x * x, lambda: -x))(np.float32(3.0)))
    6.0
    """
    pred = cast(as_value(pred), "bool")
    known = pred.value if isinstance(pred, Node) else pred
    if known is not None:
        return true_fn() if known else false_fn()
    if tuple(pred.shape) != ():
        raise TraceError(
            message(
                "cond: one truth value decides",
                got=str(pred.type),
                fix="use lamina.ops.where to choose element by element",
            )
        )
    (left, alone, made_left), (right, _, made_right) = chosen(true_fn), chosen(false_fn)
    read = [
        n
        for outputs, made in ((left, made_left), (right, made_right))
        for n in topological_order(outputs)
        if n not in made and (n in outputs or any(n in m.inputs for m in made))
    ]
    outside = list(dict.fromkeys(read))
    graphs = [
        branch_graph(outputs, made, {n: placeholder(n.type) for n in outside})
        for outputs, made in ((left, made_left), (right, made_right))
    ]
    found = results(cond_op.node([pred, *outside], {"then": graphs[0], "otherwise": graphs[1]}))
    return found[0] if alone else found


@public
def while_loop(cond, body, loop_vars, maximum_iterations: int | None = None):
    """``loop_vars = body(*loop_vars)`` as long as ``cond(*loop_vars)`` is true. It has no derivative: use scan for one.

    >>> int(lamina.ops.while_loop(lambda n: n < 10, lambda n: (n * 2,), (np.int32(1),))[0])
    16
    """
    values, alone = as_list(loop_vars)
    carry = [as_value(v) for v in values]
    if not any(isinstance(v, Node) for v in carry) and not tracing():
        steps = 0
        while (maximum_iterations is None or steps < maximum_iterations) and cond(*carry):
            carry, steps = [as_value(v) for v in as_list(body(*carry))[0]], steps + 1
        return carry[0] if alone else carry
    carry = [as_node(v) for v in carry]
    inputs = [placeholder(c.type) for c in carry]
    with no_assignment("while_loop"):
        test, first = closed(inputs, [as_node(cast(as_value(cond(*inputs)), "bool"))])
        inner, rest = closed(inputs, [as_node(as_value(v)) for v in as_list(body(*inputs))[0]])
    node = while_op.node(
        [*carry, *first, *rest], {"test": test, "body": inner, "tested": len(first), "limit": maximum_iterations}
    )
    found = results(node)
    return found[0] if alone else found


@public
def switch(index, branches, *operands):
    """``branches[index](*operands)``; a number outside of the list means its first or last.

    >>> float(lamina.ops.switch(1, [lambda x: x, lambda x: x * x], 3.0))
    9.0
    """
    number = clip(cast(as_value(index), "int32"), 0, len(branches) - 1)

    def choose(low: int, high: int):
        if high - low == 1:
            return branches[low](*operands)
        middle = (low + high) // 2
        return cond(less(number, middle), lambda: choose(low, middle), lambda: choose(middle, high))

    return choose(0, len(branches))


@public
def fori_loop(lower: int, upper: int, body_fun, init_val):
    """``value = body_fun(i, value)`` for i from ``lower`` up to and without ``upper``. It has a derivative.

    >>> float(lamina.ops.fori_loop(1, 5, lambda i, product: product * i, 1.0))
    24.0
    """
    numbers = iota(shape=(max(int(upper) - int(lower), 0),), axis=0, dtype="int32")
    return scan(lambda value, i: (body_fun(i, value), None), init_val, add(numbers, int(lower)))[0]


@public
def each(f, xs):
    """``f`` of each slice along the first axis of ``xs``, a tensor or a list of them; the results stacked.

    This is ``keras.ops.map``.
    """
    return scan(lambda nothing, x: (nothing, f(x)), 0, xs)[1]


__all__ = ["cond", "fori_loop", "switch", "while_loop"]
