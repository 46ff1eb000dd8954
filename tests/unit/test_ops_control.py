"""scan, cond and while_loop: what they compute, what they close over, and what they refuse."""

import numpy as np
import pytest

import lamina
from lamina import ops
from lamina.errors import GradientError, ShapeError, TraceError
from lamina.trace import Variable, run_concretely, trace, value_and_grad
from lamina.types import Type

S = Type("float32", ())
V = Type("float32", (4,))


def run(f, *arrays):
    arrays = [np.asarray(a) for a in arrays]
    return trace(f, [Type(str(a.dtype), a.shape) for a in arrays])(*arrays)


def test_scan_eager_and_traced_agree():
    xs = np.arange(1, 6, dtype="float32")

    def f(xs):
        return ops.scan(lambda c, x: (c * 0.5 + x, c), np.float32(0), xs)

    for reverse in (False, True):

        def g(xs, reverse=reverse):
            return list(ops.scan(lambda c, x: (c * 0.5 + x, c), np.float32(0), xs, reverse=reverse))

        for got, wanted in zip(run(g, xs), g(xs), strict=True):
            np.testing.assert_allclose(got, wanted)
    np.testing.assert_allclose(f(xs)[1], [0, 1, 2.5, 4.25, 6.125])


def test_scan_without_rows():
    last, rows = ops.scan(lambda c, _: (c * 2, None), np.float32(1), length=5)
    assert last == 32
    assert rows is None
    assert run(lambda c: ops.scan(lambda c, _: (c * 2, None), c, length=5)[0], np.float32(1)) == 32


def test_scan_takes_weights_from_outside_and_differentiates_them():
    w = Variable(np.float32(0.5))
    xs = np.float32([1, 2, 3])
    _, (dw,) = value_and_grad(lambda xs: ops.scan(lambda c, x: (c * w + x, None), np.float32(0), xs)[0], variables=[w])(
        xs
    )
    assert float(dw) == pytest.approx(2 + 2 * 0.5 * 1)  # d/dw (w (w 1 + 2) + 3)


def unrolled(f, carry, xs):
    for x in [xs[i] for i in range(xs.shape[0])]:
        carry = f(carry, x)[0]
    return carry


@pytest.mark.parametrize(
    "cell",
    [
        lambda c, x: (c * ops.layer_normalization(c + x), None),  # a composite of several results
        lambda c, x: (c + ops.top_k(c * x, 3)[0], None),
        lambda c, x: (ops.scan(lambda d, y: (d * 0.5 + ops.sin(d) * y, None), c, x)[0], None),  # a loop in a loop
        lambda c, x: (ops.cond(ops.sum(c) > 0, lambda: c * x, lambda: c - x), None),
        lambda c, x: (c + ops.softmax(c * x) * ops.max(x), None),
    ],
    ids=["layer_normalization", "top_k", "scan", "cond", "softmax"],
)
def test_the_derivative_of_a_loop_is_that_of_its_steps_one_by_one(cell, rng):
    c, xs = rng.normal(size=3).astype("float32"), rng.normal(size=(4, 3)).astype("float32")
    looped = lamina.grad(lambda c, xs: ops.sum(ops.scan(cell, c, xs)[0]), (0, 1))(c, xs)
    stepwise = lamina.grad(lambda c, xs: ops.sum(unrolled(cell, c, xs)), (0, 1))(c, xs)
    for got, wanted in zip(looped, stepwise, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_the_gradient_of_a_weight_is_one_product_behind_the_loop():
    def f(h, xs, w):
        return ops.sum(ops.scan(lambda h, x: (ops.tanh(ops.matmul(h, w) + x), None), h, xs)[0])

    traced = trace(lamina.grad(f, 2), [Type("float32", (2, 3)), Type("float32", (5, 2, 3)), Type("float32", (3, 3))])
    loops = [n for n in traced.graph.nodes if n.op.name == "scan"]
    assert len(loops) == 2
    assert [n.op.name for n in loops[1].attrs["body"].nodes].count("matmul") == 1
    assert all(x.type.shape != (3, 3) for n in loops for x in n.attrs["body"].outputs)
    assert [n.type.shape for n in traced.graph.nodes if n.op.name == "matmul"] == [(3, 3)]


def test_what_does_not_depend_on_the_loop_is_computed_once():
    traced = trace(lambda w, xs: ops.scan(lambda c, x: (c + x * ops.exp(w), None), np.float32(0), xs)[0], [S, V])
    (loop,) = (n for n in traced.graph.nodes if n.op.name == "scan")
    assert "exp" not in [n.op.name for n in loop.attrs["body"].nodes]


def test_a_carry_keeps_its_type():
    with pytest.raises(ShapeError, match="carry must keep its type"):
        run(lambda xs: ops.scan(lambda c, x: (ops.stack([c, x]), None), np.float32(0), xs)[0], np.ones(3, "float32"))


def test_cond_takes_one_branch():
    def f(x):
        return ops.cond(ops.sum(x) > 0, lambda: x * 2.0, lambda: ops.log(x))

    np.testing.assert_allclose(run(f, np.float32([1, 2])), [2, 4])
    assert np.isnan(run(f, np.float32([-1, -2]))).all()
    np.testing.assert_allclose(f(np.float32([1, 2])), [2, 4])


def test_the_branch_that_is_not_taken_is_not_computed():
    """Its nodes stand in the branch, not before it."""
    traced = trace(lambda x: ops.cond(ops.sum(x) > 0, lambda: ops.exp(x), lambda: ops.sin(x)), [V])
    names = [n.op.name for n in traced.graph.nodes]
    assert "exp" not in names
    assert "sin" not in names
    assert "cond" in names


def test_cond_differentiates_into_its_branches_and_what_they_close_over():
    def f(x, w):
        scaled = ops.exp(w)
        return ops.cond(x > 0, lambda: x * scaled, lambda: x * w * w)

    for x in (2.0, -3.0):
        dx, dw = lamina.grad(f, (0, 1))(np.float32(x), np.float32(0.5))
        wanted = (np.exp(0.5), x * np.exp(0.5)) if x > 0 else (0.25, x)
        np.testing.assert_allclose([dx, dw], wanted, rtol=1e-6)
    second = lamina.grad(lamina.grad(lambda x: ops.cond(x > 0, lambda: x**3.0, lambda: x)))
    assert float(second(np.float32(2))) == pytest.approx(12)


def test_a_branch_may_give_what_stands_outside():
    assert run(lambda a, b: ops.cond(a > b, lambda: a, lambda: b), np.float32(1), np.float32(5)) == 5
    assert lamina.grad(lambda a: ops.cond(a > 3, lambda: a, lambda: 3.0))(np.float32(5)) == 1


def test_both_branches_give_one_type():
    with pytest.raises(ShapeError, match="results of one type"):
        run(lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: ops.sum(x)), np.ones(2, "float32"))
    with pytest.raises(TraceError, match=r"ops\.where"):
        run(lambda x: ops.cond(x > 0, lambda: x, lambda: x), np.ones(2, "float32"))


