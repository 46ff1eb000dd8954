"""Record the losses of Keras 3 in class form: every reduction, with and without weights, and d loss / d y_pred."""

from typing import Any

import numpy as np
from recording import Recorder, build, gradients, keras, rng_for

record = Recorder("losses")

rng = rng_for("losses")
F = np.float32
REAL = (rng.normal(size=(4, 3)).astype(F), rng.normal(size=(4, 3)).astype(F))
FAR = (F([[0.5, -3], [0, 100], [2, 2]]), F([[0, 0], [0.5, -100], [2.5, 2 + 1e-4]]))
STEPS = (rng.normal(size=(2, 3, 2)).astype(F), rng.normal(size=(2, 3, 2)).astype(F))
POSITIVE = (rng.uniform(0.1, 3, (4, 3)).astype(F), rng.uniform(0.1, 3, (4, 3)).astype(F))
SIGNS = (rng.choice(F([-1, 1]), (4, 3)), rng.normal(size=(4, 3)).astype(F))
BITS = (rng.integers(0, 2, (4, 3)).astype(F), rng.uniform(0.02, 0.98, (4, 3)).astype(F))
BIT_LOGITS = (BITS[0], F([[60, -60, 0], [-60, 60, 1], [0.3, -0.7, 2], [-1.5, 5, -5]]))
EDGE_BITS = (F([[0, 1, 0, 1]]), F([[0, 1, 1, 0]]))
CLASSES = np.array([0, 2, 1, 3, 2], np.int32)
ONE_HOT = np.eye(4, dtype=F)[CLASSES]
LOGITS = np.concatenate([rng.normal(size=(3, 4)).astype(F), F([[60, -60, 0, 59], [-60, -61, -62, -63]])])
PROBABILITIES = np.exp(LOGITS[:3] - 0.1) / np.exp(LOGITS[:3] - 0.1).sum(1, keepdims=True)
UNSCALED = rng.uniform(0.1, 1, (3, 4)).astype(F)  # rows that do not sum to 1: Keras divides by their sum
SEQUENCE = (np.array([[0, 2, 1], [3, 3, 0]], np.int32), rng.normal(size=(2, 3, 4)).astype(F))
IGNORED = (np.array([0, 255, 1, 3, 255], np.int32), LOGITS)

