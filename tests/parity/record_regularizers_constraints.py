"""Record the regularizers (value and gradient) and constraints (value) of Keras 3."""

from typing import Any

import numpy as np
from recording import Recorder, build, gradients, keras, rng_for

record = Recorder("regularizers_constraints")

rng = rng_for("regularizers_constraints")
MATRIX = rng.normal(size=(3, 4)).astype(np.float32)
WITH_ZEROS = np.where(np.abs(MATRIX) < 0.6, np.float32(0), MATRIX)
KERNEL = rng.normal(size=(2, 3, 2, 4)).astype(np.float32)
EMPTY_COLUMN = MATRIX * np.array([1, 0, 3, 1e-4], np.float32)

REGULARIZERS: list[tuple[str, str, dict[str, Any]]] = [
    ("l1", "L1", {}),
    ("l1_rate", "L1", {"l1": 0.3}),
    ("l2", "L2", {}),
    ("l2_rate", "L2", {"l2": 0.3}),
    ("l1l2", "L1L2", {}),
    ("l1l2_both", "L1L2", {"l1": 0.2, "l2": 0.05}),
    ("l1l2_one", "L1L2", {"l2": 0.05}),
    ("orthogonal", "OrthogonalRegularizer", {}),
    ("orthogonal_rate", "OrthogonalRegularizer", {"factor": 0.1}),
    ("orthogonal_columns", "OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}),
]
CONSTRAINTS: list[tuple[str, str, dict[str, Any]]] = [
    ("max_norm", "MaxNorm", {}),
    ("max_norm_small", "MaxNorm", {"max_value": 0.7}),
    ("max_norm_axis1", "MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("non_neg", "NonNeg", {}),
    ("unit_norm", "UnitNorm", {}),
    ("unit_norm_axis1", "UnitNorm", {"axis": 1}),
    ("min_max_norm", "MinMaxNorm", {}),
    ("min_max_norm_all", "MinMaxNorm", {"min_value": 0.5, "max_value": 1.2, "rate": 0.6}),
    ("min_max_norm_axis1", "MinMaxNorm", {"min_value": 0.5, "max_value": 1.2, "axis": 1}),
]


def one(
    case_id: str, spec: dict[str, Any], thing: Any, value: np.ndarray, gradient: bool, tags: tuple[str, ...]
) -> None:
    """Record one call."""
    outputs, output_grads, grads = gradients(thing, [value], rng_for(case_id))
    case: dict[str, Any] = {**spec, "inputs": [value], "outputs": outputs}
    if gradient:
        case |= {"output_grads": output_grads, "input_grads": grads}
    if tags:
        case["tags"] = list(tags)
    record.add({"id": case_id, **record.names(case_id, case)})


if __name__ == "__main__":
    for name, class_name, config in REGULARIZERS:
        spec = {"class": class_name, "config": config, "kind": "regularizer"}
        thing = build({"class": class_name, "config": config}, keras.regularizers)
        one(name, spec, thing, MATRIX, True, ())
        if class_name != "OrthogonalRegularizer":  # which takes matrices only
            one(f"{name}_zeros", spec, thing, WITH_ZEROS, True, ("ties",))
            one(f"{name}_kernel", spec, thing, KERNEL, True, ())
    for name, class_name, config in CONSTRAINTS:
        spec = {"class": class_name, "config": config, "kind": "constraint"}
        thing = build({"class": class_name, "config": config}, keras.constraints)
        one(name, spec, thing, 2 * MATRIX, False, ())
        one(f"{name}_empty_column", spec, thing, EMPTY_COLUMN, False, ())
    conv = {"class": "MaxNorm", "config": {"max_value": 0.7, "axis": [0, 1, 2]}, "kind": "constraint"}
    one("max_norm_kernel", conv, keras.constraints.MaxNorm(0.7, axis=(0, 1, 2)), KERNEL, False, ())
    record.save()
