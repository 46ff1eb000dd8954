"""Convolution layers: shapes, state, refusals; their values stand in tests/parity."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError

IMAGE = np.random.default_rng(0).normal(size=(2, 6, 7, 4)).astype("float32")
SEQUENCE = IMAGE[:, 0]
CLASSES = [("Conv1D", (3, 2)), ("Conv2D", (3, 2)), ("DepthwiseConv1D", (2,)), ("DepthwiseConv2D", (2,)),
           ("SeparableConv1D", (3, 2)), ("SeparableConv2D", (3, 2)), ("Conv1DTranspose", (3, 2)),
           ("Conv2DTranspose", (3, 2))]


def given(name):
    return SEQUENCE if "1D" in name else IMAGE


@pytest.mark.parametrize(("name", "arguments"), CLASSES)
def test_channels_first_is_the_same_turned(name, arguments):
    x = given(name)
    last = getattr(layers, name)(*arguments, padding="same", bias_initializer="ones")
    first = getattr(layers, name)(*arguments, padding="same", data_format="channels_first")
    want = last(x)
    first.build((None, x.shape[-1], *x.shape[1:-1]))
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(np.moveaxis(first(np.moveaxis(x, -1, 1)), 1, -1), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments"), CLASSES)
def test_symbols_and_configurations(name, arguments):
    more = {"kernel_constraint": "non_neg"} if name.startswith("Conv") else {}
    layer = getattr(layers, name)(*arguments, strides=2, padding="same", activation="relu", **more)
    x = given(name)
    y = layer(lamina.Input(x.shape[1:]))
    assert y.shape == (None, *layer(x).shape[1:])
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    again.build((None, *x.shape[1:]))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), layer(x))


def test_an_image_of_unknown_size():
    y = layers.Conv2D(5, 3, padding="same")(lamina.Input((None, None, 3)))
    assert y.shape == (None, None, None, 5)


def test_causal_windows_do_not_see_the_future():
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = SEQUENCE.copy()
    before = layer(x)
    x[:, 4:] += 1
    after = layer(x)
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert not np.allclose(before[:, 4:], after[:, 4:])


def test_a_frozen_layer_keeps_its_weights_out_of_training():
    layer = layers.Conv2D(3, 2)
    layer.build((None, 6, 7, 4))
    assert [v.shape for v in layer.trainable_variables] == [(2, 2, 4, 3), (3,)]
    layer.trainable = False
    assert layer.trainable_variables == []


def test_pooling_of_everything_is_global_pooling():
    np.testing.assert_array_equal(layers.MaxPooling2D((6, 7))(IMAGE)[:, 0, 0], layers.GlobalMaxPooling2D()(IMAGE))
    np.testing.assert_allclose(layers.AveragePooling2D((6, 7))(IMAGE)[:, 0, 0], layers.GlobalAveragePooling2D()(IMAGE),
                               rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["MaxPooling1D", "AveragePooling2D", "GlobalMaxPooling1D", "GlobalAveragePooling2D"])
def test_pooling_channels_first_is_the_same_turned(name):
    x = given(name)
    want, got = getattr(layers, name)()(x), getattr(layers, name)(data_format="channels_first")(np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(np.moveaxis(got, 1, -1), want, rtol=1e-6)


def test_keras_names():
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert layers.Convolution2D is layers.Conv2D
    assert layers.GlobalAvgPool1D is layers.GlobalAveragePooling1D


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.Conv2D(0, 3), ArgumentError, "filters is a whole number above zero"),
    (lambda: layers.Conv2D(3, (3, 3, 3)), ArgumentError, "kernel_size does not fit 2 spatial axes"),
    (lambda: layers.Conv2D(3, 3, strides=0), ArgumentError, "strides does not fit"),
    (lambda: layers.Conv2D(3, 3, padding="sane"), ArgumentError, "did you mean 'same'"),
    (lambda: layers.Conv2D(3, 3, padding="causal"), ArgumentError, "unknown padding"),
    (lambda: layers.Conv2D(3, 3, data_format="last"), ArgumentError, "channels_last"),
    (lambda: layers.Conv2D(3, 3, groups=2), ArgumentError, "do not divide into 2 groups"),
    (lambda: layers.Conv2D(3, 3, groups=3)(IMAGE), ShapeError, "4 channels do not divide into 3 groups"),
    (lambda: layers.Conv2D(3, 3, activation="rulu"), ArgumentError, "did you mean 'relu'"),
    (lambda: layers.Conv2D(3, 9)(IMAGE), ShapeError, "does not fit into"),
    (lambda: layers.Conv2D(3, 3)(SEQUENCE), ShapeError, "add the missing dimension"),
    (lambda: layers.Conv2D(3, 3)(lamina.Input((8, 8, None))), ShapeError, "number of channels is unknown"),
    (lambda: layers.Conv2DTranspose(3, 3, strides=2, output_padding=2), ArgumentError, "smaller than the strides"),
    (lambda: layers.Conv1DTranspose(3, 3, padding="causal"), ArgumentError, "no causal padding"),
    (lambda: layers.MaxPooling2D(0), ArgumentError, "pool_size does not fit"),
    (lambda: layers.MaxPooling2D(8)(IMAGE), ShapeError, "does not fit into"),
    (lambda: layers.GlobalMaxPooling2D()(SEQUENCE), ShapeError, "slides over 2 spatial axes"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_other_channels_are_refused_with_the_kernel():
    layer = layers.Conv2D(5, 3, name="edges")
    layer(IMAGE)
    with pytest.raises(ShapeError, match='Conv2D "edges" cannot take this input') as refused:
        layer(IMAGE[..., :3])
    assert "its kernel is [3, 3, 4, 5]" in str(refused.value)


def test_adaptive_pooling_that_divides_is_plain_pooling():
    np.testing.assert_allclose(layers.AdaptiveAveragePooling2D((3, 7))(IMAGE), layers.AveragePooling2D((2, 1))(IMAGE),
                               rtol=1e-6)
    np.testing.assert_array_equal(layers.AdaptiveMaxPooling2D((3, 7))(IMAGE), layers.MaxPooling2D((2, 1))(IMAGE))
    assert layers.AdaptiveMaxPooling2D(2)(lamina.Input((None, None, 4))).shape == (None, 2, 2, 4)
    with pytest.raises(ArgumentError, match="output_size does not fit"):
        layers.AdaptiveMaxPooling2D(0)
