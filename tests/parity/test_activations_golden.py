"""Activations give Keras's values and derivatives."""

import numpy as np
import pytest
from cases import load

from lamina import activations, ops
from lamina.errors import ArgumentError
from lamina.trace import value_and_grad

CASES = [case for case in load("activations") if case.function != "sparsemax"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_derivatives_are_those_of_keras(case):
    function = getattr(activations, case.function)
    (x,), (wanted,), (dy,) = case.args, case.outputs, case.output_grads
    y = function(x, **case.kwargs)
    assert y.dtype == wanted.dtype
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    if "ties" not in (case.tags or ()):
        _, dx = value_and_grad(lambda x: ops.sum(function(x, **case.kwargs) * dy))(x)
        np.testing.assert_allclose(dx, case.input_grads[0], rtol=1e-5, atol=1e-5 * np.abs(case.input_grads[0]).max())


def test_sparsemax_gives_distributions_where_keras_does_not():
    """Keras 3.15 adds up running sums, so that some of its rows do not sum to 1; the paper's do, and so do ours."""
    (case,) = (case for case in load("activations") if case.function == "sparsemax")
    (x,), (keras,) = case.args, case.outputs
    y = activations.sparsemax(x)
    np.testing.assert_allclose(y.sum(-1), 1, rtol=1e-6)
    right = np.isclose(keras.sum(-1), 1)
    assert right.any()
    assert not right.all()
    np.testing.assert_allclose(y[right], keras[right], atol=1e-6)


def test_sparsemax_at_its_kink_sends_no_gradient_to_what_is_zero():
    _, dx = value_and_grad(lambda x: activations.sparsemax(x)[0])(np.float32([1.0, 1.0, 0.0, -5.0]))
    np.testing.assert_allclose(dx, [0.5, -0.5, 0, 0], atol=1e-6)


def test_names_are_found():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.serialize(activations.hard_silu) == "hard_silu"
    assert activations.deserialize("gelu") is activations.gelu
    assert activations.get(np.tanh) is np.tanh


def test_an_unknown_name_says_which_was_meant():
    with pytest.raises(ArgumentError, match="did you mean 'sigmoid'"):
        activations.get("sigmiod")


# what each says at its kinks: Lamina's own choice, the lower side
KINKS = [
    ("relu", {}, 0.0, 0.0),
    ("leaky_relu", {"negative_slope": 0.1}, 0.0, 0.1),
    ("relu6", {}, 6.0, 0.0),
    ("relu6", {}, 0.0, 0.0),
    ("elu", {"alpha": 0.3}, 0.0, 0.3),
    ("hard_sigmoid", {}, 3.0, 0.0),
    ("hard_tanh", {}, -1.0, 0.0),
    ("step", {}, 0.0, 0.0),
    ("softsign", {}, 0.0, 1.0),
    ("soft_shrink", {}, 0.5, 0.0),
]


@pytest.mark.parametrize(("name", "options", "at", "slope"), KINKS)
def test_the_slope_at_a_kink(name, options, at, slope):
    _, dx = value_and_grad(lambda x: ops.sum(getattr(activations, name)(x, **options)))(np.float32([at]))
    np.testing.assert_allclose(dx, [slope], rtol=1e-6)


def test_a_step_is_zero_at_zero():
    assert activations.step([-1.0, -0.0, 0.0, 1e-30]).tolist() == [0, 0, 0, 1]
