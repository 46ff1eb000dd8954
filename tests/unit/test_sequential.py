"""Sequential: building from an Input, from input_shape, from data; adding, taking away, configuration."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, DataError, ShapeError


def test_the_literal_keras_program():
    model = lamina.Sequential()
    model.add(layers.Dense(32, input_shape=(784,)))
    model.add(layers.Dense(10))
    assert [w.shape for w in model.weights] == [(784, 32), (32,), (32, 10), (10,)]
    assert [w.path.split("/")[1] for w in model.weights] == ["kernel", "bias"] * 2


def test_builds_from_the_first_data():
    model = lamina.Sequential([layers.Flatten(), layers.Dense(3)])
    assert not model.built
    assert model.weights == []
    assert model(np.zeros((2, 4, 5))).shape == (2, 3)
    assert model.input_shape == (None, 4, 5)
    assert model.output_shape == (None, 3)


def test_build_makes_weights():
    model = lamina.Sequential([layers.Dense(3)])
    model.build((None, 5))
    assert model.count_params() == 18


@pytest.mark.parametrize("first", [lambda: [lamina.Input((4,))], lambda: [layers.InputLayer(shape=(4,))], list])
def test_layers_pop_and_add(first):
    model = lamina.Sequential([*first(), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
    assert model.pop().name == "b"
    model.add(layers.Dense(5, name="c"))
    assert [layer.name for layer in model.layers] == ["a", "c"]
    assert model(np.zeros((1, 4), "float32")).shape == (1, 5)


def test_refuses_what_is_no_layer_two_names_and_one_layer_twice():
    model = lamina.Sequential([layers.Dense(3, name="a")])
    with pytest.raises(ArgumentError, match="takes layers"):
        model.add(layers.Dense)
    with pytest.raises(ArgumentError, match="two layers are called 'a'"):
        model.add(layers.Dense(3, name="a"))
    with pytest.raises(ArgumentError, match="has Dense \"a\" already"):
        model.add(model.layers[0])
    with pytest.raises(ArgumentError, match="before all layers"):
        model.add(lamina.Input((3,)))


def test_refuses_layers_that_do_not_fit_when_put_together():
    message = r'LSTM "reader" cannot take this input\n  got:  float32\[batch, 3\]   from Dense "small"'
    with pytest.raises(ShapeError, match=message):
        lamina.Sequential([lamina.Input((4,)), layers.Dense(3, name="small"), layers.LSTM(2, name="reader")])


def test_parts_can_be_made_into_models():
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(3, name="features"), layers.Dense(2)])
    part = lamina.Model(model.inputs, model.get_layer("features").output)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(part(x), model.layers[0](x))


def test_stacks_of_stacks_and_functional_models():
    x = lamina.Input((4,))
    inner = lamina.Model(x, layers.Dense(3)(x), name="inner")
    model = lamina.Sequential([inner, lamina.Sequential([layers.Dense(2, name="d")], name="top")])
    assert model.output_shape == (None, 2)
    assert [w.path.split("/")[0] for w in model.weights] == ["inner", "inner", "top", "top"]


def test_a_batch_of_numbers_for_one_feature_is_a_column():
    model = lamina.Sequential([lamina.Input((1,)), layers.Dense(2)])
    assert model(np.zeros(5, "float32")).shape == (5, 2)


@pytest.mark.parametrize("nest", [lambda x: [x], lambda x: (x,), lambda x: {"x": x}])
def test_the_one_input_may_come_in_a_list(nest):
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((6, 4), "float32")
    want = model.predict(x, verbose=0)
    np.testing.assert_array_equal(model.predict(nest(x), verbose=0), want)
    np.testing.assert_array_equal(model(nest(x)), want)
    model.fit(nest(x), want, verbose=0)


def test_two_inputs_are_refused_in_words():
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((6, 4), "float32")
    with pytest.raises(DataError, match=r"has one input, 2 were given(.|\n)*fit\(x, y\)"):
        model.fit((x, x[:, :1]), verbose=0)


@pytest.mark.parametrize("build", ["input", "data", "none", "argument"])
def test_configuration_makes_the_same_stack(build):
    stack = [layers.Dense(3, activation="tanh", name="a", **({"input_shape": (4,)} if build == "argument" else {})),
             layers.Dropout(0.5, name="b"), layers.Dense(2, use_bias=False, name="c")]
    model = lamina.Sequential([lamina.Input((4,))] * (build == "input") + stack, name="net")
    x = np.ones((2, 4), "float32")
    if build == "data":
        model(x)
    again = lamina.models.clone_model(model)
    assert again.name == "net"
    assert again.get_config() == model.get_config()
    assert again.built == (build != "none")
    if again.built:
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again(x), model(x))


def test_dropout_acts_in_training_only_and_differs_from_call_to_call():
    model = lamina.Sequential([lamina.Input((100,)), layers.Dropout(0.5), layers.Dropout(0.5)])
    x = np.ones((1, 100), "float32")
    np.testing.assert_array_equal(model(x), x)
    first, second = model(x, training=True), model(x, training=True)
    assert set(np.unique(first)) == {0, 4}
    assert (first != second).any()
