"""Rectifiers and softmax as layers: masks, shared weights, refusals; their values stand in tests/parity."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError

X = np.array([[-2.0, 0.0, 3.0]], "float32")


@pytest.mark.parametrize("layer", [layers.ReLU(2.0, 0.1, 0.5), layers.LeakyReLU(0.2), layers.ELU(0.5), layers.PReLU(),
                                   layers.Softmax(axis=[1])], ids=lambda layer: layer.name)
def test_configurations(layer):
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again(X), layer(X))


def test_one_alpha_for_all_cells_of_an_image():
    layer = layers.PReLU(shared_axes=[1, 2])
    assert layer(lamina.Input((None, None, 5))).shape == (None, None, None, 5)
    assert layer.alpha.shape == (1, 1, 5)


def test_masked_elements_get_nothing_and_a_row_of_them_is_zero():
    y = layers.Softmax()(np.ones((2, 3), "float32"), mask=np.array([[True, False, True], [False, False, False]]))
    np.testing.assert_allclose(y, [[0.5, 0, 0.5], [0, 0, 0]])


def test_a_mask_of_steps_leaves_the_features_alone():
    x = np.ones((2, 3, 4), "float32")
    np.testing.assert_allclose(layers.Softmax()(x, mask=np.array([[True, False, True]] * 2)), 0.25)


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.ReLU(max_value=-1), ArgumentError, "max_value is a number from 0 on"),
    (lambda: layers.LeakyReLU(None), ArgumentError, "negative_slope is a number"),
    (lambda: layers.ELU("much"), ArgumentError, "alpha is a number"),
    (lambda: layers.PReLU()(lamina.Input((None, 3))), ShapeError, r"shared_axes=\[1\]"),
    (lambda: layers.Softmax()(X, mask=np.ones((2, 2), bool)), ShapeError, "does not broadcast"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()
