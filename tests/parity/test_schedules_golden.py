"""Learning-rate schedules have the values that Keras recorded, eagerly and inside of a program."""

import numpy as np
import pytest
from cases import load

from lamina.optimizers import schedules
from lamina.trace import trace
from lamina.types import Type

CASES = load("schedules")


@pytest.mark.parametrize("how", ["eager", "reference", "native"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(case, how):
    schedule = case.build(schedules)
    if how != "eager":
        program = trace(schedule, [Type("int32", ())])
        schedule = lambda step: program(np.int32(step), backend=how)  # noqa: E731
    got = np.array([schedule(step) for step in case.steps])
    np.testing.assert_allclose(got, case.values, rtol=1e-5, atol=1e-5 * case.values.max())
