"""Callbacks: what they see, what they may change in mid-training, and when they stop it."""

import csv
import math

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers
from lamina.errors import ArgumentError, LaminaWarning
from lamina.training.progress import Progress
from ways import every_way

X = np.random.default_rng(7).normal(size=(20, 3)).astype("float32")
Y = X @ np.array([[1.0], [2.0], [-1.0]], "float32")


def model_of(way=None, rate=0.1, units=1):
    first, last = layers.Dense(4, activation="tanh", name="first"), layers.Dense(units, name="last")
    model = lamina.Sequential([lamina.Input((3,)), first, last])
    weights = np.random.default_rng(3)
    model.set_weights([weights.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    model.compile(lamina.optimizers.SGD(rate), loss="mse", **(way or {"backend": "reference"}))
    return model


class Recorder(callbacks.Callback):
    """Writes down every hook that is called."""

    def __init__(self):
        super().__init__()
        self.calls = []
        for name in callbacks.lambda_callback.HOOKS:
            if name not in ("on_progress", "on_batch_begin", "on_batch_end"):
                setattr(
                    self,
                    name,
                    lambda *a, name=name: self.calls.append((name, *a[:1]) if a and isinstance(a[0], int) else (name,)),
                )


@every_way
def test_hooks_come_in_order(way):
    seen = Recorder()
    model_of(way).fit(X, Y, batch_size=10, epochs=1, validation_split=0.5, verbose=0, callbacks=[seen])
    assert seen.calls == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0),
        ("on_test_end",),
        ("on_epoch_end", 0),
        ("on_train_end",),
    ]
    seen = Recorder()
    model = model_of(way)
    model.predict(X, batch_size=10, verbose=0, callbacks=[seen])
    model.evaluate(X, Y, batch_size=20, verbose=0, callbacks=[seen])
    assert [c[0] for c in seen.calls] == [
        "on_predict_begin",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_predict_end",
        "on_test_begin",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_test_end",
    ]


