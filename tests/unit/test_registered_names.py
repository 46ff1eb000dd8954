"""What a user registers is found in files without custom_objects, in every family, and nothing of Lamina's moves."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops, registry, saving
from lamina.errors import ArgumentError, FileFormatError


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


def own_things():
    class Scaled(layers.Layer):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return x * self.factor

    class Tenth(lamina.initializers.Constant):
        pass

    def swing(x):
        return ops.sin(x)

    def wide(y_true, y_pred):
        return 3 * ops.mean(ops.square(y_true - y_pred), axis=-1)

    return Scaled, Tenth, swing, wide


def saved(path, Scaled, Tenth, swing, wide):
    dense = layers.Dense(2, activation=swing, kernel_initializer=Tenth(0.1))
    model = lamina.Sequential([lamina.Input((3,)), dense, Scaled(2.5)])
    model.compile("sgd", wide, metrics=[wide])
    model.save(path)
    return model


def test_a_model_of_registered_things_loads_by_itself(tmp_path):
    things = [saving.register_keras_serializable("mine")(thing) for thing in own_things()]
    model = saved(tmp_path / "m.lamina", *things)
    again = lamina.load_model(tmp_path / "m.lamina")
    x, y = np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert type(again.layers[-1]) is things[0]
    assert again.layers[-1].factor == 2.5


def test_without_registration_the_file_is_refused(tmp_path):
    saved(tmp_path / "m.lamina", *own_things())
    with pytest.raises(FileFormatError):
        lamina.load_model(tmp_path / "m.lamina")


def test_names():
    Scaled, _, swing, _ = own_things()
    assert saving.get_registered_name(Scaled) == "Scaled"
    assert saving.register_keras_serializable()(Scaled) is Scaled
    saving.register_keras_serializable("shop", name="wave")(swing)
    assert saving.get_registered_name(Scaled) == "Custom>Scaled"
    assert saving.get_registered_name(swing) == "shop>wave"
    assert saving.get_registered_object("shop>wave") is swing
    assert saving.get_registered_object("wave") is None
    assert saving.get_registered_object("wave", {"wave": swing}) is swing
    assert layers.serialize(layers.Dense(2))["class_name"] == "Dense"


def test_what_cannot_be_made_again_is_refused():
    with pytest.raises(ArgumentError, match="get_config"):
        saving.register_keras_serializable()(type("Plain", (), {}))
