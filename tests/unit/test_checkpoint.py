"""Checkpoints: a training that was broken off goes on with the same bits, whatever happened to the files."""

import signal

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers
from lamina.errors import ArgumentError, FileFormatError, LaminaWarning
from lamina.training import checkpoint
from lamina.training.interrupt import Interrupt
from ways import every_way

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(26, 4)).astype("float32")
Y = RANDOM.integers(0, 3, 26)


class Crash(Exception):
    pass


def fresh(way, build=True, units=8):
    lamina.random.set_seed(2)
    some = [layers.Dense(units, activation="tanh", name="h"), layers.Dropout(0.3), layers.Dense(3, name="out")]
    model = lamina.Sequential([*([lamina.Input((4,))] if build else []), *some])
    model.compile(
        lamina.optimizers.Adam(0.05),
        loss=lamina.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **way,
    )
    return model


def others():
    """Callbacks with a memory of their own."""
    return [
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7),
        callbacks.ReduceLROnPlateau("loss", 0.5, 1),
        callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True),
    ]


def fit(model, *more, epochs=4, **told):
    return model.fit(
        X, Y, batch_size=5, epochs=epochs, validation_split=0.2, verbose=0, callbacks=[*others(), *more], **told
    )


def state_of(model):
    return [v.numpy() for v in model.state_variables()]


def crash_at(batch, epoch):
    def at(number, logs):
        if number == batch and crash.model._position.epoch == epoch:
            raise Crash

    crash = callbacks.LambdaCallback(on_train_batch_end=at)
    return crash


@every_way
@pytest.mark.parametrize(
    ("freq", "place", "build"),
    [("epoch", (0, 0), True), (1, (3, 0), False), (3, (1, 1), True), (1, (3, 3), True), ("epoch", (2, 2), False)],
)
def test_a_resumed_training_gives_the_same_bits(way, freq, place, build, tmp_path):
    want = fresh(way, build)
    history = fit(want)
    folder = tmp_path / "backup"
    with pytest.raises(Crash):
        fit(fresh(way, build), crash_at(*place), callbacks.BackupAndRestore(folder, freq))
    resumed = fresh(way, build)
    found = fit(resumed, callbacks.BackupAndRestore(folder, freq))
    assert found.history == history.history
    assert found.epoch == history.epoch
    for a, b in zip(state_of(want), state_of(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not folder.exists()


@every_way
def test_batches_from_elsewhere_resume_too(way, tmp_path):
    def batches():
        while True:
            yield from ((X[i : i + 5], Y[i : i + 5]) for i in range(0, 25, 5))

    want = fresh(way)
    want.fit(batches(), steps_per_epoch=4, epochs=3, verbose=0)
    with pytest.raises(Crash):
        fresh(way).fit(
            batches(),
            steps_per_epoch=4,
            epochs=3,
            verbose=0,
            callbacks=[crash_at(2, 1), callbacks.BackupAndRestore(tmp_path, 1)],
        )
    resumed = fresh(way)
    resumed.fit(batches(), steps_per_epoch=4, epochs=3, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, 1)])
    for a, b in zip(state_of(want), state_of(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def broken_off(folder, **told):
    model = fresh({"backend": "reference"}, **told)
    with pytest.raises(Crash):
        fit(model, crash_at(2, 1), callbacks.BackupAndRestore(folder, 1))
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:-1] + b"\x55",
        lambda data: data.replace(b"epoch", b"epocx"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over(tmp_path, harm):
    _older, newest = broken_off(tmp_path)
    (tmp_path / newest).write_bytes(harm((tmp_path / newest).read_bytes()))
    want, model = fresh({"backend": "reference"}), fresh({"backend": "reference"})
    fit(want)
    with pytest.warns(LaminaWarning, match="a checkpoint is damaged and is passed over"):
        fit(model, callbacks.BackupAndRestore(tmp_path, 1, delete_checkpoint=False))
    assert (tmp_path / f"{newest}.bad").exists()
    for a, b in zip(state_of(want), state_of(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_two_checkpoints_are_kept(tmp_path):
    assert len(broken_off(tmp_path)) == 2


def test_a_checkpoint_of_another_model_or_another_training_is_refused(tmp_path):
    broken_off(tmp_path)
    with pytest.raises(FileFormatError, match="belongs to another model"):
        fit(fresh({}, units=9), callbacks.BackupAndRestore(tmp_path, 1))
    with pytest.raises(ArgumentError, match="belongs to another call of fit"):
        fresh({}).fit(X, Y, batch_size=6, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, 1)])
    with pytest.warns(LaminaWarning, match="the callbacks are not those of the checkpoint"):
        fresh({}).fit(
            X[:20], Y[:20], batch_size=5, epochs=4, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, 1)]
        )


def test_a_crash_while_writing_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    names = broken_off(tmp_path)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no power")))
    with pytest.raises(OSError, match="no power"):
        checkpoint.save(tmp_path, 10**6, [], {})
    assert sorted(p.name for p in tmp_path.iterdir()) == names


@every_way
def test_ctrl_c_in_a_step_finishes_it_and_saves(way, tmp_path, monkeypatch):
    want, model = fresh(way), fresh(way)
    fit(want)

    class Press(callbacks.Callback):
        """Ctrl-C as soon as the seventh step runs."""

        def on_train_batch_begin(self, batch, logs=None):
            if self.model._position.done == 6:
                monkeypatch.setattr(Interrupt, "steps", pressed)

    steps = Interrupt.steps

    def pressed(self, run, *arguments):
        return steps(self, lambda: (signal.raise_signal(signal.SIGINT), run(*arguments))[1])

    with pytest.raises(KeyboardInterrupt):
        fit(model, Press(), callbacks.BackupAndRestore(tmp_path))
    monkeypatch.setattr(Interrupt, "steps", steps)
    assert model._position.done == 7
    assert int(model.optimizer.iterations) == 7
    resumed = fresh(way)
    fit(resumed, callbacks.BackupAndRestore(tmp_path))
    for a, b in zip(state_of(want), state_of(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_training_keeps_its_checkpoint_if_asked(tmp_path):
    model = fresh({})
    fit(model, callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False))
    again = fresh({})
    history = fit(again, callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert history.epoch == model.history.epoch
    for a, b in zip(state_of(model), state_of(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