@every_way
def test_a_new_learning_rate_acts_at_the_next_step(way):
    class Halt(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.0
            self.weights = getattr(self, "weights", None) or self.model.get_weights()

    halt, model = Halt(), model_of(way)
    before = model.get_weights()
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[halt])
    assert abs(before[0] - halt.weights[0]).max() > 0
    for a, b in zip(halt.weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@every_way
def test_a_layer_frozen_in_mid_training_stays_and_learns_again(way):
    seen = []

    class Freeze(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.get_layer("first").trainable = epoch != 1

        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.get_weights())

    model_of(way).fit(X, Y, batch_size=5, epochs=3, verbose=0, callbacks=[Freeze()])
    np.testing.assert_array_equal(seen[0][0], seen[1][0])
    assert abs(seen[0][2] - seen[1][2]).max() > 0
    assert abs(seen[1][0] - seen[2][0]).max() > 0


@every_way
def test_weights_set_in_mid_training_are_trained_on(way):
    start = model_of(way).get_weights()

    class Back(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.set_weights(start)

    model = model_of(way)
    history = model.fit(X, Y, batch_size=20, epochs=3, verbose=0, callbacks=[Back()])
    np.testing.assert_allclose(history.history["loss"], history.history["loss"][0], rtol=1e-6)


@every_way
def test_training_can_be_stopped_at_a_batch(way):
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = model_of(way)
    history = model.fit(X, Y, batch_size=5, epochs=3, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert int(model.optimizer.iterations) == 2


def feed(callback, values, name="val_loss"):
    """A callback that sees these values, one an epoch; gives the epochs that were seen."""
    model = model_of()
    model._state.listed = None
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.set_weights([np.full(w.shape, epoch, "float32") for w in model.get_weights()])
        logs = {name: value}
        callback.on_epoch_end(epoch, logs)
        callback.logs = logs
        if model.stop_training:
            break
    callback.on_train_end()
    return model, epoch


@pytest.mark.parametrize(
    ("told", "values", "last", "best"),
    [
        ({}, [1.0, 0.9, 0.95, 0.8], 2, 1),
        ({"patience": 2}, [1.0, 0.9, 0.95, 0.8, 0.81, 0.82, 0.7], 5, 3),
        ({"min_delta": 0.2}, [1.0, 0.9, 0.85], 1, 0),
        ({"mode": "max"}, [0.1, 0.2, 0.2], 2, 1),
        ({"baseline": 0.5, "patience": 2}, [0.9, 0.95, 0.4], 1, 0),
        ({"start_from_epoch": 2}, [0.1, 0.2, 0.3, 0.25, 0.26], 4, 3),
        ({"patience": 1}, [0.5, math.nan, 0.1], 1, 0),
    ],
)
def test_early_stopping_and_the_best_weights(told, values, last, best):
    stopper = callbacks.EarlyStopping(restore_best_weights=True, **told)
    model, epoch = feed(stopper, values)
    assert (epoch, stopper.stopped_epoch, stopper.best_epoch) == (last, last, best)
    assert model.get_weights()[0][0, 0] == best


def test_auto_mode_knows_what_is_better():
    for name, sign in (
        ("val_loss", -1),
        ("val_accuracy", 1),
        ("auc", 1),
        ("mae", -1),
        ("val_recall", 1),
        ("kind_loss", -1),
    ):
        assert callbacks.EarlyStopping(name).sign == sign, name


def test_a_measure_that_is_not_there_is_said():
    with pytest.warns(LaminaWarning, match="EarlyStopping watches 'val_loss', which is not measured"):
        model_of().fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])


def test_the_learning_rate_falls_on_a_plateau():
    reduce = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.02)
    rates = []
    callback = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    model = model_of()
    reduce.set_model(model)
    reduce.on_train_begin()
    for epoch in range(12):
        logs = {"val_loss": 1.0}
        reduce.on_epoch_end(epoch, logs)
        rates.append(round(float(model.optimizer.learning_rate), 4))
    assert callback.model is None
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02]
    assert logs["learning_rate"] == pytest.approx(0.02)
    waiting = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=3)
    waiting.set_model(model)
    model.optimizer.learning_rate = 0.5
    for epoch, rate in enumerate([0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125]):
        waiting.on_epoch_end(epoch, {"val_loss": 1.0})
        assert float(model.optimizer.learning_rate) == rate
    with pytest.raises(ArgumentError, match="a factor below 1"):
        callbacks.ReduceLROnPlateau(factor=1.0)


@every_way
def test_a_learning_rate_for_each_epoch(way):
    model = model_of(way)
    history = model.fit(
        X, Y, epochs=3, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)]
    )
    np.testing.assert_allclose(history.history["learning_rate"], [0.05, 0.025, 0.0125])
    history = model.fit(
        X, Y, epochs=2, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.1 + epoch)]
    )
    np.testing.assert_allclose(history.history["learning_rate"], [0.1, 1.1], rtol=1e-6)
    with pytest.raises(ArgumentError, match="gives a number"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: "fast")])


def test_a_table_of_the_epochs(tmp_path):
    path = tmp_path / "log.csv"
    history = model_of().fit(X, Y, epochs=2, verbose=0, validation_split=0.5, callbacks=[callbacks.CSVLogger(path)])
    model_of().fit(X, Y, epochs=1, verbose=0, validation_split=0.5, callbacks=[callbacks.CSVLogger(path, append=True)])
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["epoch", "loss", "val_loss"]
    assert [r[0] for r in rows[1:]] == ["0", "1", "0"]
    assert float(rows[2][1]) == history.history["loss"][1]


@every_way
def test_training_ends_when_the_loss_is_no_number(way, capsys):
    guard, model = callbacks.TerminateOnNaN(), model_of(way, rate=1e12)
    model.fit(X, Y, batch_size=1, epochs=9, verbose=0, callbacks=[guard])
    assert model._position.done == 16
    assert 1 <= guard.first_bad_step <= 15
    assert f"since step {guard.first_bad_step}" in capsys.readouterr().out
    calm = callbacks.TerminateOnNaN()
    assert len(model_of(way).fit(X, Y, epochs=2, verbose=0, callbacks=[calm]).epoch) == 2
    assert calm.first_bad_step is None


