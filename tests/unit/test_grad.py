"""Reverse-mode differentiation over any graph, and what each op declares at its kinks."""

import numpy as np
import pytest

import lamina
from lamina import ops
from lamina.errors import GradientError
from lamina.gradients import gradients
from lamina.graph import Graph, placeholder
from lamina.op import evaluate
from lamina.types import Type

X = Type("float32", (3,))
V = np.float32([1, 2, 3])


def slope(f, *arrays, wrt=0):
    return lamina.grad(lambda *a: ops.sum(f(*a)), wrt)(*arrays)


def test_contributions_of_branches_add_up():
    np.testing.assert_allclose(slope(lambda x: x * x + 3.0 * x, V), 2 * V + 3)


def test_a_diamond():
    def f(x):
        y = ops.exp(x)
        return y * ops.sin(x) + y / x

    exact = np.exp(V) * (np.sin(V) + np.cos(V)) + np.exp(V) / V - np.exp(V) / V**2
    np.testing.assert_allclose(slope(f, V), exact, rtol=1e-5)


def test_what_no_output_depends_on_has_gradient_zero():
    np.testing.assert_array_equal(slope(lambda x, y: x, V, V, wrt=1), np.zeros(3))


def test_several_outputs_and_seeds():
    x = placeholder(X)
    seeds = [placeholder(X), placeholder(X)]
    (dx,) = gradients([x * x, ops.exp(x)], [x], seeds)
    (got,) = evaluate(Graph([x, *seeds], [dx]), np, [V, V, 2 * V])
    np.testing.assert_allclose(got, 2 * V * V + 2 * V * np.exp(V), rtol=1e-6)


def test_the_two_neuron_chain_of_the_texts():
    """E = (y - t)^2 / 2 with y = w2 s(w1 x): delta2 = y - t, delta1 = delta2 w2 s'(z1)."""
    x, t, w1, w2 = (np.float32(v) for v in (0.5, 1.0, 0.8, -0.6))
    grads = lamina.grad(lambda w1, w2: ops.square(w2 * ops.sigmoid(w1 * x) - t) * 0.5, (0, 1))(w1, w2)
    z1 = w1 * x
    a1 = 1 / (1 + np.exp(-z1))
    delta2 = w2 * a1 - t
    delta1 = delta2 * w2 * a1 * (1 - a1)
    np.testing.assert_allclose(grads, [delta1 * x, delta2 * a1], rtol=1e-6)


def test_third_order():
    assert float(lamina.grad(lamina.grad(lamina.grad(lambda x: x**4.0)))(np.float32(2))) == pytest.approx(48)


def test_only_a_scalar_float_has_a_gradient():
    with pytest.raises(GradientError, match="only a floating-point scalar"):
        lamina.grad(lambda x: x * 2)(V)
    with pytest.raises(GradientError, match="only a floating-point scalar"):
        lamina.grad(lambda x: ops.argmax(x))(V)


def test_no_gradient_flows_through_a_stop_or_through_whole_numbers():
    np.testing.assert_array_equal(slope(lambda x: ops.stop_gradient(x) * x, V), V)
    np.testing.assert_array_equal(slope(lambda x: ops.cast(ops.cast(x, "int32"), "float32") + x, V), np.ones(3))


def test_a_while_loop_says_that_it_has_no_derivative():
    with pytest.raises(GradientError, match="while_loop has no derivative"):
        slope(lambda x: ops.while_loop(lambda x: ops.sum(x) < 9, lambda x: x * 2, (x,))[0], V)


def test_a_gradient_keeps_the_path_of_the_layer():
    x = placeholder(X)
    from lamina.graph import scope

    with scope("dense"):
        y = ops.sum(ops.exp(x))
    (dx,) = gradients([y], [x])
    assert dx.path == "dense"


