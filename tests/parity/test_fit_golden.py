"""Whole trainings agree with Keras: every weight, every number of the history, evaluation and prediction."""

import numpy as np
import pytest
from cases import load
from fit_programs import PROGRAMS

import lamina
from ways import every_way


def assert_close(found, wanted, what: str):
    wanted = np.asarray(wanted, "float64")
    scale = max(float(abs(wanted).max()), 1e-3)
    difference = float(abs(np.asarray(found, "float64") - wanted).max())
    assert difference <= 2e-5 * scale, f"{what}: {difference / scale:.1e} of the largest value"


@every_way
@pytest.mark.parametrize("case", load("fit"), ids=str)
def test_a_training_is_that_of_keras(case, way):
    model, told, x, y, more = PROGRAMS[case.id](lamina)
    model.compile(**told, **way, lint="off")
    model.set_weights(case.before)
    history = model.fit(x, y, shuffle=False, verbose=0, **more).history
    assert set(history) == set(case.history)
    for name, values in case.history.items():
        assert_close(history[name], values, name)
    for variable, value in zip(model.weights, case.after, strict=True):
        assert_close(variable.numpy(), value, variable.path)
    evaluated = model.evaluate(x, y, verbose=0, batch_size=7, return_dict=True)
    assert set(evaluated) == set(case.evaluated)
    for name, value in case.evaluated.items():
        assert_close(evaluated[name], value, name)
    predicted = model.predict(x, verbose=0, batch_size=7)
    for found, value in zip(predicted if isinstance(predicted, list) else [predicted], case.predicted, strict=True):
        assert_close(found, value, "prediction")