def test_switch_picks_a_branch_and_differentiates_it():
    def f(i, x):
        return ops.switch(i, [lambda x: x, lambda x: x * x, ops.exp], x)

    for i, wanted in ((-3, 1), (0, 1), (1, 4), (2, np.exp(2)), (9, np.exp(2))):
        np.testing.assert_allclose(lamina.grad(f, 1)(np.int32(i), np.float32(2)), wanted, rtol=1e-6)


def test_a_counted_loop_has_a_derivative():
    f = lamina.grad(lambda x: ops.fori_loop(0, 3, lambda i, v: v * x + ops.cast(i, "float32"), x))
    assert float(f(np.float32(2))) == pytest.approx(4 * 8 + 1)  # x^4 + x + 2


def test_map_takes_slices():
    x = np.arange(6, dtype="float32").reshape(3, 2)
    np.testing.assert_allclose(run(lambda x: ops.map(lambda row: ops.sum(row) * 2.0, x), x), x.sum(1) * 2)
    np.testing.assert_allclose(ops.map(lambda row: ops.sum(row) * 2.0, x), x.sum(1) * 2)
    np.testing.assert_allclose(lamina.grad(lambda x: ops.sum(ops.map(ops.square, x)))(x), 2 * x)


def test_while_loop_runs_until_its_test_fails():
    def halve(x):
        return ops.while_loop(lambda x, n: ops.max(x) > 1, lambda x, n: (x / 2, n + 1), (x, np.int32(0)))

    for result in (halve(np.float32([8, 3])), run(lambda x: list(halve(x)), np.float32([8, 3]))):
        np.testing.assert_allclose(result[0], [1, 0.375])
        assert result[1] == 3
    assert run(lambda n: ops.while_loop(lambda n: n < 100, lambda n: n + 1, n, maximum_iterations=7), np.int32(0)) == 7


def test_while_loop_has_no_derivative():
    with pytest.raises(GradientError, match="while_loop has no derivative"):
        lamina.grad(lambda x: ops.while_loop(lambda x: x < 9, lambda x: x * 2, x))(np.float32(1))


@pytest.mark.parametrize(
    "use",
    [
        lambda v, x: ops.scan(lambda c, r: (v.assign(c) or c + r, None), np.float32(0), x)[0],
        lambda v, x: ops.cond(ops.sum(x) > 0, lambda: v.assign(ops.sum(x)) or ops.sum(x), lambda: ops.sum(x)),
        lambda v, x: ops.while_loop(lambda c: c < 3, lambda c: v.assign(c) or c + 1, ops.sum(x)),
    ],
    ids=["scan", "cond", "while_loop"],
)
def test_assigning_inside_is_refused(use):
    v = Variable(np.float32(0), name="state")
    with pytest.raises(TraceError, match="'state' is assigned inside of"):
        run(lambda x: use(v, x), np.ones(3, "float32"))


def test_step_by_step_the_same_values():
    def f(x):
        last, rows = ops.scan(lambda c, r: (c * r, c), np.float32(1), x)
        return [ops.cond(last > 0, lambda: last, lambda: -last), rows]

    x = np.float32([2, -3, 4])
    for got, wanted in zip(run_concretely(f, [x]), run(f, x), strict=True):
        np.testing.assert_allclose(got, wanted)
