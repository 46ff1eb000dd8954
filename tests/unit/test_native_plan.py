"""Random programs, planned and run natively, against the reference: fusion, order, in-place updates, memory, loops."""

import weakref

import numpy as np
import pytest

from lamina import ops
from lamina.backends import native, reference
from lamina.backends.native.plan import Planner
from lamina.errors import RowError
from lamina.gradients import gradients
from lamina.graph import no_collection
from lamina.ops.scan import scan
from lamina.trace import Variable, trace
from lamina.types import Type

UNARY = [ops.tanh, ops.sigmoid, ops.relu, ops.negative, ops.square, lambda x: ops.exp(ops.minimum(x, 1.0))]
BINARY = [ops.add, ops.subtract, ops.multiply, ops.maximum, lambda a, b: ops.where(a > b, a, b * 0.5)]


class Program:
    """A random traced function over (5, 4) matrices, rows, columns and scalars, with variables that it updates."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.shapes = [(5, 4), (4,), (5, 1), (), (4, 4), (5, 4)]
        self.variables = [Variable(self.draw(s), name=f"v{i}") for i, s in enumerate(self.shapes)]

    def draw(self, shape):
        return self.rng.normal(size=shape).astype("float32")

    def body(self, seed: int):
        rng = np.random.default_rng(seed)

        def pick(values):
            return values[rng.integers(len(values))]

        def step(x):
            values = [x, *(v.value for v in self.variables)]
            for _ in range(rng.integers(6, 24)):
                values.append(self.grow(rng, pick, values))
            targets = rng.permutation(len(self.variables))[: rng.integers(1, 6)]
            for i in targets:
                fitting = [v for v in values if v.shape == self.shapes[i]]
                self.variables[i].assign(pick(fitting))
                if rng.random() < 0.5:
                    values.append(self.grow(rng, pick, [*values, self.variables[i].value]))
            loss = sum((ops.mean(ops.tanh(v)) for v in values[-4:]), start=0.0 * ops.sum(x))
            return [loss, *gradients([loss], [x, self.variables[4].value]), pick(values), self.variables[0].value]

        return step

    def grow(self, rng, pick, values):
        matrices = [v for v in values if v.shape == (5, 4)]
        kind = rng.integers(9)
        if kind < 3:
            return pick(UNARY)(pick(values))
        if kind < 6:
            a = pick(matrices)
            return pick(BINARY)(a, pick([v for v in values if v.shape in ((5, 4), (4,), (5, 1), ())]))
        if kind == 6:
            return ops.matmul(pick(matrices), pick([v for v in values if v.shape == (4, 4)]))
        if kind == 7:
            return ops.matmul(ops.transpose(pick(matrices)), pick(matrices))
        return [
            lambda m: ops.sum(m, axis=0),
            lambda m: ops.mean(m, axis=1, keepdims=True),
            lambda m: ops.flip(m, 0),
            lambda m: ops.max(m),
            lambda m: ops.reshape(ops.tanh(ops.reshape(m, (2, 10)) * 1.1), (5, 4)),
            lambda m: ops.concatenate([m[2:], m[:2]], 0),
            lambda m: ops.softmax(m),
        ][rng.integers(7)](pick(matrices))


@pytest.mark.parametrize("seed", range(60))
def test_random_program_agrees_with_the_reference(seed):
    outcomes = []
    for backend in (reference, native):
        program = Program(seed)
        traced = trace(program.body(seed + 1000), [Type("float32", (5, 4))])
        compiled = backend.compile(traced.bound)
        x = np.random.default_rng(seed).normal(size=(5, 4)).astype("float32")
        results = [compiled.run(x) for _ in range(3)]
        outcomes.append(([r for step in results for r in step], [v.numpy() for v in program.variables]))
    for want, got in zip(outcomes[0][0] + outcomes[0][1], outcomes[1][0] + outcomes[1][1], strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


def swap(a, b):
    def step(x):
        old = a.value
        a.assign(b.value)
        b.assign(old)
        return ops.sum(x)

    return step


def cross(a, b):
    def step(x):
        old = a.value
        a.assign(b.value * 2.0 + x)
        b.assign(old * 3.0 - x)
        return a.value

    return step


def keep_old(a, b):
    def step(x):
        old = a.value
        a.assign(a.value + x)
        return [old, b.value, a.value, ops.transpose(old)]

    return step


def product_of_itself(a, b):
    def step(x):
        a.assign(ops.matmul(a.value, a.value) * 0.1 + ops.transpose(a.value))
        b.assign(ops.transpose(b.value))
        return ops.matmul(x, a.value)

    return step


def same_value_twice(a, b):
    def step(x):
        y = ops.tanh(x)
        a.assign(y)
        b.assign(y)
        return y

    return step


@pytest.mark.parametrize("make", [swap, cross, keep_old, product_of_itself, same_value_twice])
def test_updates_read_the_old_state(make):
    outcomes = []
    for backend in (reference, native):
        rng = np.random.default_rng(0)
        a, b = (Variable(rng.normal(size=(3, 3)).astype("float32")) for _ in range(2))
        compiled = backend.compile(trace(make(a, b), [Type("float32", (3, 3))]).bound)
        x = rng.normal(size=(3, 3)).astype("float32")
        results = [r for _ in range(3) for r in compiled.run(x)]
        outcomes.append([*results, a.numpy(), b.numpy()])
    for want, got in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def recurrent(reverse, history, sums):
    u, w = (
        Variable(np.full((4, 4), 0.3, "float32") - np.eye(4, dtype="float32")),
        Variable(np.ones((3, 4), "float32") * 0.2),
    )

    def step(xs, start):
        def body(carry, x):
            h, total = carry
            h = ops.tanh(x @ w.value + h @ u.value)
            return [h, total + ops.sum(h * x[:, :1], axis=0)], (h if history else ops.sum(h, axis=1))

        (h, total), ys = scan(body, [start, ops.full((4,), 0.0)], xs, reverse=reverse)
        loss = ops.sum(h * h) + ops.sum(total) * (1.0 if sums else 0.0) + ops.mean(ops.square(ys))
        grads = gradients([loss], [u.value, w.value, xs, start])
        u.assign_sub(0.01 * grads[0])
        return [loss, h, total, ys, *grads]

    return [u, w], step


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("history", [False, True])
@pytest.mark.parametrize("sums", [False, True])
@pytest.mark.parametrize("length", [0, 1, 7])
def test_loops_agree_with_the_reference(reverse, history, sums, length):
    outcomes = []
    for backend in (reference, native):
        rng = np.random.default_rng(1)
        variables, step = recurrent(reverse, history, sums)
        compiled = backend.compile(trace(step, [Type("float32", (length, 5, 3)), Type("float32", (5, 4))]).bound)
        assert backend is reference or all(placed.backend == "native" for placed in compiled.placement())
        arrays = [rng.normal(size=(length, 5, 3)).astype("float32"), rng.normal(size=(5, 4)).astype("float32")]
        results = [r for _ in range(2) for r in compiled.run(*arrays)]
        outcomes.append([*results, *(v.numpy() for v in variables)])
    for want, got in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_run_steps_gathers_batches_in_order():
    total, seen = Variable(np.float32(0)), Variable(np.zeros(2, "float32"))

    def step(x, y):
        total.assign_add(ops.sum(x * ops.cast(y, "float32")))
        seen.assign(x)
        return ops.sum(x)

    traced = trace(step, [Type("float32", (2,)), Type("int32", (2,))])
    x, y, order = np.arange(7.0), np.arange(7, dtype="int64") * 2, np.array([6, 1, 0, 5, 2, 3, 4])
    for backend in ("reference", "native"):
        total.assign(0.0)
        (last,) = traced.program(backend).run_steps([x, y], order, 1, 3)
        assert total.numpy() == sum(x[i] * y[i] for i in order[1:7])
        assert list(seen.numpy()) == [3, 4]
        assert last == 7


def test_a_written_weight_is_packed_again():
    w = Variable(np.eye(40, dtype="float32"))
    program = native.compile(trace(lambda x: ops.matmul(x, w.value), [Type("float32", (8, 40))]).bound)
    x = np.random.default_rng(0).normal(size=(8, 40)).astype("float32")
    np.testing.assert_allclose(program.run(x)[0], x)
    w.assign(2 * np.eye(40, dtype="float32"))
    np.testing.assert_allclose(program.run(x)[0], 2 * x)


def test_what_made_a_plan_is_gone_at_once(monkeypatch):
    planners = []

    class Seen(Planner):
        def __init__(self, *arguments, **options):
            planners.append(weakref.ref(self))
            super().__init__(*arguments, **options)

    monkeypatch.setattr(native.program, "Planner", Seen)
    body = trace(lambda x: ops.reshape(ops.exp(x) * 2.0, (6,)) + ops.sum(x), [Type("float32", (2, 3))]).bound
    with no_collection():  # a cycle would keep it
        program = native.compile(body)
        assert len(planners) == 1
        assert planners[0]() is None
    assert len(program.drafts) > 0


def test_a_group_waits_for_what_others_were_merged_into():
    def f(s, a, b, c, *rest):
        d, e, g, h, i, j, k, m = rest
        centred = a - b
        row = ops.sum(centred * c, axis=0) * s
        return (row * d + e + g * h) + (-(centred * i + j + k * m))

    types = [Type("float32", (2,)), *[Type("float32", (17, 2))] * 11]
    arrays = [np.random.default_rng(n).normal(size=t.shape).astype("float32") for n, t in enumerate(types)]
    bound = trace(f, types).bound
    np.testing.assert_allclose(
        native.compile(bound).run(*arrays)[0], reference.compile(bound).run(*arrays)[0], rtol=1e-5, atol=1e-5
    )


def test_a_row_number_outside_the_table_is_an_error():
    program = native.compile(
        trace(lambda t, i: ops.take(t, i, axis=0), [Type("float32", (5, 3)), Type("int32", (2,))]).bound
    )
    with pytest.raises(IndexError, match="7"):
        program.run(np.zeros((5, 3), "float32"), np.array([1, 7], "int32"))


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_row_number_before_the_first_row_is_an_error_too(backend):
    made = trace(lambda t, i: ops.take(t, i, axis=0), [Type("float32", (5, 3)), Type("int32", (2,))])
    table = np.arange(15, dtype="float32").reshape(5, 3)
    np.testing.assert_array_equal(made(table, np.array([-1, 4], "int32"), backend=backend), table[[4, 4]])
    for bad in (-6, 5):
        with pytest.raises(RowError, match=f"the number {bad} names no row"):
            made(table, np.array([1, bad], "int32"), backend=backend)


def logistic_map(x):
    for _ in range(100):
        x = 3.2 * x * (1 - x)
    return x


def many_choices(x):
    rows = [x * 0.0 + (i + 1) for i in range(3)]
    for i in range(130):
        x = ops.where(x > i * 0.01, x * (1.001 + i * 1e-5), rows[i % 3] + i * 0.03)
    return x


def far_back(x):
    """Each of many products is read again at the end, also turned about."""
    made = [ops.matmul(x, np.eye(4, dtype="float32") * (1 + i / 100)) for i in range(45)]
    total = x
    for y in (*made, *(ops.reshape(ops.transpose(ops.reshape(y, (4, 5))), (5, 4)) for y in made), *made[::-1]):
        total = ops.maximum(total * 0.9, y) + y * 0.01
    return total


@pytest.mark.parametrize("step", [logistic_map, many_choices, far_back])
def test_chains_of_more_operands_than_the_engine_takes_are_cut(step):
    kept = Variable(np.zeros((5, 4), "float32"))

    def run(x):
        y = step(x)
        (slope,) = gradients([ops.sum(ops.tanh(y) * kept.value)], [x])
        kept.assign(kept.value * 0.5 + y)
        return [ops.sum(y, axis=0), ops.sum(slope * y, axis=1), slope]

    made = trace(run, [Type("float32", (5, 4))])
    x = np.random.default_rng(1).uniform(0.1, 0.9, (5, 4)).astype("float32")
    outcomes = []
    for backend in ("reference", "native"):
        kept.assign(np.full((5, 4), 0.25, "float32"))
        outcomes.append([*made.program(backend).run(x), kept.numpy()])
    for want, got in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)
