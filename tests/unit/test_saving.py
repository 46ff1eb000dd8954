"""Model files: what is in them, that they come back bit for bit, and that training goes on."""

import json
import zipfile

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, FileFormatError, ShapeError


def stack():
    return lamina.Sequential([
        lamina.Input((6,)), layers.Dense(8, activation="relu", name="hidden"), layers.BatchNormalization(name="norm"),
        layers.Dropout(0.3), layers.Dense(3, activation="softmax", name="classes")], name="stack")  # fmt: skip


def branches():
    x = lamina.Input((6,), name="x")
    shared = layers.Dense(6, activation="tanh", name="shared")
    y = layers.Add()([shared(x), shared(shared(x)), x])
    return lamina.Model(inputs=x, outputs=layers.Dense(3, activation="softmax", name="classes")(y), name="branches")


def compiled(make, optimizer="adam"):
    lamina.random.set_seed(3)
    model = make()
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def batch(rng):
    return rng.normal(size=(40, 6)).astype("float32"), rng.integers(0, 3, 40).astype("int32")


@pytest.mark.parametrize("make", [stack, branches])
@pytest.mark.parametrize("zipped", [True, False])
def test_comes_back_bit_for_bit_and_gives_the_same_bytes(tmp_path, batch, make, zipped):
    model = compiled(make)
    model.fit(*batch, epochs=2, verbose=0)
    model.save(tmp_path / "a.lamina", zipped=zipped)
    model.save(tmp_path / "b.lamina", zipped=zipped)
    loaded = lamina.load_model(tmp_path / "a.lamina")
    loaded.save(tmp_path / "c.lamina", zipped=zipped)
    np.testing.assert_array_equal(loaded.predict(batch[0], verbose=0), model.predict(batch[0], verbose=0))
    assert (type(loaded), loaded.name) == (type(model), model.name)
    for name in ("a.lamina", "b.lamina", "c.lamina"):
        files = [tmp_path / name] if zipped else sorted((tmp_path / name).iterdir())
        first = [tmp_path / "a.lamina"] if zipped else sorted((tmp_path / "a.lamina").iterdir())
        assert [f.read_bytes() for f in files] == [f.read_bytes() for f in first]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", lamina.optimizers.SGD(0.1, momentum=0.9)])
def test_training_goes_on_as_if_nothing_had_happened(tmp_path, batch, optimizer):
    model = compiled(stack, optimizer)
    model.fit(*batch, epochs=2, verbose=0)
    model.save(tmp_path / "m.lamina")
    loaded = lamina.load_model(tmp_path / "m.lamina")
    for m in (model, loaded):
        m.fit(*batch, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(loaded.optimizer.iterations) == 8


def test_holds_two_members_and_no_time_host_or_path(tmp_path, batch):
    model = compiled(stack)
    model.fit(*batch, verbose=0)
    model.class_names, model.preprocessing = ["a", "b", "c"], {"kind": "table"}
    model.save(tmp_path / "m.lamina")
    with zipfile.ZipFile(tmp_path / "m.lamina") as archive:
        assert archive.namelist() == ["model.json", "weights.safetensors"]
        assert {e.date_time for e in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        text = archive.read("model.json").decode()
    fields = json.loads(text)
    assert fields["inputs"] == [{"name": model.inputs[0].name, "shape": [None, 6], "dtype": "float32"}]
    assert fields["class_names"] == ["a", "b", "c"]
    assert fields["compile"]["optimizer"]["class_name"] == "Adam"
    assert not [word for word in ("\\", "import", "module", "2026", str(tmp_path)) if word in text]
    loaded = lamina.load_model(tmp_path / "m.lamina", compile=False)
    assert (loaded.class_names, loaded.preprocessing, loaded.compiled) == (["a", "b", "c"], {"kind": "table"}, False)


def test_an_unbuilt_and_an_uncompiled_model_are_saved_too(tmp_path):
    lamina.Sequential([layers.Dense(3)]).save(tmp_path / "unbuilt.lamina")
    assert lamina.load_model(tmp_path / "unbuilt.lamina").weights == []
    model = stack()
    model.save(tmp_path / "m.lamina")
    assert not lamina.load_model(tmp_path / "m.lamina").compiled


def test_frozen_layers_and_their_slots_come_back(tmp_path, batch):
    model = compiled(stack)
    model.fit(*batch, verbose=0)
    model.get_layer("hidden").trainable = False
    model.save(tmp_path / "m.lamina")
    loaded = lamina.load_model(tmp_path / "m.lamina")
    assert not loaded.get_layer("hidden").trainable
    assert [v.path for v in loaded.trainable_variables] == [v.path for v in model.trainable_variables]


class Scale(layers.Layer):
    """A layer of the user's."""

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, x):
        return x * self.factor


def absolute(y_true, y_pred):
    return lamina.ops.mean(lamina.ops.abs(y_true - y_pred), axis=-1)


def test_own_classes_and_functions_are_named_and_never_imported(tmp_path):
    model = lamina.Sequential([lamina.Input((2,)), Scale(name="scale"), layers.Dense(1)])
    model.compile("sgd", loss=absolute, metrics=[absolute])
    model.fit(np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), verbose=0)
    path = tmp_path / "m.lamina"
    model.save(path)
    with pytest.raises(FileFormatError, match="unknown layer 'Scale'"):
        lamina.load_model(path)
    own = {"Scale": Scale, "absolute": absolute}
    with pytest.raises(FileFormatError, match="unknown loss 'absolute'"):
        lamina.load_model(path, {"Scale": Scale})
    loaded = lamina.load_model(path, own)
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    assert loaded.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0) == model.evaluate(
        np.ones((4, 2)), np.ones((4, 1)), verbose=0
    )


