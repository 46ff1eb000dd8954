"""Layers that prepare raw numbers."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, DataError, ShapeError


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2)])
def test_adapted_data_have_mean_zero_and_deviation_one(axis):
    x = 5 + 3 * np.random.default_rng(0).normal(size=(500, 3, 4)).astype("float32")
    layer = layers.Normalization(axis=axis)
    layer.adapt(x)
    y = layer(x)
    kept = {-1: (0, 1), None: (0, 1, 2), 1: (0, 2), (1, 2): (0,)}[axis]
    np.testing.assert_allclose(y.mean(kept), 0, atol=1e-4)
    np.testing.assert_allclose(y.std(kept), 1, atol=1e-4)
    inverse = layers.Normalization(axis=axis, invert=True)
    inverse.adapt(x)
    np.testing.assert_allclose(inverse(y), x, rtol=1e-4, atol=1e-4)


def test_batches_count_as_one_array():
    x = np.random.default_rng(0).normal(size=(10, 3)).astype("float32")
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(x)
    parts.adapt(iter([x[:3], x[3:4], x[4:]]))
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_what_was_measured_is_state_and_what_was_given_is_structure():
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    again = layers.deserialize(layers.serialize(layer))
    np.testing.assert_allclose(again(np.array([[3.0, 5.0]], "float32")), [[1, 1]])
    assert again.weights == []
    with pytest.raises(ArgumentError, match="nothing to adapt"):
        layer.adapt(np.ones((2, 2)))
    measured = layers.Normalization()
    measured.adapt(np.ones((2, 2)))
    assert [w.name for w in measured.weights] == ["mean", "variance", "count"]
    assert measured.trainable_weights == []


def test_refusals():
    with pytest.raises(ArgumentError, match="together"):
        layers.Normalization(mean=1.0)
    with pytest.raises(DataError, match="no data"):
        layers.Normalization().adapt(np.ones((0, 2)))
    with pytest.raises(ArgumentError, match="unknown output_mode 'onehot'"):
        layers.CategoryEncoding(3, output_mode="onehot")
    with pytest.raises(ArgumentError, match="num_tokens"):
        layers.CategoryEncoding()
    with pytest.raises(ShapeError, match="one row of numbers"):
        layers.CategoryEncoding(3)(np.zeros((1, 2, 3), "int32"))


def test_counts_may_be_weighted():
    layer = layers.CategoryEncoding(3, output_mode="count")
    np.testing.assert_allclose(layer(np.array([[0, 2, 2]]), count_weights=np.array([[0.5, 1.0, 2.0]])), [[0.5, 0, 3]])


def test_rescaling_takes_pixels_in_a_model():
    model = lamina.Sequential([lamina.Input((2, 2, 1), dtype="uint8"), layers.Rescaling(1 / 127.5, offset=-1)])
    np.testing.assert_allclose(model(np.full((1, 2, 2, 1), 255, "uint8")), np.ones((1, 2, 2, 1)))
    assert model.outputs[0].dtype == "float32"
