"""Subclassed models, and what all models share."""

import copy

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError


class Net(lamina.Model):
    def __init__(self, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.hidden = [layers.Dense(width, activation="relu", name=f"hidden_{i}") for i in range(2)]
        self.drop = layers.Dropout(0.5, name="drop")
        self.head = layers.Dense(1, name="head")

    def call(self, x, training=False):
        for layer in self.hidden:
            x = layer(x)
        return self.head(self.drop(x, training=training))


def test_subclass_tracks_its_layers_and_builds_at_first_call():
    model = Net()
    assert not model.built
    assert model(np.zeros((3, 2), "float32")).shape == (3, 1)
    assert [layer.name for layer in model.layers] == ["hidden_0", "hidden_1", "drop", "head"]
    assert [w.path for w in model.weights][:2] == ["hidden_0/kernel", "hidden_0/bias"]


def test_build_by_shape():
    model = Net()
    model.build((None, 2))
    assert model.count_params() == 12 + 20 + 5


def test_subclass_works_on_symbols():
    x = lamina.Input((2,))
    model = lamina.Model(x, Net()(x))
    assert model.output_shape == (None, 1)


def test_subclass_of_a_functional_model():
    class Functional(lamina.Model):
        def __init__(self):
            x = lamina.Input((2,))
            super().__init__(inputs=x, outputs=layers.Dense(3)(x))
            self.note = "mine"

    model = Functional()
    assert model.built
    assert model(np.zeros((1, 2), "float32")).shape == (1, 3)
    assert model.output_shape == (None, 3)


def test_configuration_of_a_subclass():
    model = Net(width=7, name="net")
    again = Net.from_config(model.get_config())
    assert (again.width, again.name) == (7, "net")


def test_get_layer():
    model = Net()
    assert model.get_layer("head") is model.head
    assert model.get_layer(index=0) is model.hidden[0]
    with pytest.raises(ArgumentError, match="did you mean 'hidden_0'"):
        model.get_layer("hiden_0")
    with pytest.raises(ArgumentError, match="either"):
        model.get_layer()
    with pytest.raises(ArgumentError, match="no layer 9"):
        model.get_layer(index=9)


def test_freezing_a_layer_of_a_model():
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
    model.get_layer("a").trainable = False
    assert [w.path for w in model.trainable_weights] == ["b/kernel", "b/bias"]
    assert [w.path for w in model.non_trainable_weights] == ["a/kernel", "a/bias"]


def test_a_model_without_call_says_so():
    with pytest.raises(NotImplementedError, match="has no call"):
        lamina.Model()(np.zeros((1, 2)))


def test_frozen_model_stays_frozen():
    x = lamina.Input((2,))
    model = lamina.Model(x, layers.Dense(1)(x), trainable=False)
    assert model.trainable_weights == []
    assert not lamina.models.clone_model(model).trainable


def test_a_deep_copy_has_the_weights_and_shares_nothing():
    model = Net()
    x = np.ones((2, 3), "float32")
    want = model(x)
    copied = copy.deepcopy(model)
    np.testing.assert_array_equal(copied(x), want)
    copied.set_weights([w * 0 for w in copied.get_weights()])
    np.testing.assert_array_equal(model(x), want)
    variable = copy.deepcopy(model.weights[0])
    assert variable.array.ctypes.data % 64 == 0
    np.testing.assert_array_equal(variable.numpy(), model.weights[0].numpy())


def test_a_compiled_and_trained_model_can_be_copied():
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(3, "relu", name="a"), layers.Dense(1, name="b")])
    model.compile("adam", "mse")
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(copy.deepcopy(model)(x), model(x))