def test_refuses_to_save_a_lambda(tmp_path):
    model = lamina.Sequential([lamina.Input((2,)), layers.Lambda(lambda x: x * 2)])
    with pytest.raises(FileFormatError, match=r"this model cannot be saved: .*ambda"):
        model.save(tmp_path / "m.lamina")
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1)])
    model.compile("sgd", loss=lambda y, p: (y - p) ** 2)
    with pytest.raises(FileFormatError, match="a loss without a name"):
        model.save(tmp_path / "m.lamina")
    assert not list(tmp_path.iterdir())


def test_several_outputs_with_losses_by_name(tmp_path, batch):
    x = lamina.Input((6,))
    model = lamina.Model(
        x, {"size": layers.Dense(1, name="size")(x), "kind": layers.Dense(3, activation="softmax", name="kind")(x)}
    )
    model.compile(
        "adam",
        loss={"size": "mse", "kind": lamina.losses.SparseCategoricalCrossentropy()},
        loss_weights={"size": 0.5},
        metrics={"kind": ["accuracy"]},
    )
    y = {"size": np.ones((40, 1), "float32"), "kind": batch[1]}
    model.fit(batch[0], y, verbose=0)
    model.save(tmp_path / "m.lamina")
    loaded = lamina.load_model(tmp_path / "m.lamina")
    assert loaded.evaluate(batch[0], y, verbose=0) == model.evaluate(batch[0], y, verbose=0)


@pytest.mark.parametrize("ending", [".weights.safetensors", ".safetensors", ".npz"])
def test_weights_alone(tmp_path, batch, ending):
    model, other = compiled(stack), compiled(stack)
    model.fit(*batch, verbose=0)
    path = tmp_path / f"m{ending}"
    model.save_weights(path)
    first = path.read_bytes()
    model.save_weights(path)
    assert path.read_bytes() == first
    other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ArgumentError, match="exists"):
        model.save_weights(path, overwrite=False)
    renamed = lamina.Sequential([lamina.Input((6,)), layers.Dense(8), layers.BatchNormalization(), layers.Dense(3)])
    renamed.load_weights(path)
    np.testing.assert_array_equal(renamed.get_weights()[-1], model.get_weights()[-1])


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(3, name="a")])
    before = model.get_weights()
    np.savez(tmp_path / "w.npz", **{"a/kernel": np.zeros((2, 3), "float32"), "a/bias": np.zeros(4, "float32")})
    with pytest.raises(FileFormatError, match="'a/bias' does not fit"):
        model.load_weights(tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", **{"a/kernel": np.zeros((2, 3), "float32")})
    with pytest.raises(FileFormatError, match="'a/bias' is missing"):
        model.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    with pytest.raises(ArgumentError, match="does not say its format"):
        model.save_weights(tmp_path / "w.h5")
    with pytest.raises(ShapeError):
        model.set_weights([np.zeros((2, 3))])


def test_does_not_overwrite_unless_told(tmp_path):
    stack().save(tmp_path / "m.lamina")
    with pytest.raises(ArgumentError, match=r"m\.lamina exists"):
        stack().save(tmp_path / "m.lamina", overwrite=False)


def own_activation(x):
    return x * x


def test_an_activation_of_ones_own_is_saved_by_name_unless_the_name_is_taken(tmp_path):
    model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, activation=own_activation)])
    model.save(tmp_path / "m.lamina")
    with pytest.raises(FileFormatError, match="unknown activation 'own_activation'"):
        lamina.load_model(tmp_path / "m.lamina")
    again = lamina.load_model(tmp_path / "m.lamina", custom_objects={"own_activation": own_activation})
    x = np.array([[1.0, 2.0]], "float32")
    np.testing.assert_array_equal(again(x), model(x))

    def relu(x):
        return -x

    for function in (relu, lambda x: x):
        with pytest.raises(FileFormatError, match="name a function with def"):
            lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, activation=function)]).save(tmp_path / "n")
