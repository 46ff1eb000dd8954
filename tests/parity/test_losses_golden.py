"""Losses have the values and derivatives that Keras recorded."""

import numpy as np
import pytest
from cases import load

import lamina
from lamina import losses

CASES = load("losses")


def assert_close(got, want):
    largest = np.abs(want).max(initial=1e-30)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * largest)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(case):
    loss = case.build(losses)
    assert_close(loss(case.y_true, case.y_pred, sample_weight=case.sample_weight), case.output)


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("case", [c for c in CASES if "ties" not in (c.tags or ())], ids=str)
def test_derivative(case, backend):
    loss = case.build(losses)
    weight = case.sample_weight

    def total(y_pred):
        return lamina.ops.sum(loss(case.y_true, y_pred, sample_weight=weight) * case.output_grad)

    assert_close(lamina.grad(total, backend=backend)(case.y_pred), case.y_pred_grad)
