"""The same seed gives the same bits: whatever the number of threads, whoever watches, whatever is asked for."""

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers, losses, models, ops
from lamina.backends import native
from lamina.gradients import gradients
from lamina.trace import Generator, trace
from lamina.types import Type


def mlp():
    return models.Sequential([layers.Input((8, 8)), layers.Flatten(), layers.Dense(64, activation="relu"),
                              layers.Dense(10, activation="softmax")])  # fmt: skip


def normalised():
    return models.Sequential([
        layers.Input((64,)), layers.Dense(50, use_bias=False), layers.BatchNormalization(), layers.Activation("relu"),
        layers.Dropout(0.3), layers.Dense(33, activation="tanh"), layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def sequence():
    return models.Sequential([layers.Input((16,), dtype="int32"), layers.Embedding(50, 12), layers.LSTM(20),
                              layers.Dense(10, activation="softmax")])  # fmt: skip


NETWORKS = {"mlp": (mlp, (8, 8)), "normalised": (normalised, (64,)), "sequence": (sequence, (16,))}


def data(shape):
    rng = np.random.default_rng(7)
    x = rng.integers(0, 50, (230, *shape)).astype("int32") if shape == (16,) else rng.random((230, *shape), "float32")
    return x, rng.integers(0, 10, 230)


class EachBatch(callbacks.Callback):
    """Enters Python at every step, and looks."""

    def on_train_batch_end(self, batch, logs=None):
        self.seen = [w.sum() for w in self.model.get_weights()]


def trained(name, **options):
    lamina.random.set_seed(3)
    make, shape = NETWORKS[name]
    model = make()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(*data(shape), epochs=3, batch_size=32, **{"verbose": 0, **options})
    return b"".join(w.tobytes() for w in model.get_weights()), history.history


@pytest.mark.parametrize("name", NETWORKS)
def test_threads_progress_and_callbacks_change_no_bit(name, capsys):
    threads = native.get_num_threads()
    try:
        native.set_num_threads(1)
        wanted = trained(name)
        for count in (1, 2, 3, 8):
            native.set_num_threads(count)
            assert trained(name) == wanted
        assert trained(name, verbose=2) == wanted
        assert trained(name, verbose=1) == wanted
        assert trained(name, callbacks=[EachBatch()]) == wanted
    finally:
        native.set_num_threads(threads)


@pytest.mark.parametrize("name", NETWORKS)
def test_asking_for_a_value_changes_no_bit(name):
    make, shape = NETWORKS[name]

    def outcome(curious):
        lamina.random.set_seed(3)
        model = make()
        x, y = data(shape)

        def step(x, y):
            values = [x]
            for layer in model.layers:
                values.append(layer(values[-1], training=True))
            loss = ops.mean(losses.sparse_categorical_crossentropy(y, values[-1]))
            variables = model.trainable_variables
            grads = gradients([loss], [v.value for v in variables])
            for v, g in zip(variables, grads, strict=True):
                v.assign_sub(0.1 * g)
            return [loss, *(values[1:] + grads if curious else [])]

        types = [Type(str(x.dtype), (32, *x.shape[1:])), Type("int64", (32,))]
        program = trace(step, types, training=True, generator=Generator(1)).program("native")
        program.run_steps([x, y], np.arange(len(x)), 0, 7)
        return b"".join(w.tobytes() for w in model.get_weights())

    assert outcome(False) == outcome(True)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step_is_wholly_native(name):
    model = NETWORKS[name][0]()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    assert {line.backend for line in lamina.explain(model).training.lines} == {"native"}
