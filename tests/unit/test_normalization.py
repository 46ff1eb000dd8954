"""Normalisation layers: state, freezing, masks and refusals; their values stand in tests/parity."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError
from lamina.trace import Trace, concrete, trace
from lamina.types import Type

X = np.array([[1.0, 10.0], [3.0, 14.0], [5.0, 18.0]], "float32")


def test_training_moves_the_statistics_and_inference_uses_them():
    layer = layers.BatchNormalization(momentum=0.9)
    layer(X, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * X.mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * X.var(0), rtol=1e-6)
    before = layer.get_weights()
    y = layer(X)
    np.testing.assert_allclose(y, (X - before[2]) / np.sqrt(before[3] + 1e-3), rtol=1e-5)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_called_twice_in_one_program_the_statistics_move_in_order():
    layer = layers.BatchNormalization(momentum=0.5)
    layer.build((None, 2))
    made = trace(lambda a, b: (layer(a), layer(b)), [Type("float32", (3, 2)), Type("float32", (3, 2))], training=True)
    made(X, 2 * X)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.5 * (0.5 * X.mean(0)) + 0.5 * (2 * X).mean(0), rtol=1e-6)


def test_frozen_it_infers_also_in_training():
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    layer.trainable = False
    np.testing.assert_array_equal(layer(X, training=True), layer(X, training=False))
    np.testing.assert_array_equal(layer.moving_mean.numpy(), 0)
    assert layer.trainable_variables == []
    assert len(layer.weights) == 4


def test_training_mode_is_that_of_the_program():
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    for training in (True, False):
        with Trace(training=training, concrete=True):
            y = layer(concrete(X)).value
        assert (abs(y.mean(0)).max() < 1e-5) == training


def test_masked_steps_do_not_count():
    x = np.array([[[1.0], [3.0], [100.0]]], "float32")
    layer = layers.BatchNormalization(momentum=0.0)
    layer(x, training=True, mask=np.array([[True, True, False]]))
    np.testing.assert_allclose(layer.moving_mean.numpy(), [2.0], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), [1.0], rtol=1e-5)


def test_only_gamma_and_beta_are_trained():
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    assert [v.path.split("/")[-1] for v in layer.trainable_variables] == ["gamma", "beta"]
    assert [v.path.split("/")[-1] for v in layer.non_trainable_variables] == ["moving_mean", "moving_variance"]


def test_symbols_keep_their_unknown_sizes():
    assert layers.BatchNormalization()(lamina.Input((None, 3))).shape == (None, None, 3)
    assert layers.LayerNormalization()(lamina.Input((None, 3))).shape == (None, None, 3)


def test_a_constant_feature_stays_finite():
    y = layers.LayerNormalization()(np.full((2, 3), 5.0, "float32"))
    np.testing.assert_array_equal(y, 0)


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.BatchNormalization(momentum=1.5), ArgumentError, "0 <= momentum <= 1"),
    (lambda: layers.BatchNormalization(epsilon=-1), ArgumentError, "epsilon"),
    (lambda: layers.BatchNormalization(axis=3)(X), ArgumentError, "axis 3 is out of range"),
    (lambda: layers.BatchNormalization()(lamina.Input((None,))), ShapeError, "size of axis -1"),
    (lambda: layers.BatchNormalization(gamma="ones"), ArgumentError, "unknown argument"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_another_width_is_refused_with_the_reason():
    layer = layers.BatchNormalization(name="norm")
    layer(X)
    with pytest.raises(ShapeError, match='BatchNormalization "norm" cannot take this input') as refused:
        layer(X[:, :1])
    assert "statistics of 2 features" in str(refused.value)


def test_one_group_a_channel_is_instance_normalisation():
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    y = layers.GroupNormalization(-1, epsilon=0.0)(x)
    np.testing.assert_allclose(y, (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True), rtol=1e-4, atol=1e-5)


def test_channels_that_do_not_divide_are_refused():
    with pytest.raises(ShapeError, match="4 channels do not divide into 3 groups"):
        layers.GroupNormalization(3)(np.ones((2, 4), "float32"))
    with pytest.raises(ArgumentError, match="groups is how many"):
        layers.GroupNormalization(0)


def test_spectral_normalisation_brings_the_largest_singular_value_to_one():
    layer = layers.SpectralNormalization(layers.Dense(4, use_bias=False, kernel_initializer="he_normal"), 30)
    layer(np.eye(5, dtype="float32"))
    before = layer.layer.get_weights()[0]
    layer(np.eye(5, dtype="float32"), training=False)
    np.testing.assert_array_equal(layer.layer.get_weights()[0], before)
    layer(np.eye(5, dtype="float32"), training=True)
    np.testing.assert_allclose(layer.layer.get_weights()[0], before / np.linalg.norm(before, 2), rtol=1e-3, atol=1e-4)


def test_spectral_normalisation_leaves_a_kernel_of_zeros_and_survives_a_file():
    layer = layers.SpectralNormalization(layers.Dense(4, kernel_initializer="zeros"))
    assert np.isfinite(layer(np.eye(5, dtype="float32"), training=True)).all()
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    with pytest.raises(ArgumentError, match="neither a kernel nor embeddings"):
        layers.SpectralNormalization(layers.ReLU())(X)
    with pytest.raises(ArgumentError, match="wraps a layer"):
        layers.SpectralNormalization("dense")
