"""Fold, share and drop: fewer nodes, the same values."""

import numpy as np
import pytest

import lamina
from lamina import ops
from lamina.gradients import gradients
from lamina.graph import Graph, placeholder, rewrite, verify
from lamina.op import OPS, evaluate, item
from lamina.ops.random import random_bits
from lamina.passes import drop, fold, share, simplify
from lamina.types import Type

X = Type("float32", (2, 3))


def names(graph):
    return [n.op.name for n in graph.nodes]


def of(f, *types):
    xs = [placeholder(t) for t in types or (X,)]
    ys = f(*xs)
    return Graph(xs, list(ys) if isinstance(ys, tuple) else [ys])


# ---- fold


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 1.0,
        lambda x: 1.0 * x,
        lambda x: x / 1.0,
        lambda x: x - 0.0,
        lambda x: OPS["reshape"](x, shape=(2, 3)),
        lambda x: OPS["transpose"](x, axes=(0, 1)),
        lambda x: OPS["expand"](x, shape=(2, 3)),
    ],
)
def test_identities_disappear(f):
    graph = fold(of(f))
    assert graph.outputs == graph.inputs


def test_adding_zero_stays_because_of_minus_zero():
    graph = fold(of(lambda x: x + 0.0))
    (y,) = evaluate(graph, np, [np.full((2, 3), -0.0, "float32")])
    assert not np.signbit(y).any()


def test_taking_away_minus_zero_stays_for_the_same_reason():
    (y,) = evaluate(fold(of(lambda x: x - (-0.0))), np, [np.full((2, 3), -0.0, "float32")])
    assert not np.signbit(y).any()


def test_a_stopped_gradient_stays():
    assert names(fold(of(ops.stop_gradient))) == ["stop_gradient"]


def test_constants_are_computed_now():
    graph = fold(of(lambda x: x + ops.exp(OPS["full"].node([], {"value": 0.5, "shape": (2, 3), "dtype": "float32"}))))
    assert names(graph) == ["full", "add"]
    assert graph.nodes[0].attrs["value"] == pytest.approx(np.exp(np.float32(0.5)))


def test_constants_that_are_not_one_value_stay():
    graph = fold(of(lambda x: x + OPS["iota"].node([], {"shape": (2, 3), "axis": 1, "dtype": "float32"})))
    assert "iota" in names(graph)


def test_reshapes_in_a_row_become_one():
    assert names(fold(of(lambda x: ops.reshape(ops.reshape(x, (6,)), (3, 2))))) == ["reshape"]


def test_a_constant_nan_or_infinity_is_not_lost():
    graph = simplify(of(lambda x: x * float("nan") + float("inf")))
    (y,) = evaluate(graph, np, [np.ones((2, 3), "float32")])
    assert np.isnan(y).all()


def test_equal_constants_that_were_made_one_are_computed_too():
    half = [OPS["full"].node([], {"value": 0.5, "shape": (2, 3), "dtype": "float32"}) for _ in range(2)]
    graph = simplify(of(lambda x: x * (half[0] + half[1])))
    assert names(graph) == []  # times 1


# ---- rules that go over a graph together


def seen_by(graph, *answers):
    """What rules are asked, each as (number, op, inputs' ops); they answer as the dicts of ops say."""
    asked = []

    def rule(number, answer):
        def asked_rule(node, inputs):
            asked.append((number, node.op.name, [x.op.name if x.op else "x" for x in inputs]))
            return answer[node.op.name](inputs) if node.op.name in answer else None

        return asked_rule

    made = rewrite(graph, *[rule(i, a) for i, a in enumerate(answers)])
    return asked, names(made)


def test_each_rule_sees_what_those_before_it_made():
    to_neg, to_exp = (lambda xs: -xs[0]), (lambda xs: ops.exp(xs[0]))
    asked, made = seen_by(of(lambda x: ops.sqrt(ops.abs(x))), {"abs": to_neg}, {"neg": to_exp, "sqrt": to_neg})
    assert asked == [(0, "abs", ["x"]), (1, "neg", ["x"]), (0, "sqrt", ["exp"]), (1, "sqrt", ["exp"])]
    assert made == ["exp", "neg"]


def test_a_node_that_became_its_input_is_asked_for_no_more():
    asked, made = seen_by(of(lambda x: ops.sqrt(ops.abs(x))), {"abs": lambda xs: xs[0]}, {})
    assert asked == [(0, "abs", ["x"]), (0, "sqrt", ["x"]), (1, "sqrt", ["x"])]
    assert made == ["sqrt"]


