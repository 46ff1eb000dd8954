"""What every test sees: the folders of shared test code, and `lamina` and `np` in the examples of docstrings."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina

os.environ.setdefault("JAX_PLATFORMS", "cpu")
for folder in ("laws", "parity"):
    sys.path.insert(0, str(Path(__file__).parent / folder))


@pytest.fixture
def rng():
    """Random numbers that are the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def fresh():
    """Each test starts with the same random numbers and the same made-up names, whatever ran before it."""
    lamina.random.set_seed(0)
    lamina.layers.reset_names()
