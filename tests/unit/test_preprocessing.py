"""Preprocessing layers: what adapt finds, configurations, refusals; values of calls stand in tests/parity."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, DataError, ShapeError

X = np.random.default_rng(0).normal(3, 2, size=(50, 4, 3)).astype("float32")


@pytest.mark.parametrize(("axis", "others"), [(-1, (0, 1)), (1, (0, 2)), ([1, 2], (0,)), (None, (0, 1, 2))])
def test_adapt_finds_mean_and_variance(axis, others):
    layer = layers.Normalization(axis=axis)
    layer.adapt(X)
    np.testing.assert_allclose(layer.mean, X.mean(axis=others), rtol=1e-5)
    np.testing.assert_allclose(layer.variance, X.var(axis=others), rtol=1e-5)
    y = layer(X)
    np.testing.assert_allclose(y.mean(axis=others), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=others), 1, rtol=1e-4)


def test_batches_give_what_the_whole_gives():
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(X)
    parts.adapt(X[i: i + 7] for i in range(0, 50, 7))
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_invert_brings_back():
    layer, back = layers.Normalization(), layers.Normalization(invert=True)
    layer.adapt(X)
    back.adapt(X)
    np.testing.assert_allclose(back(layer(X)), X, rtol=1e-5, atol=1e-6)


def test_statistics_are_state_that_is_not_trained():
    layer = layers.Normalization()
    layer.adapt(X)
    assert layer.trainable_variables == []
    assert [v.path.split("/")[-1] for v in layer.weights] == ["mean", "variance", "count"]


@pytest.mark.parametrize("layer", [layers.Rescaling(0.5, 1.0), layers.Rescaling([1.0, 2.0, 3.0]),
                                   layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 0.0])],
                         ids=lambda layer: layer.name)
def test_configurations(layer):
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again(X), layer(X))


def test_symbols():
    assert layers.Rescaling(1 / 255)(lamina.Input((28, 28), dtype="uint8")).dtype == "float32"
    ids = lamina.Input((7,), dtype="int32")
    assert layers.CategoryEncoding(5, "one_hot")(ids).shape == (None, 7, 5)
    assert layers.CategoryEncoding(5)(ids).shape == (None, 5)


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.Normalization(mean=1.0), ArgumentError, "together"),
    (lambda: layers.Normalization().adapt(X[:0]), DataError, "nothing to adapt to"),
    (lambda: layers.Normalization()(lamina.Input((None,))), ShapeError, "size of axis -1"),
    (lambda: layers.CategoryEncoding(), ArgumentError, "number of categories"),
    (lambda: layers.CategoryEncoding(3, "binary"), ArgumentError, "one_hot"),
    (lambda: layers.CategoryEncoding(3)(np.array([[1]]), count_weights=np.ones((1, 1), "float32")), ArgumentError,
     "no use for count_weights"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()
