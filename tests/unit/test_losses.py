"""Losses beyond the recorded values: masks, weights, shapes, dtypes, extreme numbers, derivatives, names."""

import numpy as np
import pytest

import lamina
from lamina import losses
from lamina.errors import ArgumentError, DataError, ShapeError
from lamina.trace import Trace, concrete, trace
from lamina.types import type_of

rng = np.random.default_rng(3)
NUMBERS = (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
BITS = (rng.integers(0, 2, (4, 3)).astype("float64"), rng.uniform(0.1, 0.9, (4, 3)))
ONE_HOT = (np.eye(3)[[0, 2, 1, 1]], rng.dirichlet(np.ones(3), 4))
CLASSES = (np.array([0, 2, 1, 1]), ONE_HOT[1])
POSITIVE = (rng.uniform(0.2, 2, (4, 3)), rng.uniform(0.2, 2, (4, 3)))
LOSSES = [
    ("MeanSquaredError", {}, NUMBERS),
    ("HalfSquaredError", {}, NUMBERS),
    ("MeanAbsoluteError", {}, NUMBERS),
    ("MeanAbsolutePercentageError", {}, POSITIVE),
    ("MeanSquaredLogarithmicError", {}, POSITIVE),
    ("Huber", {"delta": 0.7}, NUMBERS),
    ("LogCosh", {}, NUMBERS),
    ("CosineSimilarity", {}, NUMBERS),
    ("BinaryCrossentropy", {}, BITS),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, BITS),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True}, BITS),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT),
    ("SparseCategoricalCrossentropy", {}, CLASSES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, CLASSES),
    ("CategoricalGeneralizedCrossEntropy", {}, CLASSES),
    ("KLDivergence", {}, ONE_HOT),
    ("Poisson", {}, POSITIVE),
    ("Hinge", {}, NUMBERS),
    ("SquaredHinge", {}, BITS),
    ("CategoricalHinge", {}, ONE_HOT),
    ("Dice", {}, BITS),
    ("Tversky", {"alpha": 0.3, "beta": 0.7}, BITS),
]
IDS = [f"{name}-{'-'.join(config)}" for name, config, _ in LOSSES]


@pytest.mark.parametrize(("name", "config", "pair"), LOSSES, ids=IDS)
class TestEveryLoss:
    def test_a_program_gives_what_eager_gives(self, name, config, pair):
        loss = getattr(losses, name)(**config)
        arrays = [a.astype("float32") if a.dtype.kind == "f" else a.astype("int32") for a in pair]
        program = trace(loss, [type_of(a) for a in arrays])
        np.testing.assert_allclose(program(*arrays, backend="reference"), loss(*arrays), rtol=2e-6)

    def test_the_derivative_agrees_with_differences(self, name, config, pair):
        loss, (y_true, y_pred) = getattr(losses, name)(**config), pair
        got = lamina.grad(lambda p: loss(y_true, p), backend="reference")(y_pred)
        step = 1e-6
        for place in np.ndindex(y_pred.shape):
            nudge = np.zeros(y_pred.shape)
            nudge[place] = step
            want = (loss(y_true, y_pred + nudge) - loss(y_true, y_pred - nudge)) / (2 * step)
            assert got[place] == pytest.approx(float(want), rel=1e-5, abs=1e-7)

    def test_floats_keep_their_precision(self, name, config, pair):
        loss = getattr(losses, name)(**config)
        assert str(np.asarray(loss(*pair)).dtype) == "float64"
        assert str(np.asarray(loss(pair[0], pair[1].astype("float32"))).dtype) == "float32"
        assert str(np.asarray(getattr(losses, name)(**config, dtype="float32")(*pair)).dtype) == "float32"

    def test_round_trip(self, name, config, pair):
        loss = getattr(losses, name)(**config, reduction="sum", name="own")
        again = losses.deserialize(losses.serialize(loss))
        assert type(again) is type(loss)
        assert losses.serialize(again) == losses.serialize(loss)
        assert again(*pair) == loss(*pair)


@pytest.mark.parametrize(("name", "config", "pair"), [case for case in LOSSES if case[0] not in ("Dice", "Tversky")])
def test_a_weight_of_two_counts_twice(name, config, pair):
    """Dice and Tversky take all samples as one, so their weights mean another thing."""
    loss = getattr(losses, name)(**{**config, "reduction": "sum"})
    weight = np.array([2.0, 0.0, 1.0, 0.0])
    rows = [0, 0, 2]
    assert loss(*pair, sample_weight=weight) == pytest.approx(float(loss(pair[0][rows], pair[1][rows])), rel=1e-6)


# ---- shapes


def test_a_vector_beside_a_column_is_aligned():
    a, b = np.array([1.0, 2.0]), np.array([[1.0], [4.0]])
    assert losses.MeanSquaredError()(a, b) == losses.MeanSquaredError()(b, a) == 2.0
    assert losses.mean_squared_error(a, b).shape == (2,)