@every_way
def test_a_look_every_so_many_steps(way):
    class Every(callbacks.Callback):
        steps_between = 3

        def __init__(self):
            super().__init__()
            self.steps = []

        def on_steps_end(self, step, logs=None):
            self.steps.append((step, int(self.model.optimizer.iterations), "loss" in logs))

    every = Every()
    model_of(way).fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[every])
    assert every.steps == [(n, n, True) for n in (3, 6, 9)]


def test_model_checkpoints_are_saved_when_better(tmp_path):
    saved = []
    keeper = callbacks.ModelCheckpoint(tmp_path / "m-{epoch:02d}-{val_loss:.1f}.x", save_best_only=True)
    model = model_of()
    model.save = lambda path: saved.append(path.rsplit("/", 1)[1])
    keeper.set_model(model)
    for epoch, value in enumerate([1.0, 1.5, 0.5]):
        keeper.on_epoch_begin(epoch)
        keeper.on_epoch_end(epoch, {"val_loss": value})
    assert saved == ["m-01-1.0.x", "m-03-0.5.x"]
    by_steps = callbacks.ModelCheckpoint(tmp_path / "w", save_weights_only=True, save_freq=2)
    model.save_weights = lambda path: saved.append(path.rsplit("/", 1)[1])
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[by_steps])
    assert saved[2:] == ["w"] * 4
    with pytest.raises(ArgumentError, match="asks for 'val_acc', which is not measured"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.ModelCheckpoint("{val_acc}.x")])


def test_functions_as_callbacks():
    seen = []
    model_of().fit(
        X,
        Y,
        batch_size=5,
        verbose=0,
        callbacks=[
            callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: seen.append(("epoch", epoch)),
                on_train_batch_end=lambda batch, logs: seen.append(("batch", batch)),
            )
        ],
    )
    assert seen == [("epoch", 0), *(("batch", i) for i in range(4))]
    with pytest.raises(ArgumentError, match="unknown hook of a callback 'on_epoch_stop'"):
        callbacks.LambdaCallback(on_epoch_stop=print)


@every_way
def test_progress_is_told_at_the_end_of_an_epoch_at_least(way):
    seen = []
    told = callbacks.LambdaCallback(on_progress=lambda step, logs: seen.append((step, "loss" in logs)))
    model_of(way).fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[told])
    assert seen.count((4, True)) >= 2


def test_one_line_an_epoch_without_a_terminal(capsys):
    model_of().fit(X, Y, batch_size=5, epochs=2, validation_split=0.5, verbose="auto")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Epoch 2/2  2 steps  ")
    assert " ms/step  loss " in lines[1]
    assert " val_loss " in lines[1]
    model_of().evaluate(X, Y)
    assert capsys.readouterr().out.startswith("Evaluate  1 step  ")
    model_of().fit(X, Y, verbose=0)
    model_of().predict(X)
    assert capsys.readouterr().out == ""


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for no_color in (False, True):
        if no_color:
            monkeypatch.setenv("NO_COLOR", "1")
        else:
            monkeypatch.delenv("NO_COLOR", raising=False)
            monkeypatch.setenv("FORCE_COLOR", "1")
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
            progress = Progress(1)
            progress.begin("Epoch 1/2", 10)
            progress.last = 0.0
            progress.update(5, {"loss": 0.25})
            progress.end(10, {"loss": 0.125})
        out = capsys.readouterr().out
        assert "━" in out
        assert "5/10" in out
        assert out.rstrip().endswith("loss 0.1250")
        assert ("\x1b[32m" in out) != no_color


def test_history_is_kept_by_the_model():
    model = model_of()
    history = model.fit(X, Y, epochs=3, verbose=0)
    assert model.history is history
    assert repr(history).startswith("<History of 3 epochs: loss ")
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 1}
