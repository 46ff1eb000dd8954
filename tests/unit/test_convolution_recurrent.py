"""ConvLSTM: masks, states, training, refusals."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError

MOVIES = np.random.default_rng(0).normal(size=(3, 6, 5, 6, 2)).astype("float32")
MASKS = {
    "right": [True, True, True, True, False, False],
    "left": [False, False, True, True, True, True],
    "middle": [True, False, True, True, False, True],
}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("place", MASKS)
def test_masked_times_count_for_nothing(place, backwards):
    layer = layers.ConvLSTM2D(3, 3, padding="same", return_state=True, go_backwards=backwards)
    real = np.array(MASKS[place])
    wanted = layer(MOVIES[:, real])
    found = layer(MOVIES, mask=np.tile(real, (3, 1)))
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-6)


def test_the_mask_goes_on_with_the_sequences():
    model = lamina.Sequential(
        [
            lamina.Input((None, 5, 6, 2)),
            lamina.layers.ConvLSTM2D(3, 3, return_sequences=True),
            lamina.layers.ConvLSTM2D(2, 2),
        ]
    )
    real = np.tile(MASKS["right"], (3, 1))
    np.testing.assert_allclose(model(MOVIES, mask=real), model(MOVIES[:, :4]), atol=1e-6)


def test_states_go_on_in_the_next_call_of_a_stateful_layer():
    layer = layers.ConvLSTM2D(2, 2, stateful=True)
    layer.build((3, 3, 5, 6, 2))
    layer(MOVIES[:, :3])
    second = layer(MOVIES[:, 3:])
    whole = layers.ConvLSTM2D(2, 2)
    whole.build((3, 6, 5, 6, 2))
    whole.set_weights(layer.get_weights())
    np.testing.assert_allclose(second, whole(MOVIES), atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(MOVIES), whole(MOVIES), atol=1e-6)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_training_runs_natively_and_is_the_same_for_any_number_of_threads(data_format):
    def trained(threads):
        lamina.random.set_seed(0)
        layers.reset_names()
        model = lamina.Sequential(
            [
                lamina.Input((6, 5, 6, 2)),
                layers.ConvLSTM2D(
                    4, 3, dropout=0.2, recurrent_dropout=0.2, data_format=data_format, padding="same", strides=2
                ),
                layers.Flatten(),
                layers.Dense(1),
            ]
        )
        model.compile("adam", "mse")
        before = lamina.get_num_threads()
        lamina.set_num_threads(threads)
        losses = model.fit(MOVIES, np.ones((3, 1)), epochs=4, verbose=0).history["loss"]
        lamina.set_num_threads(before)
        return model, losses

    model, losses = trained(1)
    assert losses[-1] < losses[0]
    assert lamina.explain(model).training.elsewhere == []
    assert trained(3)[1] == losses


def test_configuration_and_saving(tmp_path):
    layer = layers.ConvLSTM2D(2, (3, 2), data_format="channels_first", activation="relu", name="movies")
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    model = lamina.Sequential([lamina.Input((6, 5, 6, 2)), layer])
    model.save(tmp_path / "movies.lamina")
    np.testing.assert_array_equal(lamina.load_model(tmp_path / "movies.lamina")(MOVIES), model(MOVIES))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: layers.ConvLSTM2D(0, 3), ArgumentError, "ConvLSTM2D: filters is a whole number above zero"),
        (lambda: layers.ConvLSTM2D(2, (3, 3, 3)), ArgumentError, "kernel_size does not fit 2 spatial axes"),
        (lambda: layers.ConvLSTM2D(2, 3, padding="causal"), ArgumentError, "unknown padding of ConvLSTM2D"),
        (lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2), ArgumentError, "strides and dilation at once"),
        (lambda: layers.ConvLSTM2D(2, 3)(MOVIES[0]), ShapeError, "it reads sequences of images"),
        (lambda: layers.ConvLSTM2D(2, 7)(MOVIES), ShapeError, 'use a smaller window, or padding="same"'),
        (lambda: layers.ConvLSTM2D(2, 3)(lamina.Input((6, None, 6, 2))), ShapeError, "give the Input all sizes"),
    ],
)
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()