@pytest.mark.parametrize(
    "function",
    [
        losses.mean_squared_error,
        losses.binary_crossentropy,
        losses.hinge,
        losses.poisson,
        losses.kl_divergence,
        losses.categorical_crossentropy,
    ],
)
@pytest.mark.parametrize(("a", "b"), [((4,), (4, 4)), ((4, 1), (4, 3)), ((3,), (4, 3)), ((4, 2), (4, 3))])
def test_what_would_be_repeated_is_refused(function, a, b):
    with pytest.raises(ShapeError, match="would be repeated") as caught:
        function(np.zeros(a, "float32"), np.zeros(b, "float32"))
    assert str(list(a)) in str(caught.value)
    assert str(list(b)) in str(caught.value)
    assert "fix:" in str(caught.value)


def test_one_hot_labels_for_the_sparse_loss_are_refused():
    with pytest.raises(ShapeError, match="one-hot labels go with categorical_crossentropy"):
        losses.sparse_categorical_crossentropy(np.eye(3, dtype="int32"), np.eye(3, dtype="float32"))
    with pytest.raises(ShapeError, match="one label for each sample"):
        losses.sparse_categorical_crossentropy([1, 2], np.eye(3, dtype="float32"))


@pytest.mark.parametrize("function", [losses.categorical_crossentropy, losses.sparse_categorical_crossentropy])
def test_one_class_is_refused(function):
    with pytest.raises(ShapeError, match="nothing is learnt"):
        function(np.zeros((3, 1), "int32"), np.zeros((3, 1), "float32"))


def test_the_mean_over_nothing_is_zero():
    assert losses.MeanSquaredError()(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)
    assert float(losses.MeanSquaredError()(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)))) == 0.0


# ---- weights and masks


def test_weights_of_samples_cover_their_steps():
    y = rng.normal(size=(3, 3, 2))  # as many steps as samples: Keras would weigh the steps
    per_sample = losses.MeanSquaredError()(y, 2 * y, sample_weight=np.array([1.0, 0.0, 0.0]))
    assert per_sample == pytest.approx(np.square(y[0]).sum() / 2 / 9)


def test_weights_of_plain_numbers():
    loss = losses.MeanSquaredError(reduction="sum")
    assert loss([1.0, 2.0], [2.0, 4.0], sample_weight=[1.0, 0.5]) == 3.0


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="sample_weight does not fit"):
        losses.MeanSquaredError()(np.zeros((4, 2)), np.zeros((4, 2)), sample_weight=np.ones(3))


@pytest.mark.parametrize(
    ("reduction", "want"), [("sum_over_batch_size", 2.5), ("mean", 2.5), ("sum", 5.0), ("mean_with_sample_weight", 2.5)]
)
def test_masked_steps_do_not_count(reduction, want):
    mask = np.array([[True, False], [True, False]])
    y_true, y_pred = np.zeros((2, 2, 1), "float32"), np.array([[[1.0], [9.0]], [[2.0], [9.0]]], "float32")
    with Trace(concrete=True) as made:
        nodes = [concrete(a) for a in (y_true, y_pred, mask)]
        made.masks[nodes[1]] = nodes[2]
        loss = losses.MeanSquaredError(reduction=reduction)
        assert float(loss(*nodes[:2])) == want
        weighted = loss(*nodes[:2], sample_weight=np.array([1.0, 0.0], "float32"))
    assert float(weighted) == {"sum": 1.0, "mean_with_sample_weight": 1.0}.get(reduction, 0.5)


def test_ignored_labels_count_as_masked():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    logits = rng.normal(size=(3, 4)).astype("float32")
    kept = losses.SparseCategoricalCrossentropy(from_logits=True)([1, 2], logits[:2])
    assert loss([1, 2, -1], logits) == pytest.approx(float(kept), rel=1e-6)
    logits[2] = np.nan
    gradient = lamina.grad(lambda x: loss(np.array([1, 2, -1]), x), backend="reference")(logits)
    assert np.isfinite(gradient).all()
    assert (gradient[2] == 0).all()


# ---- extreme numbers


def test_logits_far_from_zero():
    logits = np.array([[60.0], [-60.0], [60.0], [-60.0]], "float32")
    labels = np.array([[1.0], [0.0], [0.0], [1.0]], "float32")
    np.testing.assert_allclose(losses.binary_crossentropy(labels, logits, from_logits=True), [0, 0, 60, 60], atol=1e-6)
    rows = np.array([[60.0, -60.0], [1e30, -1e30]], "float32")
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy([1, 0], rows, from_logits=True), [120, 0])
    one_hot = [[0.0, 1.0], [1.0, 0.0]]
    np.testing.assert_allclose(losses.categorical_crossentropy(one_hot, rows, from_logits=True), [120, 0])


def test_a_class_ruled_out_by_its_logit():
    logits = np.array([[0.0, 0.0, -np.inf]], "float32")
    assert losses.sparse_categorical_crossentropy([0], logits, from_logits=True) == pytest.approx(np.log(2), rel=1e-6)


