"""The words of the refusals of layers and models, as they stand in tests/golden/errors.

To write them anew after a change of words: LAMINA_RECORD=1 python -m pytest tests/unit/test_layer_errors.py
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import layers, models, ops
from lamina.errors import LaminaError

GOLDEN = Path(__file__).parent.parent / "golden" / "errors"


def flattened(name="digits"):
    return models.Sequential([layers.Flatten(name="flatten"), layers.Dense(10, name="logits")], name=name)


def dense_width():
    model = flattened()
    model(np.zeros((2, 28, 28), "float32"))
    model(np.zeros((100, 20, 40), "float32"))


def dense_vector():
    model = models.Sequential([lamina.Input((784,), name="x"), layers.Dense(10, name="logits")], name="digits")
    model(np.zeros(784, "float32"))


def dense_unknown_width():
    layers.Dense(3, name="logits")(lamina.Input((None,), name="x"))


def model_width():
    model = models.Sequential([lamina.Input((784,), name="pixels"), layers.Dense(10)], name="digits")
    model(np.zeros((3, 800), "float32"))


def lstm_rank():
    x = lamina.Input((8,), name="x")
    layers.LSTM(4, name="reader")(layers.Dense(3, name="small")(x))


def lstm_upon_lstm():
    x = lamina.Input((None, 8), name="x")
    layers.LSTM(4, name="upper")(layers.LSTM(4, name="lower")(x))


def lstm_of_no_time():
    layers.LSTM(4, name="reader")(np.zeros((2, 0, 3), "float32"))


def two_tensors_for_one():
    layers.Dense(4, name="d")([lamina.Input((3,), name="x"), lamina.Input((4,), name="y")])


def no_tensor():
    layers.Dense(4, name="d")(None)


def text_for_numbers():
    layers.Dense(4, name="d")(np.array([["a", "b"]]))


def number_without_a_row():
    layers.Embedding(5, 2, name="words")(np.array([[1, 7]]))


def unknown_argument_of_lstm():
    layers.LSTM(3, return_sequence=True)


def merge_of_unequal_shapes():
    x, y = lamina.Input((4,), name="x"), lamina.Input((4,), name="y")
    layers.reset_names()
    ops.add(layers.Dense(3, name="left")(x), layers.Dense(5, name="right")(y))


def reshape_of_other_size():
    layers.Reshape((3, 3), name="square")(lamina.Input((8,), name="x"))


def unknown_activation():
    layers.Dense(3, activation="rleu")


def unknown_argument():
    layers.Dense(3, kernel_regulariser="l2")


def units_of_zero():
    layers.Dense(0)


def dropout_rate():
    layers.Dropout(50)


def disconnected():
    x, y = lamina.Input((4,), name="x"), lamina.Input((3,), name="y")
    lamina.Model(x, layers.Dense(3, name="d")(x) + y, name="net")


def two_of_one_name():
    x = lamina.Input((4,), name="x")
    lamina.Model(x, layers.Dense(3, name="d")(layers.Dense(4, name="d")(x)), name="net")


def weights_of_another_shape():
    model = models.Sequential([lamina.Input((4,)), layers.Dense(3, name="logits")], name="net")
    model.set_weights([np.zeros((4, 2)), np.zeros(3)])


def weights_of_another_number():
    model = models.Sequential([lamina.Input((4,)), layers.Dense(3, name="logits")], name="net")
    model.set_weights([np.zeros((4, 3))])


def number_of_a_symbol():
    float(lamina.Input((4,), name="x"))


def branch_on_a_symbol_of_a_layer():
    class Branching(lamina.Layer):
        def call(self, x):
            return x if ops.sum(x) > 0 else -x

    Branching()(lamina.Input((4,), name="x"))


def compiled(units, loss, activation=None):
    model = models.Sequential([lamina.Input((3,), name="x"), layers.Dense(units, activation, name="out")], name="net")
    model.compile("sgd", loss)
    return model


def merge_layer():
    left, right = (layers.Dense(n, name=s)(lamina.Input((4,), name=f"{s}_in")) for n, s in ((3, "left"), (5, "right")))
    layers.Add(name="sum")([left, right])


def concatenate_layer():
    layers.Concatenate(name="cat")([lamina.Input((3, 4), name="x"), lamina.Input((5, 6), name="y")])


def rank_of_data():
    compiled(4, "mse").fit(np.zeros((6, 3, 3)), np.zeros((6, 4)), verbose=0)


def width_of_data():
    compiled(4, "mse").fit(np.zeros((6, 5)), np.zeros((6, 4)), verbose=0)


def targets_that_would_repeat():
    compiled(4, "mse").fit(np.zeros((4, 3)), np.zeros(4), verbose=0)


def one_hot_for_class_numbers():
    compiled(4, "sparse_categorical_crossentropy", "softmax").fit(np.zeros((4, 3)), np.eye(4), verbose=0)


def label_without_an_output():
    compiled(4, "sparse_categorical_crossentropy", "softmax").fit(np.zeros((4, 3)), [1, 2, 3, 4], verbose=0)


def nan_in_the_data():
    compiled(4, "mse").fit(np.array([[1.0, 2.0, np.nan]] * 2), np.zeros((2, 4)), verbose=0)


def no_row_in_training():
    model = models.Sequential([lamina.Input((2,), dtype="int32", name="x"), layers.Embedding(5, 2, name="words")])
    model.compile("sgd", "mse")
    model.fit(np.array([[1, 2], [3, 7]]), np.zeros((2, 2, 2)), verbose=0)


def probabilities_for_logits():
    loss = lamina.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = compiled(4, loss, "softmax")
    model.compile("sgd", loss, lint="error")
    model.fit(np.zeros((4, 3)), [0, 1, 2, 3], verbose=0)


def unknown_argument_of_sgd():
    lamina.optimizers.SGD(lr=0.1)


def unknown_name_of_a_loss():
    compiled(4, "sparse_categorical_crossentropie")


def unknown_name_of_a_metric():
    compiled(4, "mse").compile("sgd", "mse", metrics=["acuracy"])


def unknown_name_of_an_optimizer():
    compiled(4, "mse").compile("adm", "mse")


def metrics_for_loss_weights():
    compiled(4, "mse").compile("adam", "mse", ["accuracy"])


def flatten_of_a_mask():
    x = lamina.Input((8,), name="x", dtype="int32")
    layers.Flatten(name="flat")(layers.Embedding(9, 4, mask_zero=True, name="words")(x))


def mean_over_masked_steps():
    x = lamina.Input((8,), name="x", dtype="int32")
    layers.LayerNormalization(axis=1, name="norm")(layers.Embedding(9, 4, mask_zero=True, name="words")(x))


CASES = [flatten_of_a_mask, mean_over_masked_steps,
         dense_width, dense_vector, dense_unknown_width, model_width, lstm_rank, lstm_upon_lstm,
         merge_of_unequal_shapes,
         reshape_of_other_size, unknown_activation, unknown_argument, units_of_zero, dropout_rate, disconnected,
         two_of_one_name, weights_of_another_shape, weights_of_another_number, number_of_a_symbol,
         branch_on_a_symbol_of_a_layer, lstm_of_no_time, two_tensors_for_one, no_tensor, text_for_numbers,
         number_without_a_row, unknown_argument_of_lstm, merge_layer, concatenate_layer, rank_of_data, width_of_data,
         targets_that_would_repeat, one_hot_for_class_numbers, label_without_an_output, nan_in_the_data,
         no_row_in_training, probabilities_for_logits, unknown_argument_of_sgd, unknown_name_of_a_loss,
         unknown_name_of_a_metric, unknown_name_of_an_optimizer, metrics_for_loss_weights]


@pytest.mark.parametrize("case", CASES, ids=lambda f: f.__name__)
def test_words(case):
    with pytest.raises((LaminaError, NotImplementedError)) as caught:
        case()
    text = f"{type(caught.value).__name__}: {caught.value}\n"
    text = re.sub(r"test_layer_errors\.py:\d+", "train.py:31", text)
    file = GOLDEN / f"{case.__name__}.txt"
    if os.environ.get("LAMINA_RECORD"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_text_has_its_case():
    mine = {case.__name__ for case in CASES}
    assert mine <= {file.stem for file in GOLDEN.glob("*.txt")}