Pair = tuple[np.ndarray, np.ndarray]
LOSSES: list[tuple[str, str, dict[str, Any], list[tuple[str, Pair]]]] = [
    ("mse", "MeanSquaredError", {}, [("", REAL), ("3d", STEPS)]),
    ("mae", "MeanAbsoluteError", {}, [("", REAL), ("3d", STEPS)]),
    ("mape", "MeanAbsolutePercentageError", {}, [("", REAL), ("zero", FAR)]),
    ("msle", "MeanSquaredLogarithmicError", {}, [("", POSITIVE), ("negative", REAL)]),
    ("huber", "Huber", {}, [("", REAL), ("far", FAR)]),
    ("huber_delta", "Huber", {"delta": 0.4}, [("", REAL)]),
    ("log_cosh", "LogCosh", {}, [("", REAL), ("far", FAR)]),
    ("bce", "BinaryCrossentropy", {}, [("", BITS), ("edge", EDGE_BITS)]),
    ("bce_logits", "BinaryCrossentropy", {"from_logits": True}, [("", BIT_LOGITS)]),
    ("bce_smooth", "BinaryCrossentropy", {"label_smoothing": 0.2}, [("", BITS)]),
    ("bce_logits_smooth", "BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, [("", BIT_LOGITS)]),
    ("focal", "BinaryFocalCrossentropy", {}, [("", BITS)]),
    (
        "focal_gamma",
        "BinaryFocalCrossentropy",
        {"gamma": 3.0, "alpha": 0.3, "apply_class_balancing": True},
        [("", BITS)],
    ),
    ("focal_logits", "BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, [("", BIT_LOGITS)]),
    (
        "cce",
        "CategoricalCrossentropy",
        {},
        [
            ("", (ONE_HOT[:3], PROBABILITIES)),
            ("unscaled", (ONE_HOT[:3], UNSCALED)),
            ("edge", (ONE_HOT[:3], np.eye(4, dtype=F)[[0, 1, 1]])),
        ],
    ),
    ("cce_logits", "CategoricalCrossentropy", {"from_logits": True}, [("", (ONE_HOT, LOGITS))]),
    ("cce_smooth", "CategoricalCrossentropy", {"label_smoothing": 0.1}, [("", (ONE_HOT[:3], PROBABILITIES))]),
    (
        "cce_logits_smooth",
        "CategoricalCrossentropy",
        {"from_logits": True, "label_smoothing": 0.1},
        [("", (ONE_HOT, LOGITS))],
    ),
    (
        "cce_axis",
        "CategoricalCrossentropy",
        {"from_logits": True, "axis": 1},
        [("3d", (np.eye(4, dtype=F)[SEQUENCE[0]].swapaxes(1, 2), SEQUENCE[1].swapaxes(1, 2)))],
    ),
    (
        "cfce",
        "CategoricalFocalCrossentropy",
        {},
        [("", (ONE_HOT[:3], PROBABILITIES)), ("unscaled", (ONE_HOT[:3], UNSCALED))],
    ),
    (
        "cfce_all",
        "CategoricalFocalCrossentropy",
        {"alpha": 0.5, "gamma": 1.0, "from_logits": True, "label_smoothing": 0.1},
        [("", (ONE_HOT, LOGITS))],
    ),
    (
        "scce",
        "SparseCategoricalCrossentropy",
        {},
        [
            ("", (CLASSES[:3], PROBABILITIES)),
            ("unscaled", (CLASSES[:3], UNSCALED)),
            ("column", (CLASSES[:3, None], PROBABILITIES)),
        ],
    ),
    (
        "scce_logits",
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        [("", (CLASSES, LOGITS)), ("column", (CLASSES[:, None], LOGITS)), ("3d", SEQUENCE)],
    ),
    ("scce_ignore", "SparseCategoricalCrossentropy", {"ignore_class": 255, "from_logits": True}, [("", IGNORED)]),
    ("scce_ignore_0", "SparseCategoricalCrossentropy", {"ignore_class": 0, "from_logits": True}, [("3d", SEQUENCE)]),
    (
        "kl",
        "KLDivergence",
        {},
        [("", (PROBABILITIES, UNSCALED)), ("edge", (ONE_HOT[:3], PROBABILITIES)), ("negative", REAL)],
    ),
    ("poisson", "Poisson", {}, [("", POSITIVE), ("zero", (POSITIVE[0], F(np.maximum(REAL[1], 0))))]),
    ("hinge", "Hinge", {}, [("", SIGNS), ("bits", (BITS[0], SIGNS[1]))]),
    ("squared_hinge", "SquaredHinge", {}, [("", SIGNS), ("bits", (BITS[0], SIGNS[1]))]),
    ("categorical_hinge", "CategoricalHinge", {}, [("", (ONE_HOT, LOGITS))]),
    ("cosine", "CosineSimilarity", {}, [("", REAL), ("zero_row", (REAL[0], REAL[1] * F([[1], [0], [1], [1]]) + F(0)))]),
    ("cosine_axis", "CosineSimilarity", {"axis": 1}, [("3d", STEPS)]),
    ("dice", "Dice", {}, [("", BITS)]),
    ("dice_axis", "Dice", {"axis": 1}, [("", BITS)]),
    ("tversky", "Tversky", {}, [("", BITS)]),
    ("tversky_weights", "Tversky", {"alpha": 0.3, "beta": 0.7}, [("", BITS)]),
    ("cgce", "CategoricalGeneralizedCrossEntropy", {}, [("", (CLASSES[:3], PROBABILITIES))]),
]
KINKED = (
    "mae_zero",
    "mape_zero",
    "cosine_zero_row",
    "bce_edge",
    "cce_edge",
    "msle_negative",
    "kl_negative",
    "huber_far",
)


def one(
    case_id: str, class_name: str, config: dict[str, Any], pair: Pair, weight: np.ndarray | None, kinked: bool
) -> None:
    """Record one loss of one pair."""
    y_true, y_pred = pair
    loss = build({"class": class_name, "config": config}, keras.losses)
    outputs, output_grads, grads = gradients(
        lambda x: loss(y_true, x, sample_weight=weight), [y_pred], rng_for(case_id)
    )
    case: dict[str, Any] = {
        "class": class_name,
        "config": config,
        "y_true": y_true,
        "y_pred": y_pred,
        "sample_weight": weight,
        "output": outputs[0],
        "output_grad": output_grads[0],
        "y_pred_grad": grads[0],
    }
    if kinked:
        case["tags"] = ["ties"]
    record.add({"id": case_id, **record.names(case_id, case)})


if __name__ == "__main__":
    for short, class_name, config, data in LOSSES:
        for word, pair in data:
            name = f"{short}_{word}".rstrip("_")
            rows = np.linspace(0.5, 2, len(pair[1])).astype(F)
            rows[1:2] = 0
            if word == "3d":  # Keras refuses (2,) against losses of shape (2, 3)
                rows = rows[:, None]
            whole = class_name in ("Dice", "Tversky")  # these reduce the batch axis away themselves
            one(name, class_name, config, pair, None, name in KINKED)
            for reduction in ("sum", "mean", "mean_with_sample_weight", "none", None):
                if word in ("", "3d") and (reduction in ("sum", "none") or short in ("mse", "scce_logits")):
                    one(f"{name}_{reduction}", class_name, {**config, "reduction": reduction}, pair, None, False)
                full = reduction in ("sum", "none") or short in ("mse", "scce_logits", "scce_ignore")
                if word in ("", "3d") and not whole and reduction is not None and full:
                    weighted = {**config, "reduction": reduction}
                    one(f"{name}_{reduction}_weighted", class_name, weighted, pair, rows, False)
            if word in ("", "3d") and not whole:
                one(f"{name}_weighted", class_name, config, pair, rows, False)
    one("mse_3d_weighted_steps", "MeanSquaredError", {}, STEPS, rng.uniform(size=(2, 3)).astype(F), False)
    one("mse_weighted_column", "MeanSquaredError", {}, REAL, rng.uniform(size=(4, 1)).astype(F), False)
    one("mse_weighted_zero", "MeanSquaredError", {"reduction": "mean_with_sample_weight"}, REAL, np.zeros(4, F), False)
    one("mse_column_against_row", "MeanSquaredError", {}, (REAL[0][:, 0], REAL[1][:, :1]), None, False)
    one("bce_column_against_row", "BinaryCrossentropy", {}, (BITS[0][:, 0], BITS[1][:, :1]), None, False)
    record.save()
