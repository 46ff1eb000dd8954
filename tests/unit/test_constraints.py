"""Constraints: names, configurations, refusals, and what they promise about the weights."""

import numpy as np
import pytest

from lamina import constraints
from lamina.errors import ArgumentError

CONFIGS = [("MaxNorm", {"max_value": 0.5, "axis": 1}), ("NonNeg", {}), ("UnitNorm", {"axis": [0, 1]}),
           ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.7, "rate": 0.5, "axis": 0})]


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_configuration_makes_an_equal_constraint(name, config):
    first = getattr(constraints, name)(**config)
    again = constraints.deserialize(constraints.serialize(first))
    assert type(again) is type(first)
    assert again.get_config() == config
    w = np.arange(-3, 3, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(again(w), first(w))


@pytest.mark.parametrize("name", ["max_norm", "non_neg", "unit_norm", "min_max_norm", "MaxNorm"])
def test_names(name):
    assert isinstance(constraints.get(name), constraints.Constraint)


def test_lengths_end_within_the_bounds(rng):
    w = rng.normal(size=(5, 40)).astype("float32") * 3
    assert np.linalg.norm(constraints.MaxNorm(1.5)(w), axis=0).max() <= 1.5 + 1e-6
    lengths = np.linalg.norm(constraints.MinMaxNorm(1.0, 2.0, axis=1)(w), axis=1)
    assert 0.999 <= lengths.min() <= lengths.max() <= 2.0 + 1e-6
    np.testing.assert_allclose(np.linalg.norm(constraints.UnitNorm()(w), axis=0), 1, rtol=1e-5)
    assert constraints.NonNeg()(w).min() == 0


def test_what_keeps_to_a_bound_stays(rng):
    w = rng.normal(size=(5, 4)).astype("float32")
    np.testing.assert_allclose(constraints.MaxNorm(100.0)(w), w, rtol=1e-6)


def test_the_input_is_not_written_to():
    w = np.array([-1.0, 1.0], "float32")
    constraints.NonNeg()(w)
    np.testing.assert_array_equal(w, [-1, 1])


@pytest.mark.parametrize(("make", "words"), [
    (lambda: constraints.get("maxnorm"), "did you mean 'max_norm'"),
    (lambda: constraints.MinMaxNorm(2.0, 1.0), "min_value <= max_value"),
])
def test_refusals(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()
