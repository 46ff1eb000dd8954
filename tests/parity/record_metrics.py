"""Record the metrics of Keras 3: several updates, with and without sample weights, and the result after each."""

from typing import Any

import numpy as np
from recording import Recorder, build, keras, rng_for

record = Recorder("metrics")

rng = rng_for("metrics")
F = np.float32


def softmax(x: np.ndarray) -> np.ndarray:
    """Rows that sum to 1."""
    return (np.exp(x) / np.exp(x).sum(-1, keepdims=True)).astype(F)


def thrice(draw: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three batches of 5, 1 and 4 rows."""
    return [draw(rows) for rows in (5, 1, 4)]


def bits(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 2, (rows, 3)).astype(F), rng.uniform(0, 1, (rows, 3)).astype(F)


def column(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 2, (rows, 1)).astype(F), rng.uniform(0, 1, (rows, 1)).astype(F)


def one_hot(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return np.eye(6, dtype=F)[rng.integers(0, 6, rows)], softmax(rng.normal(size=(rows, 6)))


def sparse(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 6, rows).astype(np.int32), softmax(rng.normal(size=(rows, 6)))


def real(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(rows, 3)).astype(F), rng.normal(size=(rows, 3)).astype(F)


def positive(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(0.1, 3, (rows, 3)).astype(F), rng.uniform(0.1, 3, (rows, 3)).astype(F)


def whole(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 3, (rows, 2)).astype(F), rng.integers(0, 3, (rows, 2)).astype(F)


def signs(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.choice(F([-1, 1]), (rows, 3)), rng.normal(size=(rows, 3)).astype(F)


def labels(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 3, rows).astype(np.int32), rng.integers(0, 3, rows).astype(np.int32)


BITS, COLUMN, ONE_HOT, SPARSE = thrice(bits), thrice(column), thrice(one_hot), thrice(sparse)
REAL, POSITIVE, WHOLE, SIGNS, LABELS = thrice(real), thrice(positive), thrice(whole), thrice(signs), thrice(labels)
TOPPED = [(np.array([[0], [1], [2], [3]], np.int32), F([[1, 1, 0, 0], [0.5, 0.5, 0.5, 0], [0, 0, 0, 0], [1, 2, 3, 3]]))]
HALVES = [(F([[0], [1], [0], [1]]), F([[0.5], [0.5], [0.0], [1.0]]))]  # exactly on the threshold
ONE_CLASS = [(F([[1], [1]]), F([[0.2], [0.9]]))]  # no negative at all
LOGITS = [(true, 3 * F(rng.normal(size=true.shape))) for true, _ in BITS]
SPARSE_COLUMN = [(true[:, None], pred) for true, pred in SPARSE]
SEQUENCE = [(rng.integers(0, 4, (2, 3)).astype(np.int32), softmax(rng.normal(size=(2, 3, 4))))]

METRICS: list[tuple[str, str, dict[str, Any], list[tuple[np.ndarray, np.ndarray]]]] = [
    ("accuracy", "Accuracy", {}, WHOLE),
    ("binary_accuracy", "BinaryAccuracy", {}, BITS),
    ("binary_accuracy_threshold", "BinaryAccuracy", {"threshold": 0.3}, BITS),
    ("binary_accuracy_column", "BinaryAccuracy", {}, COLUMN),
    ("binary_accuracy_halves", "BinaryAccuracy", {}, HALVES),
    ("categorical_accuracy", "CategoricalAccuracy", {}, ONE_HOT),
    ("sparse_categorical_accuracy", "SparseCategoricalAccuracy", {}, SPARSE),
    ("sparse_categorical_accuracy_column", "SparseCategoricalAccuracy", {}, SPARSE_COLUMN),
    ("sparse_categorical_accuracy_sequence", "SparseCategoricalAccuracy", {}, SEQUENCE),
    ("sparse_categorical_accuracy_ties", "SparseCategoricalAccuracy", {}, TOPPED),
    ("top_k", "TopKCategoricalAccuracy", {"k": 2}, ONE_HOT),
    ("top_k_default", "TopKCategoricalAccuracy", {}, ONE_HOT),
    ("sparse_top_k", "SparseTopKCategoricalAccuracy", {"k": 2}, SPARSE),
    ("sparse_top_k_default", "SparseTopKCategoricalAccuracy", {}, SPARSE),
    ("sparse_top_k_ties", "SparseTopKCategoricalAccuracy", {"k": 1}, TOPPED),
    ("mse", "MeanSquaredError", {}, REAL),
    ("rmse", "RootMeanSquaredError", {}, REAL),
    ("mae", "MeanAbsoluteError", {}, REAL),
    ("mape", "MeanAbsolutePercentageError", {}, REAL),
    ("msle", "MeanSquaredLogarithmicError", {}, POSITIVE),
    ("cosine", "CosineSimilarity", {}, REAL),
    ("log_cosh", "LogCoshError", {}, REAL),
    ("poisson", "Poisson", {}, POSITIVE),
    ("kl", "KLDivergence", {}, ONE_HOT),
    ("hinge", "Hinge", {}, SIGNS),
    ("squared_hinge", "SquaredHinge", {}, SIGNS),
    ("categorical_hinge", "CategoricalHinge", {}, ONE_HOT),
    ("bce", "BinaryCrossentropy", {}, BITS),
    ("bce_logits", "BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, LOGITS),
    ("cce", "CategoricalCrossentropy", {}, ONE_HOT),
    ("cce_logits", "CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ONE_HOT),
    ("scce", "SparseCategoricalCrossentropy", {}, SPARSE),
    ("scce_logits", "SparseCategoricalCrossentropy", {"from_logits": True}, SPARSE),
    ("scce_sequence", "SparseCategoricalCrossentropy", {}, SEQUENCE),
    ("r2", "R2Score", {}, REAL),
    ("r2_variance", "R2Score", {"class_aggregation": "variance_weighted_average"}, REAL),
    ("r2_none", "R2Score", {"class_aggregation": None}, REAL),
    ("r2_regressors", "R2Score", {"num_regressors": 2}, REAL),
    ("r2_one_row", "R2Score", {}, REAL[1:2]),
    ("iou", "IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, LABELS),
    ("mean_iou", "MeanIoU", {"num_classes": 3}, LABELS),
    ("binary_iou", "BinaryIoU", {}, BITS),
    ("pearson", "PearsonCorrelation", {}, REAL),
    ("concordance", "ConcordanceCorrelation", {}, REAL),
]
for _class in ("Precision", "Recall"):
    METRICS += [
        (_class.lower(), _class, {}, COLUMN),
        (f"{_class.lower()}_many", _class, {}, BITS),
        (f"{_class.lower()}_threshold", _class, {"thresholds": 0.3}, BITS),
        (f"{_class.lower()}_thresholds", _class, {"thresholds": [0.1, 0.5, 0.9]}, BITS),
        (f"{_class.lower()}_top_k", _class, {"top_k": 2}, ONE_HOT),
        (f"{_class.lower()}_class_id", _class, {"class_id": 1}, BITS),
        (f"{_class.lower()}_top_k_class_id", _class, {"top_k": 2, "class_id": 1}, ONE_HOT),
        (f"{_class.lower()}_halves", _class, {}, HALVES),
        (f"{_class.lower()}_never", _class, {"thresholds": 1.0}, COLUMN),
    ]
for _class in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"):
    METRICS += [
        (_class.lower(), _class, {}, BITS),
        (f"{_class.lower()}_thresholds", _class, {"thresholds": [0.2, 0.7]}, BITS),
    ]
for _average in ("micro", "macro", "weighted", None):
    METRICS += [
        (f"f1_{_average}".lower(), "F1Score", {"average": _average}, ONE_HOT),
        (f"f1_threshold_{_average}".lower(), "F1Score", {"average": _average, "threshold": 0.5}, BITS),
        (f"fbeta_{_average}".lower(), "FBetaScore", {"average": _average, "beta": 2.0, "threshold": 0.4}, BITS),
    ]
for _curve in ("ROC", "PR"):
    METRICS.append((f"auc_{_curve}_one_class".lower(), "AUC", {"curve": _curve}, ONE_CLASS))
    for _way in ("interpolation", "minoring", "majoring"):
        _config = {"curve": _curve, "summation_method": _way}
        METRICS += [
            (f"auc_{_curve}_{_way}".lower(), "AUC", _config, COLUMN),
            (f"auc_{_curve}_{_way}_few".lower(), "AUC", {**_config, "num_thresholds": 5}, COLUMN),
        ]
METRICS += [
    ("auc_multi_label", "AUC", {"multi_label": True, "num_labels": 3}, BITS),
    ("auc_many", "AUC", {}, BITS),
    ("auc_thresholds", "AUC", {"thresholds": [0.0, 0.3, 0.6, 1.0]}, COLUMN),
    ("auc_logits", "AUC", {"from_logits": True}, LOGITS),
    ("precision_at_recall", "PrecisionAtRecall", {"recall": 0.6}, COLUMN),
    ("recall_at_precision", "RecallAtPrecision", {"precision": 0.6}, COLUMN),
    ("sensitivity_at_specificity", "SensitivityAtSpecificity", {"specificity": 0.5}, COLUMN),
    ("specificity_at_sensitivity", "SpecificityAtSensitivity", {"sensitivity": 0.5}, COLUMN),
]
UNWEIGHTED = (
    "R2Score",
    "F1Score",
    "FBetaScore",
    "PearsonCorrelation",
    "ConcordanceCorrelation",
    "BinaryIoU",
    "IoU",
    "MeanIoU",
)


def one(case_id: str, class_name: str, config: dict[str, Any], updates: list[dict[str, Any]]) -> None:
    """Record one metric; the list of results begins with that of the first update."""
    keras.utils.clear_session()  # or the names get numbers
    metric = build({"class": class_name, "config": config}, keras.metrics)
    results = []
    for update in updates:
        metric.update_state(**update)
        results.append(np.asarray(metric.result(), np.float32))
    case = {"class": class_name, "config": config, "updates": updates, "results": results, "name": metric.name}
    record.add({"id": case_id, **record.names(case_id, case)})


if __name__ == "__main__":
    for name, class_name, config, batches in METRICS:
        one(name, class_name, config, [{"y_true": true, "y_pred": pred} for true, pred in batches])
        if class_name not in UNWEIGHTED and name not in ("sparse_categorical_accuracy_sequence", "scce_sequence"):
            weighted = []
            for true, pred in batches:
                weight = np.round(rng_for(name).uniform(0, 2, len(true)), 2).astype(F)
                weight[1:2] = 0
                weighted.append({"y_true": true, "y_pred": pred, "sample_weight": weight})
            one(f"{name}_weighted", class_name, config, weighted)
    for name in ("Mean", "Sum"):
        values = [F([1, 2, 3]), F([[4, -5], [6, 0.5]]), F(7)]
        one(name.lower(), name, {}, [{"values": value} for value in values])
        weights = [F([0, 1, 2]), F([[1, 0], [0.5, 1]]), F(3)]
        pairs = zip(values, weights, strict=True)
        one(f"{name.lower()}_weighted", name, {}, [{"values": v, "sample_weight": w} for v, w in pairs])
        one(f"{name.lower()}_row_weights", name, {}, [{"values": values[1], "sample_weight": F([1, 0.5])}])
        one(f"{name.lower()}_zero_weights", name, {}, [{"values": values[0], "sample_weight": F([0, 0, 0])}])
    one(
        "f1_weighted_sample",
        "F1Score",
        {"threshold": 0.5},
        [{"y_true": true, "y_pred": pred, "sample_weight": F(range(len(true)))} for true, pred in BITS],
    )
    one(
        "r2_weighted_sample",
        "R2Score",
        {},
        [{"y_true": true, "y_pred": pred, "sample_weight": F(range(1, len(true) + 1))} for true, pred in REAL],
    )
    record.save()
