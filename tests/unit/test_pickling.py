"""Models through ``pickle``, as joblib and multiprocessing send them: a pickle of a model holds a model file."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import FileFormatError
from lamina.trace import Variable

RANDOM = np.random.default_rng(3)
X, Y = RANDOM.normal(size=(40, 6)).astype("float32"), RANDOM.normal(size=(40, 1)).astype("float32")


class Twice(layers.Layer):
    def call(self, x):
        return x * 2


def bent(x):
    return lamina.ops.sin(x) + x


def distance(y_true, y_pred):
    return lamina.ops.mean(lamina.ops.abs(y_true - y_pred), axis=-1)


def trained(*own, loss="mse"):
    model = lamina.Sequential([lamina.Input((6,)), layers.Dense(8, "relu"), *own, layers.Dropout(0.2), layers.Dense(1)])
    model.compile("adam", loss=loss, metrics=["mae"])
    model.fit(X, Y, verbose=0)
    model.predict_on_batch(X)
    return model


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_a_trained_model_comes_back_and_goes_on(protocol):
    model = trained()
    model.class_names = ["one"]
    again = pickle.loads(pickle.dumps(model, protocol))
    assert again.class_names == ["one"]
    for _ in range(2):
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
        for each in (again, model):
            each.fit(X, Y, verbose=0)


def test_its_own_classes_and_functions_come_along():
    model = trained(Twice(), layers.Dense(4, activation=bent), loss=distance)
    again = pickle.loads(pickle.dumps(model))
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_what_no_file_can_hold_no_pickle_can():
    with pytest.raises(FileFormatError, match="cannot be saved"):
        pickle.dumps(trained(layers.Lambda(lambda x: x)))


def test_another_process_reads_it(tmp_path):
    model = trained()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps([model, X]))
    program = "import pickle, sys; m, x = pickle.load(open(sys.argv[1], 'rb')); print(m.predict(x, verbose=0).tolist())"
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "model.pkl")], capture_output=True, text=True)
    assert done.stdout == f"{model.predict(X, verbose=0).tolist()}\n", done.stderr


def test_the_history_of_a_training_can_be_kept():
    history = trained().fit(X, Y, epochs=2, verbose=0)
    assert pickle.loads(pickle.dumps(history)).history == history.history


@pytest.mark.parametrize("again", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_a_variable_lies_where_the_engine_may_read_it(again):
    for size in (1, 3, 1000):
        variable = Variable(np.arange(size, dtype="float32"), name="v", trainable=False)
        made = again(variable)
        assert made.array.ctypes.data % 64 == 0
        assert made.array.base.nbytes >= made.array.nbytes + 128
        np.testing.assert_array_equal(made.array, variable.array)
        assert (made.name, made.path, made.trainable) == ("v", "v", False)
