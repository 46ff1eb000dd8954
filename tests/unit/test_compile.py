"""What ``compile`` takes, and what it refuses before ``fit`` could stumble over it."""

import numpy as np
import pytest

import lamina
from lamina.errors import ArgumentError


@pytest.mark.parametrize(
    "told",
    [
        {"loss": ["mse", "no such"]},
        {"loss": {"a": "no such"}},
        {"loss": "mse", "metrics": {"a": ["mae", "no such"]}},
        {"loss": "mse", "weighted_metrics": [["no such"]]},
        {"loss": "mse", "loss_weights": ["accuracy"]},
        {"loss": "mse", "loss_weights": [lamina.metrics.MeanSquaredError()]},
        {"optimizer": "no such", "loss": "mse"},
    ],
)
def test_compile_refuses_what_fit_would(told):
    model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    with pytest.raises(ArgumentError):
        model.compile(**told)
    assert not model.compiled


@pytest.mark.parametrize(
    "told",
    [
        {"loss": "CE", "metrics": ["Accuracy", "crossentropy", "mse", "BinaryAccuracy", "kld", None]},
        {"loss": {"a": "mse", "b": None}, "loss_weights": {"a": np.float32(2), "b": None}},
        {"loss": lamina.losses.Huber, "loss_weights": 2},
    ],
)
def test_compile_takes_every_way_to_tell(told):
    model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
    model.compile(**told)
    assert model.compiled