# ---- share


def test_equal_nodes_are_made_one():
    assert names(share(of(lambda x: ops.exp(x) + ops.exp(x)))) == ["exp", "add"]


def test_the_body_of_a_loop_is_shared_too():
    x, init = placeholder(Type("float32", (4, 3))), placeholder(Type("float32", (3,)))
    last, _ = ops.scan(lambda c, row: (ops.exp(c) * row + ops.exp(c), None), init, x)
    (loop,) = (n for n in share(Graph([x, init], [last])).nodes if n.op.name == "scan")
    assert names(loop.attrs["body"]) == ["exp", "mul", "add"]


def test_attributes_that_compare_equal_but_differ_stay_apart():
    one, true = (
        OPS["full"].node([], {"value": v, "shape": (2, 3), "dtype": d}) for v, d in ((1, "int32"), (True, "bool"))
    )
    graph = share(Graph([], [one, true]))
    assert [y.dtype for y in graph.outputs] == ["int32", "bool"]


def test_nan_attributes_are_equal_to_themselves():
    graph = share(
        of(lambda x: (ops.pad(x, 1, constant_values=float("nan")), ops.pad(x, 1, constant_values=float("nan"))))
    )
    assert len(graph.nodes) == 1


def test_two_draws_are_never_merged():
    u = Type("uint32", ())
    graph = share(of(lambda seed, step: tuple(random_bits(seed, step, shape=(4,), stream=s) for s in (1, 2)), u, u))
    assert names(graph) == ["random_bits", "random_bits"]


def test_a_loop_and_its_derivative_use_one_forward_pass():
    x, init = placeholder(Type("float32", (4, 3))), placeholder(Type("float32", (3,)))
    last, _ = ops.scan(lambda c, row: (ops.tanh(c * row), None), init, x)
    loss = ops.sum(last)
    graph = Graph([x, init], [loss, *gradients([loss], [x, init])])
    assert names(graph).count("scan") == 3
    slim = verify(simplify(graph))
    assert names(slim).count("scan") == 2
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(4, 3)), rng.normal(size=3)]
    for got, wanted in zip(evaluate(slim, np, arrays), evaluate(graph, np, arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


# ---- drop


def test_stacked_results_that_nobody_reads_are_not_computed():
    x, init = placeholder(Type("float32", (4, 3))), placeholder(Type("float32", (3,)))
    last, (first, second) = ops.scan(lambda c, row: (c + row, [c * 2.0, ops.exp(row)]), init, x)
    assert first.shape == second.shape == (4, 3)
    graph = verify(drop(Graph([x, init], [last, second])))
    (loop,) = (n for n in graph.nodes if n.op.name == "scan")
    assert len(loop.attrs["body"].outputs) == 2
    arrays = [np.ones((4, 3)), np.zeros(3)]
    for got, wanted in zip(evaluate(graph, np, arrays), (np.full(3, 4.0), np.full((4, 3), np.e)), strict=True):
        np.testing.assert_allclose(got, wanted)


def test_a_traced_program_computes_nothing_twice():
    traced = lamina.trace.trace(lambda x: (ops.sum(ops.exp(x)), ops.exp(x) * 1.0), [X])
    assert sorted(names(traced.graph)) == ["exp", "sum"]


def test_results_of_several_are_not_confused():
    y = OPS["top_k"].node([placeholder(X)], {"k": 2})
    graph = share(Graph(list(y.inputs), [item(y, 0), item(y, 1), item(y, 0)]))
    assert [n.attrs["index"] for n in graph.outputs] == [0, 1, 0]
    assert graph.outputs[0] is graph.outputs[2]


# ---- sums of one term


@pytest.mark.parametrize(
    ("f", "shape", "want"),
    [
        (lambda x: ops.sum(x, axis=1), (3, 1), ["reshape"]),
        (lambda x: ops.sum(x, axis=(1, 2), keepdims=True), (3, 1, 1), []),
        (lambda x: ops.sum(x, axis=(0, 1)), (3, 1), ["sum"]),
        (lambda x: ops.sum(x, axis=1), (0, 3), ["sum"]),
    ],
)
def test_sums_of_one_term_add_nothing_up(f, shape, want):
    graph = of(f, Type("float32", shape))
    short = simplify(graph)
    assert names(short) == want
    x = np.random.default_rng(1).standard_normal(shape).astype("float32")
    (a,), (b,) = evaluate(graph, np, [x]), evaluate(short, np, [x])
    assert a.shape == b.shape
    np.testing.assert_array_equal(a, b)