def test_probabilities_of_zero_and_one():
    worst = -np.log(np.float32(1e-7))
    p = np.array([[0.0], [1.0], [0.0], [1.0]], "float32")
    got = losses.binary_crossentropy(np.array([[0.0], [1.0], [1.0], [0.0]]), p)
    np.testing.assert_allclose(got, [0, 0, worst, -np.log(1.0 - np.float32(1.0 - 1e-7))], rtol=1e-5, atol=2e-7)
    assert losses.sparse_categorical_crossentropy([1], [[1.0, 0.0]]) == pytest.approx(worst, rel=1e-5)


def test_log_cosh_of_large_errors():
    np.testing.assert_allclose(losses.log_cosh([[0.0], [0.0]], [[1e4], [-1e4]]), 1e4 - np.log(2), rtol=1e-6)


# ---- the texts' delta


def test_half_squared_error_has_the_difference_as_its_derivative():
    y_true, y_pred = (a.astype("float32") for a in NUMBERS)
    delta = lamina.grad(lambda y: losses.HalfSquaredError()(y_true, y), backend="reference")(y_pred)
    np.testing.assert_allclose(delta, y_pred - y_true, rtol=1e-6)


# ---- one's own, names, choice by shape


def test_a_loss_of_ones_own():
    class Worst(losses.Loss):
        def call(self, y_true, y_pred):
            return lamina.ops.max(lamina.ops.abs(y_true - y_pred), axis=-1)

    loss = Worst()
    assert loss.name == "worst"
    assert loss(np.zeros((2, 2)), [[1.0, 3.0], [0.0, 1.0]]) == 2.0
    assert losses.deserialize(losses.serialize(loss), {"Worst": Worst}).name == "worst"
    with pytest.raises(ArgumentError, match="unknown loss 'Worst'"):
        losses.deserialize(losses.serialize(loss))


def test_a_function_of_ones_own():
    def cubic(y_true, y_pred):
        return lamina.ops.mean(lamina.ops.abs(y_true - y_pred) ** 3.0, axis=-1)

    loss = losses.for_output(cubic, np.zeros((2, 1)), np.zeros((2, 1)))
    assert loss.name == "cubic"
    assert loss(np.zeros((2, 1)), [[1.0], [2.0]]) == 4.5
    assert losses.deserialize(losses.serialize(loss), {"cubic": cubic}).fn is cubic
    again = losses.deserialize(losses.serialize(losses.for_output("mse", None, None)))
    assert (again.name, again.fn) == ("mse", losses.mean_squared_error)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [("mse", "mse"), (losses.Huber, "huber_loss"), ("kld", "kld"), ("MeanSquaredError", "mean_squared_error")],
)
def test_for_output(identifier, name):
    loss = losses.for_output(identifier, np.zeros((2, 3)), np.zeros((2, 3)))
    assert isinstance(loss, losses.Loss)
    assert loss.name == name
    assert losses.for_output(None, None, None) is None


@pytest.mark.parametrize(
    ("true", "pred", "kind"),
    [
        ((8, 1), (8, 1), "binary"),
        ((8,), (8, 1), "binary"),
        ((8,), (8, 3), "sparse"),
        ((8, 1), (8, 3), "sparse"),
        ((8, 3), (8, 3), "categorical"),
        ((8, 5), (8, 5, 3), "sparse"),
    ],
)
def test_the_kind_of_labels(true, pred, kind):
    assert losses.kind_of_labels(np.zeros(true), np.zeros(pred)) == kind


def test_unknown_names():
    with pytest.raises(ArgumentError, match="did you mean 'mean_squared_error'"):
        losses.get("mean_square_error")
    with pytest.raises(ArgumentError, match="cannot reduce"):
        losses.MeanSquaredError(reduction="average")
    with pytest.raises(ArgumentError, match="label_smoothing is out of range"):
        losses.CategoricalCrossentropy(label_smoothing=1.5)


# ---- labels


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 9, 10], ("label 10 is out of range", "y[2] = 10, in row 2", "0..9", "11 units")),
        ([1, 10, 3], ("these labels start at 1", "y - 1")),
        ([0, -1], ("label -1", "row 1", "count classes from 0")),
        ([0.0, 0.5], ("label 0.5 is no class number", "regression")),
        ([0.0, np.nan], ("a label is NaN", "row 1")),
        ([[0, 1], [2, 12]], ("y[1, 1] = 12, in row 1",)),
    ],
)
def test_labels_out_of_range(labels, words):
    with pytest.raises(DataError) as caught:
        losses.check_labels(np.array(labels), 10)
    for word in words:
        assert word in str(caught.value)


def test_labels_within_range():
    losses.check_labels(np.array([0, 9]), 10)
    losses.check_labels(np.array([0.0, 9.0]), 10)
    losses.check_labels(np.array([0, 255]), 10, ignore_class=255)
    losses.check_labels(np.zeros((0,)), 10)