# What an op declares where it has no slope, or several. These are choices; a change here is a change of meaning.
A = np.float32([1, 1, 0])
DECLARED = [
    ("relu at 0", ops.relu, [-1, 0, 2], [0, 0, 1]),
    ("abs at 0", ops.abs, [-1, 0, 2], [-1, 0, 1]),
    ("sign", ops.sign, [-1, 0, 2], [0, 0, 0]),
    ("maximum of equals", lambda x: ops.maximum(x, A), [2, 1, -1], [1, 0.5, 0]),
    ("minimum of equals", lambda x: ops.minimum(x, A), [2, 1, -1], [0, 0.5, 1]),
    ("max of equals", ops.max, [3, 1, 3], [0.5, 0, 0.5]),
    ("min of equals", ops.min, [1, 1, 3], [0.5, 0.5, 0]),
    ("floor at a whole number", ops.floor, [1, 2.5, -1], [0, 0, 0]),
    ("round at a half", ops.round, [0.5, 1.5, 2], [0, 0, 0]),
    ("clip at its edges", lambda x: ops.clip(x, -1, 1), [-1, 0, 1], [0.5, 1, 0.5]),
    ("sort of equals", lambda x: ops.sort(x) * np.float32([1, 2, 4]), [5, 3, 3], [4, 1, 2]),
    ("top-k of equals", lambda x: ops.top_k(x, 2)[0] * np.float32([1, 2]), [3, 5, 5], [0, 1, 2]),
    ("max-pooling of equals", lambda x: ops.max_pool(ops.reshape(x, (1, 3, 1)), 3), [7, 7, 7], [1, 0, 0]),
    ("power at base 0", lambda x: x ** np.float32([2, 1, 0]), [0, 0, 0], [0, 1, 0]),
    ("softsign at 0", ops.softsign, [0, 0, 0], [1, 1, 1]),
    ("mod", lambda x: ops.mod(x, 2.0), [1.5, 4.0, -3.0], [1, 1, 1]),
    ("prod with one zero", ops.prod, [2, 0, 3], [0, 6, 0]),
    ("prod with two zeros", ops.prod, [0, 0, 3], [0, 0, 0]),
]


@pytest.mark.parametrize(("f", "at", "wanted"), [d[1:] for d in DECLARED], ids=[d[0] for d in DECLARED])
def test_the_declared_slope(f, at, wanted):
    np.testing.assert_allclose(slope(f, np.float32(at)), np.float32(wanted))


def test_the_exponent_of_a_number_that_is_not_positive_gets_no_gradient():
    np.testing.assert_array_equal(slope(lambda x: np.float32([0, -2, 1]) ** x, np.float32([2, 2, 5])), [0, 0, 0])


def test_slopes_stay_finite_where_a_formula_would_not():
    wide = np.float32([-1e4, -90, 90, 1e4])
    for f in (
        ops.sigmoid,
        ops.softplus,
        ops.log_sigmoid,
        ops.softmax,
        ops.log_softmax,
        ops.tanh,
        ops.elu,
        ops.selu,
        ops.celu,
        ops.logsumexp,
        ops.gelu,
    ):
        assert np.isfinite(slope(f, wide)).all(), f


def test_a_loop_of_ones_own_drops_other_units_at_each_step():
    lamina.random.set_seed(3)
    layer, x = lamina.layers.Dropout(0.5), np.ones((64,), "float32")
    step = lamina.value_and_grad(lambda x: lamina.ops.sum(layer(x, training=True)))
    grads = [step(x)[1] for _ in range(3)]
    assert all(set(g.tolist()) == {0.0, 2.0} for g in grads)
    assert not np.array_equal(grads[0], grads[1])
    lamina.random.set_seed(3)
    np.testing.assert_array_equal(step(x)[1], grads[0])
    seeded = lamina.random.Generator(3)
    pure = lamina.value_and_grad(lambda x: lamina.ops.sum(layer(x, training=True)), generator=seeded)
    np.testing.assert_array_equal(pure(x)[1], pure(x)[1])
