"""Initializers against Keras: exact values where there is no chance, moments and bounds where there is."""

import math

import numpy as np
import pytest
from cases import load

from lamina import initializers

CASES = load("initializers")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_initializer(case):
    shape = tuple(case.shape)
    seeded = {} if case.value is not None else {"seed": 11}
    drawn = getattr(initializers, case.class_name)(**case.config, **seeded)(shape)
    assert drawn.shape == shape
    assert drawn.dtype == np.float32
    if case.value is not None:
        np.testing.assert_array_equal(drawn, case.value)
    elif case.orthogonal:
        flat = drawn.reshape(-1, shape[-1]).astype(np.float64)
        gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        np.testing.assert_allclose(gram, case.gain**2 * np.eye(len(gram)), atol=1e-6)
    else:
        check_moments(drawn.astype(np.float64), case)


def check_moments(drawn, case):
    """Mean and deviation within five standard errors; bounds are kept and nearly reached."""
    count = math.prod(case.shape)
    assert abs(drawn.mean() - case.mean) < 5 * case.std / math.sqrt(count)
    assert abs(drawn.std() / case.std - 1) < 5 / math.sqrt(count)
    if case.low is not None:
        span = case.high - case.low
        assert case.low - 1e-6 * span <= drawn.min() < case.low + 0.05 * span
        assert case.high + 1e-6 * span >= drawn.max() > case.high - 0.05 * span
