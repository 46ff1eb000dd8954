"""Keras programs run unchanged, and find what they find under Keras."""

import json
import runpy

import numpy as np
import pytest
from cases import GOLDEN
from keras_programs import PROGRAMS, numbers

import lamina.keras

RECORDED = json.loads((GOLDEN / "programs.json").read_text(encoding="utf-8"))["programs"]


@pytest.fixture
def keras_is_lamina():
    lamina.keras.install()
    yield
    lamina.keras.uninstall()


def test_every_program_is_recorded():
    assert set(PROGRAMS) == set(RECORDED)
    assert len(PROGRAMS) >= 10


@pytest.mark.filterwarnings("ignore::lamina.errors.LaminaWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name, keras_is_lamina):
    results = runpy.run_path(str(PROGRAMS[name]))["results"]
    assert set(results) == set(RECORDED[name])
    for key, wanted in RECORDED[name].items():
        scale = max(map(abs, wanted))
        np.testing.assert_allclose(numbers(results[key]), wanted, rtol=1e-4, atol=1e-4 * scale, err_msg=key)
