"""What a callback is, and the list that calls several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ArgumentError, message

KINDS = ("train", "test", "predict")


class Callback:
    """Code that is run at certain moments of training. A subclass overrides the hooks it needs.

    ``model`` is the model in training, ``params`` a dict with ``epochs``, ``steps`` and ``verbose``. A hook gets the
    number of the epoch or batch and ``logs``, a dict of loss and metrics so far. What a hook does to the model (its
    learning rate, ``trainable``, weights) takes effect at the next step. ``self.model.stop_training = True`` ends it.

    Batch hooks make training enter Python at each batch. To look every now and then at native speed, override
    ``on_progress``, or set ``steps_between`` and override ``on_steps_end``.

    steps_between  a number of steps: ``on_steps_end`` is called whenever so many steps of this ``fit`` are done
    runs_last      whether this callback is called after all others, because it records what they did

    >>> class Announce(lamina.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print("epoch", epoch, "is over")
    >>> Announce().on_epoch_end(3)
    epoch 3 is over
    """

    steps_between: int | None = None
    runs_last = False

    def __init__(self):
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self.validation_data = None

    def set_model(self, model) -> None:
        """Called once, before training."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once, before training."""
        self.params = params

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold so that training can go on exactly: plain numbers, texts, lists and dicts."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back what ``get_state`` gave."""

    def on_steps_end(self, step: int, logs=None) -> None:
        """``step`` steps of this ``fit`` are done, a multiple of ``steps_between``."""

    def on_progress(self, step: int, logs=None) -> None:
        """``step`` steps of this epoch are done: called about 20 times a second, and at the last step of an epoch.

        The clock decides at which steps that is: a hook that changes the model here gives up the same bits in each run.
        """

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        """An epoch begins, counted from 0."""

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        """An epoch is over; ``logs`` holds loss and metrics, and those of the validation as ``val_…``."""

    def on_train_begin(self, logs=None) -> None:
        """``fit`` begins; the weights exist."""

    def on_train_end(self, logs=None) -> None:
        """``fit`` ends, also when it was stopped."""

    def on_train_interrupt(self) -> None:
        """Ctrl-C came while steps were running; they are done. ``on_train_end`` follows."""

    def on_test_begin(self, logs=None) -> None:
        """``evaluate``, or a validation, begins."""

    def on_test_end(self, logs=None) -> None:
        """``evaluate``, or a validation, ends."""

    def on_predict_begin(self, logs=None) -> None:
        """``predict`` begins."""

    def on_predict_end(self, logs=None) -> None:
        """``predict`` ends."""

    def on_batch_begin(self, batch: int, logs=None) -> None:
        """The same as ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs=None) -> None:
        """The same as ``on_train_batch_end``."""

    def on_train_batch_begin(self, batch: int, logs=None) -> None:
        """A batch of training begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        """A batch of training is done."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs=None) -> None:
        """A batch of ``evaluate`` begins."""

    def on_test_batch_end(self, batch: int, logs=None) -> None:
        """A batch of ``evaluate`` is done."""

    def on_predict_batch_begin(self, batch: int, logs=None) -> None:
        """A batch of ``predict`` begins."""

    def on_predict_batch_end(self, batch: int, logs=None) -> None:
        """A batch of ``predict`` is done; ``logs`` is ``{"outputs": …}``."""

    def wants_batches(self, kind: str) -> bool:
        """Whether the batch hooks of "train", "test" or "predict" do anything."""
        names = [f"on_{kind}_batch_begin", f"on_{kind}_batch_end"]
        if kind == "train":
            names += ["on_batch_begin", "on_batch_end"]
        return any(getattr(type(self), name) is not getattr(Callback, name) or name in self.__dict__ for name in names)


class CallbackList:
    """Several callbacks, called in order; those that ``runs_last`` come after the others.

    callbacks  a callback, a list of them, or None
    defaults   more of them, called after the user's own

    ArgumentError where something is no callback.
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        defaults: Iterable[Callback] = (),
        model=None,
        params: dict[str, Any] | None = None,
    ):
        own = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        for callback in own:
            if not hasattr(callback, "on_epoch_end") or isinstance(callback, type):
                raise ArgumentError(
                    message(
                        "this is no callback",
                        got=repr(callback)[:60],
                        want="an object of a class that derives from Callback",
                        fix="pass an instance: EarlyStopping()",
                    )
                )
        every = [*own, *defaults]
        last = [c for c in every if getattr(c, "runs_last", False)]
        self.callbacks: list[Any] = [c for c in every if c not in last] + last
        self.model, self.params = model, params or {}
        self.wanted = {kind: [c for c in self.callbacks if wants(c, kind)] for kind in KINDS}
        for callback in self.callbacks:
            callback.set_params(self.params)
            callback.set_model(model)

    def __iter__(self):
        return iter(self.callbacks)

    def wants_batches(self, kind: str) -> bool:
        """Whether any callback must be called at each batch."""
        return bool(self.wanted[kind])

    def strides(self) -> list[int]:
        """After how many steps ``on_steps_end`` is wanted, for each callback that wants it."""
        found = (getattr(c, "steps_between", None) for c in self.callbacks)
        return [n for n in found if n]

    def call(self, hook: str, *arguments) -> None:
        """The hook of every callback."""
        for callback in self.callbacks:
            if hasattr(callback, hook):
                getattr(callback, hook)(*arguments)

    def batch(self, kind: str, moment: str, number: int, logs=None) -> None:
        """The batch hook ("begin" or "end") of the callbacks that override it."""
        for callback in self.wanted[kind]:
            getattr(callback, f"on_{kind}_batch_{moment}")(number, logs)

    def wants_progress(self) -> bool:
        """Whether any callback looks about 20 times a second."""
        hooks = [(c, getattr(type(c), "on_progress", None)) for c in self.callbacks]
        return any(hook not in (None, Callback.on_progress) or "on_progress" in vars(c) for c, hook in hooks)

    def progress(self, step: int, logs: dict[str, float]) -> None:
        """Tells all callbacks how far the epoch has come."""
        for callback in self.callbacks:
            if hasattr(callback, "on_progress"):
                callback.on_progress(step, logs)

    def steps_end(self, step: int, logs: dict[str, float]) -> None:
        """Calls the callbacks whose stride ends at this step."""
        for callback in self.callbacks:
            stride = getattr(callback, "steps_between", None)
            if stride and step % stride == 0:
                callback.on_steps_end(step, logs)


def wants(callback, kind: str) -> bool:
    """Whether a callback's batch hooks do anything; one that does not say so is called."""
    return callback.wants_batches(kind) if hasattr(callback, "wants_batches") else True
