"""Record the optimizers of Keras 3: 50 recorded gradients of two variables, weights after steps 1, 10 and 50."""

from typing import Any

import numpy as np
from recording import Recorder, build, keras, rng_for

record = Recorder("optimizers")

rng = rng_for("optimizers")
START = [rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(4,)).astype(np.float32)]
GRADIENTS = [rng.normal(size=(50, 3, 4)).astype(np.float32), rng.normal(size=(50, 4)).astype(np.float32)]
GRADIENTS[0][:, 0, 0] = 0  # a weight that never moves by its gradient
GRADIENTS[0][:20, 0, 1] = 0  # one that sleeps for a while
GRADIENTS[1][:, 3] *= 1e-4
GRADIENTS[0][7] *= 30  # a burst, for the clips
GRADIENTS[1][8] *= 30
STEPS = [1, 10, 50]

DECAY = {"class": "ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}}
OPTIMIZERS: list[tuple[str, str, dict[str, Any]]] = [
    ("sgd", "SGD", {}),
    ("sgd_rate", "SGD", {"learning_rate": 0.1}),
    ("sgd_momentum", "SGD", {"momentum": 0.9}),
    ("sgd_nesterov", "SGD", {"momentum": 0.9, "nesterov": True}),
    ("adagrad", "Adagrad", {}),
    ("adagrad_all", "Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.0}),
    ("adadelta", "Adadelta", {}),
    ("adadelta_all", "Adadelta", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-5}),
    ("rmsprop", "RMSprop", {}),
    ("rmsprop_centered", "RMSprop", {"centered": True, "learning_rate": 0.01}),
    ("rmsprop_momentum", "RMSprop", {"momentum": 0.9, "rho": 0.8}),
    ("rmsprop_both", "RMSprop", {"momentum": 0.9, "centered": True, "epsilon": 1e-3}),
    ("adam", "Adam", {}),
    ("adam_amsgrad", "Adam", {"amsgrad": True, "learning_rate": 0.01}),
    ("adam_all", "Adam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}),
    ("adamw", "AdamW", {}),
    ("adamw_all", "AdamW", {"learning_rate": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ("adamax", "Adamax", {}),
    ("adamax_all", "Adamax", {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9}),
    ("nadam", "Nadam", {}),
    ("nadam_all", "Nadam", {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("lion", "Lion", {}),
    ("lion_all", "Lion", {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.8}),
    ("ftrl", "Ftrl", {}),
    (
        "ftrl_all",
        "Ftrl",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.02,
            "l2_shrinkage_regularization_strength": 0.01,
            "beta": 0.1,
            "learning_rate_power": -0.6,
        },
    ),
    ("lamb", "Lamb", {}),
    ("adafactor", "Adafactor", {}),
]
COMMON: list[tuple[str, dict[str, Any]]] = [
    ("weight_decay", {"weight_decay": 0.02}),
    ("clipnorm", {"clipnorm": 1.0}),
    ("clipvalue", {"clipvalue": 0.5}),
    ("global_clipnorm", {"global_clipnorm": 1.5}),
    ("ema", {"use_ema": True, "ema_momentum": 0.9}),
    ("ema_overwrite", {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 7}),
    ("accumulation", {"gradient_accumulation_steps": 4}),
    ("schedule", {"learning_rate": DECAY}),
]


def one(case_id: str, class_name: str, config: dict[str, Any], spare: str | None = None) -> None:
    """Record one optimizer; `spare` names the variable that weight decay leaves alone."""
    spec = {"class": class_name, "config": config}
    optimizer = build(spec, keras.optimizers, keras.optimizers.schedules)
    variables = [keras.Variable(value, name=name) for value, name in zip(START, ("kernel", "bias"), strict=True)]
    if spare:
        optimizer.exclude_from_weight_decay(var_names=[spare])
    optimizer.build(variables)
    after = []
    for step in range(STEPS[-1]):
        optimizer.apply([keras.ops.convert_to_tensor(gradient[step]) for gradient in GRADIENTS])
        if step + 1 in STEPS:
            after.append([np.array(variable.value) for variable in variables])
    names = [variable.path.partition("/")[2] for variable in optimizer.variables]
    case: dict[str, Any] = {
        **spec,
        "start": START,
        "gradients": GRADIENTS,
        "steps": STEPS,
        "after": after,
        "variable_names": names,
    }
    if spare:
        case["exclude_from_weight_decay"] = [spare]
    if config.get("use_ema"):
        optimizer.finalize_variable_values(variables)
        case["finalized"] = [np.array(variable.value) for variable in variables]
    record.add({"id": case_id, **record.names(case_id, case)})


if __name__ == "__main__":
    for name, class_name, config in OPTIMIZERS:
        one(name, class_name, config)
    for word, config in COMMON:
        one(f"sgd_{word}", "SGD", {"learning_rate": 0.1, **config})
        one(f"sgd_nesterov_{word}", "SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, **config})
        one(f"adam_{word}", "Adam", {"learning_rate": 0.05, **config})
    for name in ("RMSprop", "Adagrad", "Nadam", "Lion", "Adadelta", "Adamax"):
        one(f"{name.lower()}_weight_decay", name, {"learning_rate": 0.05, "weight_decay": 0.02})
        one(f"{name.lower()}_clipnorm", name, {"learning_rate": 0.05, "clipnorm": 0.7})
    one("adamw_spare_bias", "AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}, spare="bias")
    record.save()
