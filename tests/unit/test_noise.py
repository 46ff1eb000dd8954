"""Dropout and noise layers in training."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError
from lamina.trace import trace
from lamina.types import Type

ONES = np.ones((200, 100), "float32")


@pytest.mark.parametrize(("layer", "mean", "std"), [
    (layers.Dropout(0.2, seed=1), 1.0, 0.5),
    (layers.GaussianNoise(0.3, seed=1), 1.0, 0.3),
    (layers.GaussianDropout(0.2, seed=1), 1.0, 0.5),
], ids=lambda x: getattr(x, "name", None))
def test_moments(layer, mean, std):
    y = layer(ONES, training=True).astype("float64")
    assert abs(y.mean() - mean) < 0.02
    assert abs(y.std() - std) < 0.02
    np.testing.assert_array_equal(layer(ONES), ONES)


def test_alpha_dropout_keeps_mean_and_variance_of_normal_inputs():
    x = np.random.default_rng(0).normal(size=(400, 100)).astype("float32")
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True)
    assert abs(y.mean()) < 0.03
    assert abs(y.std() - 1) < 0.03


@pytest.mark.parametrize(("layer", "shape", "axes"), [
    (layers.SpatialDropout1D(0.5), (8, 5, 6), (1,)),
    (layers.SpatialDropout2D(0.5), (8, 3, 4, 6), (1, 2)),
    (layers.SpatialDropout2D(0.5, data_format="channels_first"), (8, 6, 3, 4), (2, 3)),
    (layers.SpatialDropout3D(0.5), (8, 2, 2, 2, 6), (1, 2, 3)),
], ids=lambda x: getattr(x, "name", None))
def test_spatial_dropout_takes_whole_channels(layer, shape, axes):
    y = layer(np.ones(shape, "float32"), training=True)
    assert (y.max(axes) == y.min(axes)).all()
    assert set(np.unique(y)) == {0, 2}


def test_one_decision_holds_along_the_axes_of_size_one_in_noise_shape():
    y = layers.Dropout(0.5, noise_shape=(None, 1, 6))(np.ones((8, 5, 6), "float32"), training=True)
    assert (y.max(1) == y.min(1)).all()
    assert set(np.unique(y)) == {0, 2}
    assert (y.max(2) != y.min(2)).any()


@pytest.mark.parametrize("backend", ["native", "xla"])
@pytest.mark.parametrize("make", [lambda: layers.Dropout(0.5), lambda: layers.Dropout(0.3, noise_shape=(None, 1)),
                                  lambda: layers.AlphaDropout(0.5)])
def test_the_same_elements_are_dropped_on_every_backend(make, backend):
    layer = make()
    made = trace(lambda x: layer(x), [Type("float32", (16, 9))], training=True, generator=lamina.random.Generator(3))
    x = ONES[:16, :9]
    np.testing.assert_allclose(made(x, backend=backend), made(x, backend="reference"), rtol=1e-6)


def test_two_layers_never_share_a_mask():
    model = lamina.Sequential([layers.Dropout(0.5), layers.Dropout(0.5)])
    made = trace(lambda x: model(x), [Type("float32", (10, 100))], training=True, generator=lamina.random.Generator(3))
    assert set(np.unique(made(ONES[:10]))) == {0, 4}
    assert abs((made(ONES[:10]) > 0).mean() - 0.25) < 0.06


def test_rates_are_checked():
    for kind in (layers.Dropout, layers.AlphaDropout, layers.GaussianDropout, layers.SpatialDropout1D):
        with pytest.raises(ArgumentError, match="rate"):
            kind(1.5)
    with pytest.raises(ArgumentError, match="not negative"):
        layers.GaussianNoise(-1.0)
