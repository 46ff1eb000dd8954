"""Record the learning rate schedules of Keras 3."""

from typing import Any

import numpy as np
from recording import Recorder, build, keras

record = Recorder("schedules")

STEPS = [0, 1, 2, 3, 5, 7, 9, 10, 11, 13, 15, 19, 20, 21, 25, 29, 30, 31, 50, 99, 100, 101, 1000]
decay = {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}
poly = {"initial_learning_rate": 0.1, "decay_steps": 20}
SCHEDULES: list[tuple[str, str, dict[str, Any]]] = [
    ("exponential", "ExponentialDecay", decay),
    ("exponential_staircase", "ExponentialDecay", {**decay, "staircase": True}),
    ("inverse_time", "InverseTimeDecay", decay),
    ("inverse_time_staircase", "InverseTimeDecay", {**decay, "staircase": True}),
    ("piecewise", "PiecewiseConstantDecay", {"boundaries": [10, 20, 50], "values": [1.0, 0.5, 0.25, 0.1]}),
    ("piecewise_one", "PiecewiseConstantDecay", {"boundaries": [1], "values": [0.5, 0.1]}),
    ("polynomial", "PolynomialDecay", poly),
    ("polynomial_end", "PolynomialDecay", {**poly, "end_learning_rate": 0.02}),
    ("polynomial_power", "PolynomialDecay", {**poly, "power": 2.0, "end_learning_rate": 0.01}),
    ("polynomial_cycle", "PolynomialDecay", {**poly, "cycle": True, "power": 0.5}),
    ("cosine", "CosineDecay", poly),
    ("cosine_alpha", "CosineDecay", {**poly, "alpha": 0.2}),
    ("cosine_warmup", "CosineDecay", {**poly, "warmup_target": 0.5, "warmup_steps": 10}),
    (
        "cosine_warmup_from_zero",
        "CosineDecay",
        {"initial_learning_rate": 0.0, "decay_steps": 30, "warmup_target": 0.1, "warmup_steps": 5, "alpha": 0.1},
    ),
    ("cosine_warmup_no_target", "CosineDecay", {**poly, "warmup_steps": 10}),
    ("restarts", "CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
    (
        "restarts_all",
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.5, "m_mul": 0.8, "alpha": 0.1},
    ),
    ("restarts_even", "CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0}),
]

if __name__ == "__main__":
    for name, class_name, config in SCHEDULES:
        schedule = build({"class": class_name, "config": config}, keras.optimizers.schedules)
        values = np.array([np.asarray(schedule(step)) for step in STEPS], np.float32)
        case = {"class": class_name, "config": config, "steps": STEPS, "values": values}
        if name.startswith(("exponential_stair", "inverse_time_stair", "restarts")):
            case["tags"] = ["ties"]  # float32 steps may fall on either side of a jump
        record.add({"id": name, **record.names(name, case)})
    record.save()
