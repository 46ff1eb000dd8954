"""Layers in a row as one; pictures without colours; an embedding that works both ways."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError

PICTURES = np.random.default_rng(0).uniform(0, 255, (4, 6, 8, 3)).astype("float32")


def test_a_pipeline_is_its_layers_in_a_row():
    steps = [layers.RandomFlip("horizontal", seed=1), layers.Rescaling(1 / 255), layers.CenterCrop(4, 4)]
    alike = [layers.deserialize(layers.serialize(s)) for s in steps]
    y = layers.Pipeline(steps)(PICTURES)
    assert y.shape == (4, 4, 4, 3)
    seen = alike[2](alike[1](PICTURES))
    turned = [np.array_equal(a, b[:, ::-1]) for a, b in zip(y, seen, strict=True)]
    kept = [np.array_equal(a, b) for a, b in zip(y, seen, strict=True)]
    assert all(a or b for a, b in zip(turned, kept, strict=True))
    still = layers.Pipeline(steps)(PICTURES, training=False)
    np.testing.assert_array_equal(still, seen)


def test_a_pipeline_in_a_model_trains_and_is_saved(tmp_path):
    row = layers.Pipeline(
        [layers.RandomFlip(), layers.Conv2D(2, 3, activation="relu"), layers.Flatten(), layers.Dense(1)]
    )
    model = lamina.Sequential([lamina.Input((6, 8, 3)), row])
    model.compile("sgd", "mse")
    model.fit(PICTURES / 255, np.ones((4, 1)), verbose=0)
    model.save(tmp_path / "row.lamina")
    again = lamina.load_model(tmp_path / "row.lamina")
    np.testing.assert_array_equal(again.predict(PICTURES, verbose=0), model.predict(PICTURES, verbose=0))
    with pytest.raises(ArgumentError, match="takes a list of layers"):
        layers.Pipeline(layers.Flatten())


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: layers.ReversibleEmbedding(3, 2, logit_soft_cap=0), ArgumentError, "above 0"),
        (lambda: layers.RandomGrayscale(1.5), ArgumentError, "within 0..1"),
    ],
)
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_scores_of_padding_are_padding():
    embedding = layers.ReversibleEmbedding(7, 3, mask_zero=True)
    words = lamina.Input((5,), dtype="int32")
    hidden = embedding(words)
    scores = embedding(layers.LSTM(3, return_sequences=True)(hidden), reverse=True)
    assert hidden.mask_shape == (None, 5)
    assert scores.mask_shape == (None, 5)
    assert scores.shape == (None, 5, 7)


def test_some_pictures_lose_their_colours():
    x = np.tile(PICTURES[:1], (400, 1, 1, 1))
    y = layers.RandomGrayscale(0.25, seed=1)(x)
    gray = (y[..., 0] == y[..., 1]).all((1, 2))
    assert abs(gray.mean() - 0.25) < 0.07
    np.testing.assert_array_equal(y[~gray], x[~gray])
