"""``cond`` and ``while_loop`` in the engine: chosen branches, loops that end by themselves, inside of each other."""

import signal

import numpy as np
import pytest

import lamina
from lamina import _native, ops
from lamina.backends import native, reference
from lamina.trace import Variable, trace
from lamina.types import Type
from unit.engine_programs import Arena, chain

X = Type("float32", (4, 6))


def both(f, types, *arrays):
    """What the engine gives, after a look at the reference; all of it must run natively."""
    results = []
    for backend in (reference, native):
        traced = trace(f, types)
        program = backend.compile(traced.bound)
        results.append(program.run(*arrays))
        if backend is native:
            assert {p.backend for p in program.placement()} == {"native"}
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    return results[1]


def halvings(x, limit=None):
    """How often x can be halved before its largest element is below 1."""
    return ops.while_loop(
        lambda n, y: ops.max(y) >= 1.0, lambda n, y: (n + 1, y * 0.5), (np.int32(0), x), maximum_iterations=limit
    )


@pytest.mark.parametrize(("largest", "steps"), [(0.5, 0), (1.0, 1), (100.0, 7), (1e30, 100)])
def test_a_loop_ends_when_its_test_fails(largest, steps):
    found, left = both(halvings, [X], np.full((4, 6), largest, "float32"))
    assert found == steps
    assert left.max() < 1


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_a_loop_ends_at_its_limit(limit):
    assert both(lambda x: halvings(x, limit), [X], np.full((4, 6), 1e9, "float32"))[0] == limit


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_variable_may_be_replaced_by_what_a_branch_makes_of_it(sign):
    v = Variable(np.arange(24, dtype="float32").reshape(4, 6) - 3.0)
    before = v.numpy()

    def step(x):
        v.assign(ops.cond(ops.sum(x) > 0, lambda: v.value[::-1] * 2.0, lambda: v.value + x))
        return ops.sum(v.value)

    trace(step, [X])(np.full((4, 6), sign, "float32"), backend="native")
    np.testing.assert_array_equal(v.array, before[::-1] * 2 if sign > 0 else before - 1)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_branch_may_be_an_input_or_a_constant_or_one_value_twice(sign):
    def f(x, y):
        return ops.cond(ops.sum(x) > 0, lambda: [x, x, ops.zeros((2,))], lambda: [y, x * y, ops.ones((2,))])

    both(f, [X, X], np.full((4, 6), sign, "float32"), np.full((4, 6), 3.0, "float32"))


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_loops_and_branches_inside_of_each_other(sign, rng):
    w = rng.normal(size=(6, 6)).astype("float32") * 0.3

    def cell(c, x):
        n, y = halvings(ops.abs(c) * 3.0)
        return ops.cond(ops.sum(x) * sign > 0, lambda: ops.tanh(c @ w) + x, lambda: y * 0.5 + ops.cast(n, "float32")), n

    def f(c, xs):
        return ops.scan(cell, c, xs)

    both(f, [X, Type("float32", (5, 4, 6))], rng.normal(size=(4, 6)).astype("float32"), rng.normal(size=(5, 4, 6)))


def test_the_bits_do_not_depend_on_threads(rng):
    weights = [Variable(rng.normal(size=(200, 200)).astype("float32") * 0.05) for _ in range(2)]

    def f(x):
        n, y = ops.while_loop(
            lambda n, y: ops.sum(ops.abs(y)) > 1000.0,
            lambda n, y: (n + 1, ops.tanh(y @ weights[0]) @ weights[1] * 0.9),
            (np.int32(0), x),
        )
        return n, ops.cond(n > 2, lambda: ops.relu(y @ weights[1]), lambda: y)

    x = rng.normal(size=(300, 200)).astype("float32") * 5
    found = []
    for threads in (1, 2, 3, 8):
        lamina.set_num_threads(threads)
        found.append(trace(f, [Type("float32", (300, 200))])(x, backend="native"))
    lamina.set_num_threads(_native.default_num_threads())
    assert found[0][0] > 2
    for n, y in found[1:]:
        assert n == found[0][0]
        assert np.array_equal(y, found[0][1])


@pytest.mark.parametrize("size", [(), (300, 300)])
def test_a_signal_ends_a_loop_that_does_not_end(size):
    class Enough(Exception):
        pass

    def enough(number, frame):
        raise Enough

    def endless(x):
        return ops.while_loop(lambda y: ops.sum(y) > -1.0, lambda y: (ops.abs(y) + 1.0,), (x,))[0]

    before = signal.signal(signal.SIGALRM, enough)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Enough):
            trace(endless, [Type("float32", size)])(np.zeros(size, "float32"), backend="native")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_engine_reads_a_guard_before_each_step(isa):
    arena = Arena(isa)
    count, goes_on = arena.put(np.zeros(1, "int32")), arena.put(np.ones(1, bool))
    steps = [("add", "int32", [0, ("c", 1, "int32")], 1), ("less", "bool", [1, ("c", 5, "int32")], 2)]
    number, truth = ((k, 0, dtype, (1,), (1,)) for k, dtype in ((1, "int32"), (2, "bool")))
    body = [dict(kernel="map", **{"in": [number]}, out=[number, truth], chain=chain((1,), steps))]
    arena.add("scan", [], [count, goes_on], ints=[100, 0, 0, 0], body=body, guard=(*goes_on[:3], (), ()))
    assert arena.run(count) == 5


def test_a_guard_is_one_truth_value():
    scan = {"kernel": "scan", "in": [], "out": [], "ints": [1, 0], "body": []}
    for guard in [(0, 0, "float32", (), ()), (0, 0, "bool", (1,), (1,))]:
        with pytest.raises(ValueError, match="a guard is one bool"):
            _native.Program([{**scan, "guard": guard}], 256, 1)
    with pytest.raises(ValueError, match="ends at byte 257"):
        _native.Program([{**scan, "guard": (0, 256, "bool", (), ())}], 256, 1)
