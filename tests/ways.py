"""The ways in which a model can be trained (each backend, and op by op), and a small model to train in each of them."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.backends import BACKENDS

WAYS = [{"backend": name} for name in ("reference", "native") if name in BACKENDS] + [{"run_eagerly": True}]
NAMES = [way.get("backend", "eagerly") for way in WAYS]
every_way = pytest.mark.parametrize("way", WAYS, ids=NAMES)

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(22, 3)).astype("float32")
Y = RANDOM.normal(size=(22, 2)).astype("float32")
LABELS = RANDOM.integers(0, 4, 22)


def linear(way, units=2, loss="mse", optimizer=None, **told):
    """One dense layer with known weights, and SGD of rate 0.1."""
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units, name="d")])
    weights = np.random.default_rng(1)
    model.set_weights([weights.normal(size=(3, units)).astype("float32"), np.zeros(units, "float32")])
    model.compile(optimizer or lamina.optimizers.SGD(0.1), loss=loss, **told, **way)
    return model


def assert_close(a, b):
    np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
