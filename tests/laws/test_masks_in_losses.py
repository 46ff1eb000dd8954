"""The law of masks for what follows the layers: losses and metrics do not count padding, wherever it stands."""

import numpy as np
import pytest
from padding import FEATURES, PLACES, REAL, RNG, SAMPLES, X, masked, padded

from lamina import losses, metrics, ops
from lamina.trace import current, value_and_grad


def labelled(truth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Labels at the real steps, and labels of other classes in the padding."""
    wide = padded(truth, mask).astype(truth.dtype)
    wide[~mask] %= FEATURES
    return wide


STEPS = RNG.integers(0, FEATURES, (SAMPLES, REAL)).astype("int32")
ONE_HOT = np.eye(FEATURES, dtype="float32")[STEPS]
NEAR = X + ONE_HOT  # cosines of one sign: a sum in which they cancel has lost the digits that are compared
LABELS = np.array([[1, 2, -1], [3, 1, 1], [2, -1, -1], [1, 3, 2]], "int32")
PER_STEP = {
    "SparseCategoricalCrossentropy": (lambda: losses.SparseCategoricalCrossentropy(from_logits=True), STEPS),
    "CategoricalCrossentropy": (lambda: losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
    "CategoricalFocalCrossentropy": (lambda: losses.CategoricalFocalCrossentropy(from_logits=True), ONE_HOT),
    "BinaryCrossentropy": (lambda: losses.BinaryCrossentropy(from_logits=True), ONE_HOT),
    "MeanSquaredError": (losses.MeanSquaredError, ONE_HOT),
    "MeanAbsoluteError": (losses.MeanAbsoluteError, ONE_HOT),
    "Huber": (losses.Huber, ONE_HOT),
    "LogCosh": (losses.LogCosh, ONE_HOT),
    "CosineSimilarity": (losses.CosineSimilarity, NEAR),
    "Hinge": (losses.Hinge, 2 * ONE_HOT - 1),
    "sum": (lambda: losses.MeanSquaredError(reduction="sum"), ONE_HOT),
    "mean_with_sample_weight": (lambda: losses.MeanSquaredError(reduction="mean_with_sample_weight"), ONE_HOT),
    "CTC": (losses.CTC, LABELS),
}


def loss_of(loss, y_true, y_pred, mask):
    def f(values, real, truth):
        current().masks[values] = real
        return loss(truth, values)

    return value_and_grad(f)(y_pred, mask, y_true)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", PER_STEP)
def test_losses_do_not_count_padding(name, place):
    make, truth = PER_STEP[name]
    mask = masked(place)
    want, slope = loss_of(make(), truth, X, np.ones((SAMPLES, REAL), bool))
    wide = truth if name == "CTC" else labelled(truth, mask)
    got, found = loss_of(make(), wide, padded(X, mask), mask)
    np.testing.assert_allclose(got, want, rtol=1e-6)
    np.testing.assert_allclose(found[mask], slope.reshape(-1, FEATURES), rtol=1e-5, atol=1e-6)
    assert not found[~mask].any()
    if name != "CTC":  # no path spells a label in no step
        value, slope = loss_of(make(), wide, padded(X, mask), np.zeros_like(mask))
        assert value == 0
        assert not slope.any()


MEASURES = {
    "SparseCategoricalAccuracy": (metrics.SparseCategoricalAccuracy, STEPS),
    "SparseTopK": (lambda: metrics.SparseTopKCategoricalAccuracy(2), STEPS),
    "SparseCategoricalCrossentropy": (lambda: metrics.SparseCategoricalCrossentropy(from_logits=True), STEPS),
    "CategoricalAccuracy": (metrics.CategoricalAccuracy, ONE_HOT),
    "MeanSquaredError": (metrics.MeanSquaredError, ONE_HOT),
    "CosineSimilarity": (metrics.CosineSimilarity, NEAR),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", MEASURES)
def test_metrics_do_not_count_padding(name, place):
    make, truth = MEASURES[name]
    mask = masked(place)

    def measured(y_true, y_pred, real):
        metric = make()

        def f(values, real, truth):
            current().masks[values] = real
            metric.update_state(truth, values)
            return ops.sum(values)

        value_and_grad(f)(y_pred, real, y_true)
        return float(metric.result())

    want = measured(truth, X, np.ones((SAMPLES, REAL), bool))
    wide = labelled(truth, mask)
    assert measured(wide, padded(X, mask), mask) == pytest.approx(want, rel=1e-6)
    assert np.isfinite(measured(wide, padded(X, mask), np.zeros_like(mask)))
