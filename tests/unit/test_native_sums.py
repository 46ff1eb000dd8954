"""Sums inside of chains: who joins whom, and the same values as on the reference."""

import numpy as np
import pytest

from lamina import ops
from lamina.backends import native, reference
from lamina.gradients import gradients
from lamina.ops.scan import scan
from lamina.trace import Variable, trace
from lamina.types import Type

X = (12, 6, 5)


def outcome(backend, step, *variables, shape=X):
    """Results and variables after two steps, and the kernels of the plan."""
    saved = [v.numpy() for v in variables]
    traced = trace(step, [Type("float32", shape)])
    compiled = backend.compile(traced.bound)
    x = np.random.default_rng(3).standard_normal(shape).astype("float32")
    results = [r for _ in range(2) for r in compiled.run(x)] + [v.numpy() for v in variables]
    for v, old in zip(variables, saved, strict=True):
        v.assign(old)
    return results, [d.kernel for d in compiled.drafts] if backend is native else []


def assert_same(step, *variables, shape=X):
    want, _ = outcome(reference, step, *variables, shape=shape)
    got, kernels = outcome(native, step, *variables, shape=shape)
    for a, b in zip(want, got, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5)
    return kernels


def test_what_is_only_summed_is_not_stored():
    assert assert_same(lambda x: ops.sum(ops.square(x), axis=(0, 1))) == ["map_sum"]


def test_sums_of_one_value_and_of_another_are_one_instruction():
    assert assert_same(lambda x: [ops.sum(x, (0, 1)), ops.sum(x * x, (0, 1)), ops.tanh(x)]) == ["map_sum"]


def test_sums_over_other_axes_are_apart():
    kernels = assert_same(lambda x: [ops.sum(ops.exp(x), 0), ops.sum(ops.exp(x), 2)])
    assert sorted(kernels) == ["map_sum", "sum"]


def test_a_sum_over_the_outer_and_the_inner_axis_reads_memory():
    assert assert_same(lambda x: ops.sum(x * x, (0, 2))) == ["map", "sum"]


def test_who_reads_the_sum_waits_for_all_of_it():
    kernels = assert_same(lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=-1, keepdims=True))
    assert kernels == ["map_sum", "map"]


def test_a_chain_that_broadcasts_within_what_is_kept_is_summed_from_memory():
    column = Variable(np.arange(6, dtype="float32")[:, None], name="column")
    assert assert_same(lambda x: ops.sum(ops.exp(x * column.value), 0), column) == ["map", "sum"]


def test_a_variable_that_is_summed_and_set_to_the_sum():
    v = Variable(np.ones(5, "float32"), name="v")

    def step(x):
        v.assign(ops.sum(x * v.value, axis=(0, 1)))
        return v.value

    assert_same(step, v)


def test_what_is_the_same_for_all_terms_is_multiplied_once():
    row = Variable(np.arange(5, dtype="float32"), name="row")

    def step(x):
        return [ops.sum(x * row.value * x, (0, 1)), ops.sum(x * x, (0, 1)), ops.sum(x * x * row.value)]

    assert sorted(assert_same(step, row)) == ["map", "map", "map_sum", "sum"]


def test_the_axis_of_a_single_element():
    assert "map_sum" in assert_same(lambda x: ops.sum(ops.exp(x), axis=(0, 1)), shape=(9, 1, 4))
    assert_same(lambda x: ops.sum(ops.exp(x), axis=1), shape=(9, 1, 4))


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0)])
def test_sums_of_nothing(shape):
    assert_same(lambda x: [ops.sum(ops.exp(x), 0), ops.sum(ops.exp(x), (0, 1))], shape=shape)


def test_batch_normalisation_and_its_derivative():
    gamma, beta = Variable(np.full(5, 1.5, "float32"), name="gamma"), Variable(np.ones(5, "float32"), name="beta")

    def step(x):
        mean = ops.mean(x, (0, 1), keepdims=True)
        centred = x - mean
        normal = centred / ops.sqrt(ops.mean(ops.square(centred), (0, 1), keepdims=True) + 1e-3)
        y = ops.relu(normal * gamma.value + beta.value)
        return [y, *gradients([ops.sum(y * ops.sin(x))], [x, gamma.value, beta.value])]

    assert_same(step, gamma, beta)


@pytest.mark.parametrize("axis", [0, 1, (1, 2), None])
@pytest.mark.parametrize("shape", [X, (2, 700, 11)])
def test_a_sum_of_what_is_updated_in_place_is_that_of_before(axis, shape):
    state = Variable(np.random.default_rng(1).standard_normal(shape).astype("float32"), name="state")

    def step(x):
        old = state.value
        state.assign(ops.tanh(old * 0.5 + x))
        return [ops.sum(old, axis), ops.sum(old * x, axis), ops.sum(state.value, axis)]

    assert_same(step, state, shape=shape)


def test_a_sum_of_a_state_that_a_loop_updates():
    def step(x):
        return scan(lambda c, row: (c * 0.9 + row, ops.sum(c, axis=1)), x[0], x)[1]

    assert_same(step, shape=(5, 40, 9))
