"""Learning-rate schedules have the values that Keras recorded, eagerly and inside of a program."""

import numpy as np
import pytest
from cases import load

from lamina.optimizers import schedules
from lamina.trace import trace
from lamina.types import Type

CASES = load("schedules")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(case):
    schedule = case.build(schedules)
    program = trace(schedule, [Type("int32", ())])
    eager = np.array([schedule(step) for step in case.steps])
    traced = np.array([program(np.int32(step), backend="reference") for step in case.steps])
    for got in (eager, traced):
        np.testing.assert_allclose(got, case.values, rtol=1e-5, atol=1e-5 * case.values.max())
