"""Regularizers: names, configurations, refusals, and corners that the recorded values leave out."""

import numpy as np
import pytest

import lamina
from lamina import regularizers
from lamina.errors import ArgumentError, ShapeError

CONFIGS = [("L1", {"l1": 0.5}), ("L2", {"l2": 0.5}), ("L1L2", {"l1": 0.5, "l2": 0.25}),
           ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"})]


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_configuration_makes_an_equal_regularizer(name, config):
    first = getattr(regularizers, name)(**config)
    again = regularizers.deserialize(regularizers.serialize(first))
    assert type(again) is type(first)
    assert again.get_config() == config
    x = np.arange(6, dtype="float32").reshape(2, 3)
    assert again(x) == first(x)


@pytest.mark.parametrize("name", ["l1", "l2", "l1_l2", "l1l2", "orthogonal_regularizer", "L1", "OrthogonalRegularizer"])
def test_names(name):
    assert isinstance(regularizers.get(name), regularizers.Regularizer)


def test_functions_and_none_pass():
    assert regularizers.get(np.sum) is np.sum
    assert regularizers.get(None) is None


def test_no_strength_costs_nothing():
    x = np.arange(4, dtype="float32")
    assert regularizers.L1L2()(x) == 0
    assert not lamina.grad(regularizers.L1L2())(x).any()


def test_orthogonal_of_a_row_of_zeros_has_a_finite_gradient():
    x = np.array([[0, 0], [1, 2]], "float32")
    assert np.isfinite(lamina.grad(regularizers.OrthogonalRegularizer(1.0))(x)).all()


def test_orthogonal_of_one_row_is_zero():
    assert regularizers.OrthogonalRegularizer(1.0)(np.ones((1, 3), "float32")) == 0


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: regularizers.get("l1l3"), ArgumentError, "did you mean .l1l2"),
    (lambda: regularizers.L1(-0.1), ArgumentError, "from 0 on"),
    (lambda: regularizers.L2(float("nan")), ArgumentError, "finite"),
    (lambda: regularizers.L1L2("much"), ArgumentError, "finite number"),
    (lambda: regularizers.OrthogonalRegularizer(mode="row"), ArgumentError, "did you mean 'rows'"),
    (lambda: regularizers.OrthogonalRegularizer()(np.ones(3, "float32")), ShapeError, "two dimensions"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()
