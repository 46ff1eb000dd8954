"""Metrics beyond the recorded results: masks, weights, choice by shape, state, names, errors."""

import numpy as np
import pytest

import lamina
from lamina import losses, metrics
from lamina.errors import ArgumentError, ShapeError
from lamina.trace import Trace, concrete, trace
from lamina.types import Type

rng = np.random.default_rng(5)


# ---- the choice of "accuracy"


@pytest.mark.parametrize(
    ("true", "pred", "kind"),
    [
        ((8, 1), (8, 1), metrics.BinaryAccuracy),
        ((8,), (8, 1), metrics.BinaryAccuracy),
        ((8,), (8, 3), metrics.SparseCategoricalAccuracy),
        ((8, 1), (8, 3), metrics.SparseCategoricalAccuracy),
        ((8, 3), (8, 3), metrics.CategoricalAccuracy),
        ((8, 5), (8, 5, 3), metrics.SparseCategoricalAccuracy),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_is_chosen_by_the_shapes(true, pred, kind, name):
    metric = metrics.for_output(name, np.zeros(true), np.zeros(pred))
    assert type(metric) is kind
    assert metric.name == name


def test_for_output_takes_what_compile_takes():
    y = np.zeros((8, 3))
    assert type(metrics.for_output("ce", y, y)) is metrics.CategoricalCrossentropy
    assert metrics.for_output("mse", y, y).name == "mse"
    assert metrics.for_output("huber", y, y).name == "huber"
    assert metrics.for_output(metrics.Precision, y, y).name == "precision"
    assert metrics.for_output(losses.mean_absolute_error, y, y).name == "mean_absolute_error"
    own = metrics.AUC(name="own")
    assert metrics.for_output(own, y, y) is own
    loss = metrics.for_output(losses.Huber(), y, y)
    loss.update_state(y, y + 1.0)
    assert loss.result() == 0.5


@pytest.mark.parametrize("name", [n for n, c in metrics.registry.known.items() if n == c.__name__])
def test_every_class_goes_by_its_name_in_snake_case(name):
    snake = lamina.registry.snake_case(name)
    assert metrics.registry.known[snake] is metrics.registry.known[name] is getattr(metrics, name)


def test_unknown_names():
    with pytest.raises(ArgumentError, match="did you mean 'accuracy'"):
        metrics.get("acuracy")


# ---- state


def test_a_mean_is_over_samples_not_batches():
    metric = metrics.MeanAbsoluteError()
    metric.update_state(np.zeros((3, 1)), np.ones((3, 1)))
    metric.update_state(np.zeros((1, 1)), np.full((1, 1), 5.0))
    assert metric.result() == 2.0
    metric.reset_state()
    assert metric.result() == 0.0
    assert [v.path for v in metric.variables] == [f"metrics/mean_absolute_error/{part}" for part in ("total", "count")]


def test_a_program_keeps_the_state():
    metric = metrics.SparseCategoricalAccuracy()

    def step(y, p):
        metric.update_state(y, p)
        return metric.result()

    program = trace(step, [Type("int32", (2,)), Type("float32", (2, 3))])
    scores = np.eye(3, dtype="float32")[:2]
    assert program(np.array([0, 1], "int32"), scores, backend="reference") == 1.0
    assert program(np.array([0, 0], "int32"), scores, backend="reference") == 0.75
    assert metric.result() == 0.75
    metric.reset_state()
    assert program(np.array([2, 2], "int32"), scores, backend="reference") == 0.0


def test_metrics_in_metrics():
    class Both(metrics.Metric):
        def __init__(self, **options):
            super().__init__(**options)
            self.parts = [metrics.Mean(), metrics.Sum()]
            self.calls = self.add_weight(initializer="ones", name="calls")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.calls.assign_add(1.0)
            for part in self.parts:
                part.update_state(y_pred)

        def result(self):
            return self.parts[0].result() + self.parts[1].result() + self.calls.value

    metric = Both(name="both")
    assert len(metric.variables) == 4
    assert metric([0.0], [1.0, 3.0]) == 2.0 + 4.0 + 2.0
    metric.reset_state()
    assert metric.result() == 1.0
    assert metrics.deserialize(metrics.serialize(metric), {"Both": Both}).name == "both"


def test_what_is_missing_is_said():
    with pytest.raises(NotImplementedError, match="implement update_state"):
        metrics.Metric().update_state(1, 2)
    with pytest.raises(NotImplementedError, match="implement result"):
        metrics.Metric().result()


def test_a_wrapped_function_comes_back():
    metric = metrics.MeanMetricWrapper(metrics.top_k_categorical_accuracy, name="top2", k=2)
    again = metrics.deserialize(metrics.serialize(metric))
    assert (again.name, again.fn, again.arguments) == ("top2", metrics.top_k_categorical_accuracy, {"k": 2})
    of_loss = metrics.MeanMetricWrapper(losses.Huber(delta=2.0), name="h")
    assert metrics.deserialize(metrics.serialize(of_loss)).fn.arguments == {"delta": 2.0}


# ---- weights and masks

MASKABLE = [
    metrics.MeanSquaredError(),
    metrics.RootMeanSquaredError(),
    metrics.BinaryAccuracy(),
    metrics.Precision(),
    metrics.Recall(),
    metrics.AUC(),
    metrics.TruePositives(),
    metrics.SparseCategoricalAccuracy(),
]


@pytest.mark.parametrize("metric", MASKABLE, ids=lambda m: m.name)
@pytest.mark.parametrize("weighted", [False, True])
def test_masked_steps_do_not_count(metric, weighted):
    metric.reset_state()
    sparse = isinstance(metric, metrics.SparseCategoricalAccuracy)
    y_true = rng.integers(0, 2, (6, 4)).astype("int32" if sparse else "float32")
    y_pred = rng.uniform(size=(6, 4, 2) if sparse else (6, 4)).astype("float32")
    mask = rng.integers(0, 2, (6, 4)).astype(bool)
    mask[:, 0] = True
    weight = rng.uniform(size=(6, 4)).astype("float32") if weighted else None
    elementwise = sparse or isinstance(metric, metrics.confusion.Counts)
    if not elementwise:
        y_true, y_pred = y_true[..., None], y_pred[..., None]
    with Trace(concrete=True) as made:
        nodes = [concrete(a) for a in (y_true, y_pred, mask)]
        made.masks[nodes[1]] = nodes[2]
        metric.update_state(*nodes[:2], sample_weight=weight)
        got = float(metric.result())
    made.store()
    metric.reset_state()
    metric.update_state(y_true[mask], y_pred[mask], sample_weight=None if weight is None else weight[mask])
    assert got == pytest.approx(float(metric.result()), rel=1e-5)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="sample_weight does not fit"):
        metrics.MeanSquaredError()(np.zeros((4, 2)), np.zeros((4, 2)), sample_weight=np.ones(3))


def test_scalar_weights_weigh_whole_batches():
    metric = metrics.Mean()
    metric.update_state(1.0, sample_weight=3.0)
    metric.update_state([4.0, 6.0], sample_weight=1.0)
    assert metric.result() == 2.0


# ---- shapes


@pytest.mark.parametrize(
    "metric",
    [
        metrics.MeanSquaredError(),
        metrics.BinaryAccuracy(),
        metrics.Accuracy(),
        metrics.Precision(),
        metrics.AUC(),
        metrics.R2Score(),
        metrics.F1Score(),
        metrics.CategoricalAccuracy(),
        metrics.RootMeanSquaredError(),
    ],
    ids=lambda m: m.name,
)
def test_what_would_be_repeated_is_refused(metric):
    with pytest.raises(ShapeError, match="would be repeated"):
        metric(np.zeros(4), np.zeros((4, 4)))


@pytest.mark.parametrize(
    "metric",
    [metrics.BinaryAccuracy(), metrics.Precision(), metrics.AUC(), metrics.MeanSquaredError()],
    ids=lambda m: m.name,
)
def test_a_vector_beside_a_column_is_aligned(metric):
    y, p = np.array([0.0, 1.0, 1.0]), np.array([[0.1], [0.2], [0.9]])
    first = metric(y, p)
    metric.reset_state()
    assert metric(y[:, None], p) == first


def test_tables_are_asked_for():
    with pytest.raises(ShapeError, match="R2Score takes tables"):
        metrics.R2Score()(np.zeros(3), np.zeros(3))
    with pytest.raises(ShapeError, match="F1Score takes tables"):
        metrics.F1Score()(np.zeros(3), np.zeros(3))
    with pytest.raises(ShapeError, match="class 3, which is not there"):
        metrics.Precision(class_id=3)(np.zeros((2, 3)), np.zeros((2, 3)))


# ---- arguments


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: metrics.Precision(thresholds=1.5), "a threshold is out of range"),
        (lambda: metrics.Recall(top_k=0), "top_k"),
        (lambda: metrics.AUC(curve="area"), "no such curve"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: metrics.AUC(num_labels=3), "multi_label"),
        (lambda: metrics.FBetaScore(beta=0.0), "beta"),
        (lambda: metrics.F1Score(average="mean"), "unknown average"),
        (lambda: metrics.R2Score("mean"), "class_aggregation"),
        (lambda: metrics.F1Score(threshold=0.0), "threshold"),
        (lambda: metrics.PrecisionAtRecall(1.2), "recall is out of range"),
        (lambda: metrics.ConfusionMatrix(1), "num_classes"),
        (lambda: metrics.IoU(2, [2]), "target class"),
        (lambda: metrics.TopKCategoricalAccuracy(k=0)(np.eye(3), np.eye(3)), "k is out of range"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


# ---- what they mean


def test_auc_is_the_share_of_pairs_in_order():
    y = rng.integers(0, 2, 300)
    p = np.round(np.clip(rng.normal(y * 0.3 + 0.4, 0.2), 0, 1), 2)
    above = (p[y == 1][:, None] > p[y == 0]).mean() + (p[y == 1][:, None] == p[y == 0]).mean() / 2
    assert metrics.AUC(num_thresholds=1000)(y, p) == pytest.approx(above, abs=1e-3)


def test_a_constant_truth_has_no_spread_to_explain():
    assert metrics.R2Score()(np.ones((3, 1)), np.zeros((3, 1))) == 0.0


def test_top_k_takes_the_first_of_equal_ones():
    y = np.array([[0, 1, 0], [1, 0, 0]], "float32")
    p = np.full((2, 3), 0.5, "float32")
    assert metrics.Recall(top_k=1)(y, p) == 0.5


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_confusion_matrix(dtype):
    y, p = rng.integers(0, 4, 50), rng.uniform(size=(50, 4)).astype("float32")
    want = np.zeros((4, 4), dtype)
    np.add.at(want, (y, p.argmax(1)), 1)
    metric = metrics.ConfusionMatrix(4, dtype=dtype)
    for rows in (slice(0, 20), slice(20, 50)):
        metric.update_state(y[rows], p[rows])
    np.testing.assert_array_equal(metric.result(), want)
    assert metric.result().dtype == dtype
    for other in ((np.eye(4)[y], p), (y[:, None], p), (y, p.argmax(1))):
        np.testing.assert_array_equal(metrics.ConfusionMatrix(4, dtype=dtype)(*other), want)


def test_confusion_matrix_of_one_column():
    got = metrics.ConfusionMatrix(2)(np.array([[0], [1], [1], [0]]), np.array([[0.2], [0.9], [0.4], [0.6]], "float32"))
    np.testing.assert_array_equal(got, [[1, 1], [1, 1]])


def test_confusion_matrix_weighs():
    got = metrics.ConfusionMatrix(2, dtype="float32")([0, 1, 1], [0, 1, 0], sample_weight=[0.5, 2.0, 0.25])
    np.testing.assert_array_equal(got, [[0.5, 0.0], [0.25, 2.0]])


def test_directions():
    up = ("Accuracy", "AUC", "Precision", "Recall", "F1Score", "R2Score", "MeanIoU", "CosineSimilarity")
    assert {n: getattr(metrics, n).direction for n in up} == dict.fromkeys(up, "up")
    down = ("MeanSquaredError", "RootMeanSquaredError", "LogCoshError", "BinaryCrossentropy", "Hinge", "KLDivergence")
    assert {n: getattr(metrics, n).direction for n in down} == dict.fromkeys(down, "down")
    assert metrics.Mean.direction is None
