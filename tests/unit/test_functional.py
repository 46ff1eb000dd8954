"""Functional models: branches, sharing, several inputs and outputs, nesting, configuration."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.errors import ArgumentError, DataError, ShapeError

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def diamond():
    x = lamina.Input((4,), name="x")
    left, right = layers.Dense(3, activation="relu", name="left")(x), layers.Dense(3, name="right")(x)
    return lamina.Model(x, layers.Dense(2, name="out")(left + right * 2.0), name="diamond")


def test_branches_add_up():
    model, x = diamond(), normal(5, 4)
    (lk, lb), (rk, rb), (ok, ob) = (model.get_layer(name).get_weights() for name in ("left", "right", "out"))
    want = (np.maximum(x @ lk + lb, 0) + 2 * (x @ rk + rb)) @ ok + ob
    np.testing.assert_allclose(model(x), want, rtol=1e-5, atol=1e-6)


def test_shared_layers_have_one_set_of_weights():
    a, b = lamina.Input((4,), name="a"), lamina.Input((4,), name="b")
    shared = layers.Dense(3, name="shared")
    model = lamina.Model([a, b], shared(a) - shared(b))
    assert model.count_params() == 15
    x = normal(2, 4)
    np.testing.assert_allclose(model([x, x]), np.zeros((2, 3)), atol=1e-6)
    again = lamina.models.clone_model(model)
    assert again.count_params() == 15
    again.set_weights(model.get_weights())
    y = normal(2, 4)
    np.testing.assert_array_equal(again([x, y]), model([x, y]))


@pytest.mark.parametrize("nest", [lambda a, b: [a, b], lambda a, b: (a, b), lambda a, b: {"b": b, "a": a}])
def test_inputs_in_order_or_by_name(nest):
    a, b = lamina.Input((2,), name="a"), lamina.Input((3,), name="b")
    model = lamina.Model([a, b], ops.concatenate([b, a], -1))
    out = model(nest(np.zeros((1, 2), "float32"), np.ones((1, 3), "float32")))
    np.testing.assert_array_equal(out, [[1, 1, 1, 0, 0]])


def test_dicts_in_and_out():
    a, b = lamina.Input((2,), name="p"), lamina.Input((2,), name="q")
    model = lamina.Model({"one": a, "two": b}, {"sum": a + b, "twice": a * 2.0})
    out = model({"two": np.ones((1, 2)), "one": np.zeros((1, 2))})
    assert model.output_names == ["sum", "twice"]
    np.testing.assert_array_equal(out["sum"], [[1, 1]])
    again = lamina.models.clone_model(model)
    assert list(again({"two": np.ones((1, 2)), "one": np.zeros((1, 2))})) == ["sum", "twice"]


def test_wrong_number_and_names_of_inputs_are_refused():
    a, b = lamina.Input((2,), name="a"), lamina.Input((3,), name="b")
    model = lamina.Model([a, b], ops.concatenate([a, b], -1), name="m")
    with pytest.raises(ArgumentError, match=r"no input is called 'a'(.|\n)*got:  0, 'b'(.|\n)*want: a, b"):
        model({0: np.zeros((1, 2)), "b": np.zeros((1, 3))})
    with pytest.raises(DataError, match=r'Model "m" has 2 inputs, 1 were given'):
        model(np.zeros((1, 2)))
    with pytest.raises(ArgumentError, match="no input is called 'b'"):
        model({"a": np.zeros((1, 2))})
    with pytest.raises(ShapeError, match="that is its Input 'b'"):
        model([np.zeros((1, 2)), np.zeros((1, 4))])


def test_models_nest_and_can_be_shared():
    x = lamina.Input((4,))
    encoder = lamina.Model(x, layers.Dense(3, name="dense")(x), name="encoder")
    a, b = lamina.Input((4,)), lamina.Input((4,))
    model = lamina.Model([a, b], encoder(a) + encoder(b), name="outer")
    assert [w.path for w in model.weights] == ["encoder/dense/kernel", "encoder/dense/bias"]
    again = lamina.models.clone_model(model)
    again.set_weights(model.get_weights())
    p, q = normal(2, 4), normal(2, 4)
    np.testing.assert_array_equal(again([p, q]), model([p, q]))
    np.testing.assert_allclose(model([p, q]), encoder(p) + encoder(q), rtol=1e-6)


def test_what_does_not_hang_together_is_refused():
    x, other = lamina.Input((2,), name="x"), lamina.Input((2,), name="other")
    y = layers.Dense(2)(x)
    with pytest.raises(ArgumentError, match="needs the input 'x', which is not among the inputs"):
        lamina.Model(other, y + other)
    with pytest.raises(ArgumentError, match="'other' leads to no output"):
        lamina.Model([x, other], y)
    with pytest.raises(ArgumentError, match="symbols"):
        lamina.Model(x, np.zeros(3))
    with pytest.raises(ArgumentError, match="inputs and outputs"):
        lamina.Model(x)


def test_two_layers_of_one_name_are_refused():
    x = lamina.Input((2,))
    with pytest.raises(ArgumentError, match="two layers are called 'd'"):
        lamina.Model(x, layers.Dense(2, name="d")(layers.Dense(2, name="d")(x)))


def test_models_can_begin_in_the_middle():
    model = diamond()
    middle = model.get_layer("left").output
    head = lamina.Model(middle, layers.Dense(1)(middle))
    assert head.input_shape == (None, 3)
    assert head(normal(2, 3)).shape == (2, 1)
    assert lamina.models.clone_model(head)(normal(2, 3)).shape == (2, 1)


def test_weights_come_in_keras_order_the_furthest_from_the_output_first():
    x = lamina.Input((2,))
    c = layers.Dense(2, name="c")(x)
    a = layers.Dense(2, name="a")(x)
    b = layers.Dense(2, name="b")(a)
    model = lamina.Model(x, layers.Dense(2, name="out")(b + c))
    assert [layer.name for layer in model.layers if layer.weights] == ["a", "b", "c", "out"]


def test_states_pass_from_encoder_to_decoder():
    x, y = lamina.Input((None, 3)), lamina.Input((None, 3))
    _, h, c = layers.LSTM(4, return_state=True)(x)
    out = layers.LSTM(4, return_sequences=True)(y, initial_state=[h, c])
    model = lamina.Model([x, y], out)
    assert model.output_shape == (None, None, 4)
    again = lamina.models.clone_model(model)
    again.set_weights(model.get_weights())
    p, q = normal(2, 5, 3), normal(2, 6, 3)
    np.testing.assert_array_equal(again([p, q]), model([p, q]))


def test_indexing_with_arrays_and_slices_survives_the_configuration():
    x = lamina.Input((5, 3))
    model = lamina.Model(x, ops.concatenate([x[:, -1], x[:, ::2, 0], ops.mean(x, axis=(1,))], -1))
    again = lamina.models.clone_model(model)
    value = normal(2, 5, 3)
    np.testing.assert_array_equal(again(value), model(value))


def test_dtypes_are_cast_at_the_door():
    model = diamond()
    assert model(normal(2, 4).astype("float64")).dtype == np.float32
    assert model(np.ones((2, 4), "uint8")).dtype == np.float32


def test_a_layers_own_configuration_may_leave_out_its_name():
    class Scale(lamina.Layer):
        def __init__(self, factor=2.0):
            super().__init__()
            self.factor = factor

        def call(self, x):
            return x * self.factor

        def get_config(self):
            return {"factor": self.factor}

    x = lamina.Input((2,), name="x")
    config = lamina.Model(x, Scale(3.0)(Scale()(x))).get_config()
    again = lamina.Model.from_config(config, custom_objects={"Scale": Scale})
    np.testing.assert_array_equal(again(np.ones((1, 2), "float32")), [[6.0, 6.0]])
    assert [layer.name for layer in again.layers[1:]] == [spec["name"] for spec in config["layers"][1:]]
