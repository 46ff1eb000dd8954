"""Functions of arrays that NumPy has names for agree with Keras."""

import pytest
import test_more_golden
from cases import load
from test_more_golden import RUNS


@RUNS
@pytest.mark.parametrize("case", load("array_ops"), ids=str)
def test_values_and_derivatives(case, run):
    test_more_golden.test_values_and_derivatives_of_a_function(case, run)
