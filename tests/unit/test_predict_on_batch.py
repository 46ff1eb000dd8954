"""The quick road of ``predict_on_batch``: the same numbers as the long one, and never where it does not lead."""

import threading

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import LaminaError


def network(*more):
    return lamina.Sequential([lamina.Input((6,)), layers.Dense(5, activation="tanh"), *more, layers.Dense(3)])


def quick_roads(model):
    return model._state_for_prediction().quick


@pytest.fixture
def model():
    return network()


def data(rng, rows=2):
    return rng.normal(size=(rows, 6)).astype("float32")


def test_the_second_call_takes_the_quick_road(model, rng):
    x, other = data(rng), data(rng)
    first = model.predict_on_batch(x)
    assert quick_roads(model)[2, 6](x) is not None
    assert np.array_equal(model.predict_on_batch(x), first)
    assert np.array_equal(model.predict_on_batch(other), model.predict(other, verbose=0))


def test_what_it_gives_is_nobody_else_s(model, rng):
    x = data(rng)
    model.predict_on_batch(x)
    first, second = model.predict_on_batch(x), model.predict_on_batch(x)
    first[...] = 7
    assert not np.shares_memory(first, second)
    assert np.array_equal(model.predict_on_batch(x), second)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype("float64"),
        lambda x: np.round(x).astype("int32"),
        lambda x: x.astype(">f4"),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1],
        lambda x: x.tolist(),
        lambda x: x.view(np.memmap),
    ],
)
def test_other_arrays_of_that_shape_go_the_long_way(model, rng, change):
    x = data(rng)
    for _ in range(2):
        model.predict_on_batch(x)
    given = change(x)
    wanted = model.predict(np.ascontiguousarray(given, "float32"), verbose=0)
    np.testing.assert_array_equal(model.predict_on_batch(given), wanted)
    assert np.array_equal(model.predict_on_batch(x), model.predict(x, verbose=0))


def test_a_read_only_array_is_as_good(model, rng):
    x = data(rng)
    wanted = model.predict_on_batch(x)
    x.flags.writeable = False
    assert np.array_equal(model.predict_on_batch(x), wanted)


def test_other_shapes_have_roads_of_their_own_and_errors_stay(model, rng):
    for rows in (1, 2, 1, 3, 2):
        x = data(rng, rows)
        assert np.array_equal(model.predict_on_batch(x), model.predict(x, batch_size=rows, verbose=0))
    for wrong in (np.zeros((2, 7), "float32"), np.zeros(6, "float32")):
        with pytest.raises(LaminaError):
            model.predict_on_batch(wrong)


@pytest.mark.parametrize("way", ["set_weights", "assign", "train_on_batch", "fit"])
def test_new_weights_count(model, rng, way):
    x = data(rng, 4)
    model.compile("sgd", loss="mse")
    before = [model.predict_on_batch(x) for _ in range(3)][-1]
    if way == "set_weights":
        model.set_weights([w * 2 for w in model.get_weights()])
    elif way == "assign":
        model.weights[0].assign(model.weights[0].numpy() + 1)
    else:
        getattr(model, way)(x, np.ones((4, 3), "float32"))
    after = model.predict_on_batch(x)
    assert not np.array_equal(after, before)
    assert np.array_equal(after, model.predict(x, verbose=0))
    assert np.array_equal(model.predict_on_batch(x), after)


def test_layers_put_on_top_and_taken_away_count(model, rng):
    x = data(rng)
    model.predict_on_batch(x)
    model.add(layers.Dense(4))
    assert model.predict_on_batch(x).shape == model.predict(x, verbose=0).shape == (2, 4)
    model.pop()
    assert model.predict_on_batch(x).shape == (2, 3)


def test_a_row_that_is_not_there_is_named():
    model = lamina.Sequential([lamina.Input((2,), dtype="int32"), layers.Embedding(5, 3, name="words")])
    for _ in range(2):
        model.predict_on_batch(np.array([[0, 4]], "int32"))
    with pytest.raises(LaminaError, match="words"):
        model.predict_on_batch(np.array([[0, 5]], "int32"))
    assert model.predict_on_batch(np.array([[1, 2]], "int32")).shape == (1, 2, 3)


def test_random_layers_and_several_outputs_go_the_long_way(rng):
    x = data(rng)
    given = lamina.Input((6,))
    two = lamina.Model(given, [layers.Dense(2)(given), layers.Dense(3)(given)])
    for _ in range(3):
        assert [y.shape for y in two.predict_on_batch(x)] == [(2, 2), (2, 3)]


def test_a_large_program_lets_others_run_and_threads_do_not_mix(rng):
    model = network(layers.Dense(700, activation="relu"), layers.Dense(700, activation="relu"))
    batches = [rng.normal(size=(64, 6)).astype("float32") for _ in range(4)]
    wanted = [model.predict_on_batch(x) for x in batches]
    found = [[] for _ in batches]

    def work(i):
        for _ in range(30):
            found[i].append(model.predict_on_batch(batches[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for got, want in zip(found, wanted, strict=True):
        assert all(np.array_equal(y, want) for y in got)
