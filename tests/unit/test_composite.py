"""Composites: ops told in ops, kept whole or replaced by their bodies."""

import numpy as np

from lamina import ops
from lamina.composite import inline
from lamina.composites.normalization import standardize
from lamina.graph import Graph, placeholder, scope, verify
from lamina.op import evaluate
from lamina.types import Type

X = Type("float32", (4, 5))


def names(graph):
    return [n.op.name for n in graph.nodes]


def test_a_composite_is_one_node_until_it_is_inlined():
    x = placeholder(X)
    graph = Graph([x], [ops.softmax(x)])
    assert names(graph) == ["softmax"]
    assert "exp" in names(verify(inline(graph)))


def test_a_composite_whose_kernel_a_backend_owns_stays():
    x = placeholder(X)
    graph = Graph([x], [ops.softmax(x), ops.log_softmax(x)])
    kept = names(inline(graph, keep=lambda n: n.op.kernel == "softmax"))
    assert "softmax" in kept
    assert "log_softmax" not in kept


def test_the_body_carries_the_path_of_the_node():
    x = placeholder(X)
    with scope("head"):
        y = ops.softmax(x)
    assert {n.path for n in inline(Graph([x], [y])).nodes} == {"head"}


def test_results_of_a_composite_with_several_are_read_from_its_body(rng):
    x = placeholder(X)
    y, mean, _ = standardize(x, -1, 1e-3)
    graph = verify(inline(Graph([x], [y, mean])))
    assert "item" not in names(graph)
    value = rng.normal(size=(4, 5)).astype("float32")
    normal, centre = evaluate(graph, np, [value])
    np.testing.assert_allclose(centre, value.mean(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(normal.std(1), 1, rtol=1e-2)


def test_composites_inside_of_a_loop_are_inlined_too():
    x = placeholder(Type("float32", (3, 5)))
    _, ys = ops.scan(lambda c, row: (c, ops.softmax(row)), placeholder(Type("float32", ())), x)
    carry = next(n for n in ys.inputs[0].inputs if n.op is None and n is not x)
    graph = inline(Graph([carry, x], [ys]))
    (loop,) = (n for n in graph.nodes if n.op.name == "scan")
    assert "softmax" not in names(loop.attrs["body"])


def test_nothing_to_inline_gives_the_same_graph():
    x = placeholder(X)
    graph = Graph([x], [ops.exp(x)])
    assert inline(graph) is graph
