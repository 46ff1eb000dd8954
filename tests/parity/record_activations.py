"""Record every function of `keras.activations` with its derivative."""

from typing import Any

import numpy as np
from recording import Recorder, gradients, keras, rng_for

record = Recorder("activations")

GRID = np.array(
    [
        -90,
        -30,
        -8.7,
        -4.5,
        -3.3,
        -2.2,
        -1.7,
        -0.77,
        -0.31,
        -0.1,
        -1e-3,
        -1e-7,
        1e-7,
        1e-3,
        0.1,
        0.31,
        0.77,
        1.7,
        2.2,
        3.3,
        4.5,
        6.6,
        8.7,
        30,
        90,
    ],
    np.float32,
)
KINKS = np.array([-6, -3, -1, -0.5, -0.0, 0.0, 0.5, 1, 3, 6], np.float32)
ROWS = np.array(
    [
        [0, 0, 0, 0],
        [1, -1, 2, -2],
        [60, -60, 0, 59],
        [-60, -61, -62, -63],
        [1000, 0, -1000, 999],
        [-0.1, 0.2, -0.3, 0.4],
    ],
    np.float32,
)

POINTWISE: list[tuple[str, dict[str, Any]]] = [
    ("linear", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 2.0}),
    ("relu", {"threshold": 0.5}),
    ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}),
    ("relu6", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("elu", {}),
    ("elu", {"alpha": 0.3}),
    ("selu", {}),
    ("celu", {}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("silu", {}),
    ("mish", {}),
    ("sigmoid", {}),
    ("log_sigmoid", {}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("tanh", {}),
    ("hard_tanh", {}),
    ("softplus", {}),
    ("softsign", {}),
    ("exponential", {}),
    ("tanh_shrink", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 1.0}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.0}),
    ("squareplus", {}),
    ("squareplus", {"b": 2}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}),
]
ROWWISE: list[tuple[str, dict[str, Any]]] = [
    ("softmax", {}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {}),
    ("log_softmax", {"axis": 0}),
    ("sparsemax", {}),
    ("glu", {}),
    ("glu", {"axis": 0}),
]


def one(name: str, kwargs: dict[str, Any], grid: str, values: np.ndarray, tags: tuple[str, ...] = ()) -> None:
    """Record one function on one grid; `exponential` leaves out where float32 overflows."""
    case_id = "_".join([name, *(f"{key}_{value}" for key, value in kwargs.items()), grid])
    if name == "exponential":
        values = np.clip(values, -60, 60)
    function = getattr(keras.activations, name)
    outputs, output_grads, grads = gradients(lambda x: function(x, **kwargs), [values], rng_for(case_id))
    case = {
        "function": name,
        "args": [values],
        "kwargs": kwargs,
        "outputs": outputs,
        "output_grads": output_grads,
        "input_grads": grads,
    }
    if tags:
        case["tags"] = list(tags)
    record.add({"id": case_id, **record.names(case_id, case)})


if __name__ == "__main__":
    for name, kwargs in POINTWISE:
        one(name, kwargs, "grid", GRID)
        one(name, kwargs, "kinks", KINKS, ("ties",))
    for name, kwargs in ROWWISE:
        one(name, kwargs, "rows", ROWS, ("ties",) if name == "sparsemax" else ())
    record.save()
