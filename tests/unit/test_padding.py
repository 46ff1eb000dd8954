"""Padding, cropping and upsampling: channels first, symbols, refusals; their values stand in tests/parity."""

import jax
import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError
from lamina.trace import Trace, concrete

IMAGE = np.arange(2 * 4 * 5 * 3, dtype="float32").reshape(2, 4, 5, 3)
MADE = [lambda **more: layers.ZeroPadding2D(((1, 2), (0, 3)), **more), lambda **more: layers.Cropping2D((1, 2), **more),
        lambda **more: layers.UpSampling2D((2, 3), **more),
        lambda **more: layers.UpSampling2D(2, interpolation="bilinear", **more)]


@pytest.mark.parametrize("make", MADE)
def test_channels_first_is_the_same_turned(make):
    turned = make(data_format="channels_first")(np.moveaxis(IMAGE, -1, 1))
    np.testing.assert_allclose(np.moveaxis(turned, 1, -1), make()(IMAGE), rtol=1e-6)


@pytest.mark.parametrize("make", MADE)
def test_symbols_and_configurations(make):
    layer = make()
    want = layer(IMAGE)
    assert layer(lamina.Input((4, 5, 3))).shape == (None, *want.shape[1:])
    assert layer(lamina.Input((None, 5, 3))).shape == (None, None, *want.shape[2:])
    again = layers.deserialize(layers.serialize(layer))
    np.testing.assert_array_equal(again(IMAGE), want)


def test_cropping_takes_back_what_padding_put_around():
    pairs = ((1, 2), (3, 0))
    np.testing.assert_array_equal(layers.Cropping2D(pairs)(layers.ZeroPadding2D(pairs)(IMAGE)), IMAGE)


@pytest.mark.parametrize("way", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_every_interpolation_keeps_a_flat_image_flat(way):
    y = layers.UpSampling2D(3, interpolation=way)(np.full((1, 4, 5, 2), 7.0, "float32"))
    assert y.shape == (1, 12, 15, 2)
    np.testing.assert_allclose(y, 7.0, rtol=1e-6)


@pytest.mark.parametrize("way", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_interpolation_is_that_of_jax(way):
    want = jax.image.resize(IMAGE, (2, 8, 10, 3), way.replace("bilinear", "linear").replace("bicubic", "cubic"))
    np.testing.assert_allclose(layers.UpSampling2D(2, interpolation=way)(IMAGE), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.ZeroPadding2D(-1), ArgumentError, "does not fit 2 spatial axes"),
    (lambda: layers.ZeroPadding2D((1, 2, 3)), ArgumentError, "2 pairs"),
    (lambda: layers.ZeroPadding1D("one"), ArgumentError, "does not fit 1 spatial axis"),
    (lambda: layers.Cropping2D(2)(IMAGE), ShapeError, "nothing is left of axis 1"),
    (lambda: layers.Cropping2D(2)(IMAGE[0]), ShapeError, "add the missing dimension"),
    (lambda: layers.UpSampling2D(0), ArgumentError, "size does not fit"),
    (lambda: layers.UpSampling2D(2, interpolation="linear"), ArgumentError, "did you mean 'bilinear'"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(("layer", "want"), [
    (layers.ZeroPadding1D((1, 2)), [False, True, True, False, False, False]),
    (layers.Cropping1D((1, 0)), [True, False]),
    (layers.UpSampling1D(2), [True, True, True, True, False, False]),
], ids=["ZeroPadding1D", "Cropping1D", "UpSampling1D"])
def test_the_mask_of_a_sequence_goes_along(layer, want):
    with Trace(concrete=True) as made:
        x = concrete(np.ones((1, 3, 2), "float32"))
        made.masks[x] = concrete(np.array([[True, True, False]]))
        np.testing.assert_array_equal(made.masks[layer(x)].value, [want])
