"""Nodes, graphs, their text, the rules they obey, and rewriting."""

import pytest

from lamina import ops
from lamina.errors import TraceError
from lamina.graph import Graph, Node, parse, placeholder, rewrite, scope, substitute, topological_order, users, verify
from lamina.op import OPS, item
from lamina.types import Type

X = Type("float32", (2, 3))


def example():
    x, w = placeholder(X, "x"), placeholder(Type("float32", (3, 4)), "w")
    with scope("dense"), scope("kernel"):
        y = ops.matmul(x, w)
    return Graph([x, w], [ops.relu(y)])


def test_the_text_of_a_graph():
    assert str(example()) == (
        "graph(%x: float32[2,3], %w: float32[3,4])\n"
        "  %2 = matmul %x %w: float32[2,4]  @dense/kernel\n"
        "  %3 = relu %2: float32[2,4]\n"
        "  return %3"
    )


def test_attributes_survive_the_text():
    x = placeholder(X)
    y = OPS["pad"](x, low=(1, 0), high=(0, 2), interior=(0, 0), value=float("-inf"))
    z = OPS["pad"](x, low=(1, 0), high=(0, 2), interior=(0, 0), value=float("nan"))
    graph = Graph([x], [y, z])
    again = parse(str(graph), OPS)
    assert str(again) == str(graph)
    assert again.nodes[0].attrs == y.attrs


def test_text_runs_nothing():
    with pytest.raises(AssertionError, match="not a literal"):
        parse(
            "graph(%0: float32[2])\n  %1 = reshape %0 {shape=__import__('os').getcwd()}: float32[2]\n  return %1", OPS
        )


def test_text_must_tell_the_inferred_type():
    with pytest.raises(AssertionError, match="inferred"):
        parse("graph(%0: float32[2])\n  %1 = neg %0: float32[3]\n  return %1", OPS)


def test_inputs_of_one_name_stay_apart():
    a, b = placeholder(X, "x"), placeholder(X, "x")
    assert str(Graph([a, b], [ops.add(a, b)])).startswith("graph(%x: float32[2,3], %1: float32[2,3])")


def test_each_node_comes_after_its_inputs_and_once():
    x = placeholder(X)
    shared = ops.exp(x)
    y = ops.add(ops.multiply(shared, shared), shared)
    order = topological_order([y, shared])
    assert len(order) == len(set(order)) == 4
    assert all(order.index(i) < order.index(n) for n in order for i in n.inputs)


def test_long_chains_do_not_exhaust_the_stack():
    x = y = placeholder(X)
    for _ in range(20_000):
        y = OPS["neg"].node([y], {})
    assert len(Graph([x], [y]).nodes) == 20_000


def test_who_reads_a_node():
    x = placeholder(X)
    y = ops.multiply(x, x)
    assert users(Graph([x], [y]))[x] == [y, y]


def test_verify_names_the_guilty_node():
    x = placeholder(X)
    good = ops.negative(x)
    verify(Graph([x], [good]))
    with pytest.raises(AssertionError, match="neither an input nor computed"):
        verify(Graph([], [good]))
    lying = Node(OPS["neg"], (x,), {}, (Type("float32", (9,)),))
    with pytest.raises(AssertionError, match="infers"):
        verify(Graph([x], [lying]))
    with pytest.raises(AssertionError, match="listed twice"):
        verify(Graph([x, x], [good]))
    odd = OPS["reshape"].node([x], {"shape": [3, 2]})
    with pytest.raises(AssertionError, match="plain literal"):
        verify(Graph([x], [odd]))
    several = OPS["top_k"].node([x], {"k": 1})
    with pytest.raises(AssertionError, match="2 results"):
        verify(Graph([x], [several]))
    verify(Graph([x], [item(several, 0)]))


def test_rewriting_keeps_paths():
    graph = example()
    swapped = rewrite(graph, lambda n, inputs: OPS["tanh"].node(inputs, {}) if n.op is OPS["relu"] else None)
    assert [n.op.name for n in swapped.nodes] == ["matmul", "tanh"]
    assert swapped.nodes[0].path == "dense/kernel"


def test_a_graph_is_pasted_into_another():
    graph = example()
    x, w = placeholder(X), placeholder(Type("float32", (3, 4)))
    (y,) = substitute(graph, [x, w])
    assert str(Graph([x, w], [y])).replace("%0", "%x").replace("%1", "%w") == str(graph)


def test_a_symbolic_value_has_no_truth():
    x = placeholder(X)
    with pytest.raises(TraceError, match=r"ops\.cond"):
        bool(ops.sum(x) > 0)
    with pytest.raises(TraceError, match="no number yet"):
        float(ops.sum(x))
    with pytest.raises(TraceError, match=r"ops\.scan"):
        list(x)
