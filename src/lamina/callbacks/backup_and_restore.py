"""Training that goes on where it was killed, bit for bit."""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, LaminaWarning, message
from ..training import checkpoint
from ..training.position import Position
from .callback import Callback


class BackupAndRestore(Callback):
    """Keeps checkpoints of a training, and goes on from the newest one if ``fit`` is called again after a crash.

    backup_dir         a folder of its own for this training
    save_freq          "epoch", or a number of steps; then a training goes on in the middle of an epoch
    delete_checkpoint  whether the checkpoints are removed when training is over

    A checkpoint holds weights, optimizer, metrics, random state, the place in the data, the history and what the other
    callbacks know (``Callback.get_state``). The resumed training gives the same bits as one that was never broken off,
    with the same arguments of ``fit`` on the same data. Each file appears whole or not at all; two are kept, and a
    damaged one is reported and passed over. After Ctrl-C, the step at which it came is saved.

    ArgumentError for another ``save_freq``; FileFormatError where the checkpoint belongs to another model.

    >>> lamina.callbacks.BackupAndRestore("backup", save_freq=100).steps_between
    100
    """

    runs_last = True

    def __init__(self, backup_dir: str | os.PathLike, save_freq: str | int = "epoch", delete_checkpoint: bool = True):
        super().__init__()
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise ArgumentError(
                message("save_freq says when to save", got=repr(save_freq), want='"epoch" or a number of steps')
            )
        if not os.fspath(backup_dir):
            raise ArgumentError(message("BackupAndRestore needs a folder", got=repr(backup_dir)))
        self.folder, self.save_freq, self.delete_checkpoint = Path(backup_dir), save_freq, delete_checkpoint
        self.steps_between = None if save_freq == "epoch" else save_freq
        self.others: list[Any] = []
        self.loaded: Any = None

    def on_train_begin(self, logs=None):
        self.others = [c for c in self.model._callbacks if c is not self and hasattr(c, "get_state") and c.get_state()]
        self.loaded = checkpoint.load(self.folder)
        if self.loaded is None:
            return
        position, plan = Position(**self.loaded[1]["position"]), self.loaded[1]["plan"]
        if plan != self.model._plan:
            raise ArgumentError(
                message(
                    f"the checkpoint in {self.folder.name} belongs to another call of fit",
                    got=told(self.model._plan),
                    want=told(plan),
                    fix="call fit with the same data and arguments, or delete the folder",
                )
            )
        self.model._position = position
        self.take_back()
        if position.step == 0:
            self.loaded = None

    def on_epoch_begin(self, epoch, logs=None):
        if self.loaded is not None:  # in the middle of an epoch: what the others did when it began is saved already
            self.take_back()
            self.loaded = None

    def take_back(self) -> None:
        """Everything as it was when the checkpoint was written."""
        saved, state = self.loaded
        checkpoint.restore(self.model.state_variables(), saved, self.folder)
        self.model.stop_training = state["stop_training"]
        names = [type(c).__name__ for c in self.others]
        if names != [name for name, _ in state["callbacks"]]:
            warnings.warn(
                LaminaWarning(
                    message(
                        "the callbacks are not those of the checkpoint, and begin anew",
                        got=", ".join(names),
                        want=", ".join(n for n, _ in state["callbacks"]),
                    )
                ),
                stacklevel=2,
            )
            return
        for callback, (_, known) in zip(self.others, state["callbacks"], strict=True):
            callback.set_state(known)

    def save(self) -> None:
        """Writes a checkpoint of this moment."""
        state = {
            "position": asdict(self.model._position),
            "plan": self.model._plan,
            "stop_training": self.model.stop_training,
            "callbacks": [(type(c).__name__, c.get_state()) for c in self.others],
        }
        number = 2 * self.model._position.done + (
            self.model._position.step == 0
        )  # the end of an epoch comes after its last step
        checkpoint.save(self.folder, number, self.model.state_variables(), state)

    def on_steps_end(self, step, logs=None):
        self.save()

    def on_epoch_end(self, epoch, logs=None):
        self.save()

    def on_train_interrupt(self):
        self.save()

    def on_train_end(self, logs=None):
        if self.delete_checkpoint and not self.model._interrupted:
            checkpoint.clear(self.folder)


def told(plan: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v}" for k, v in plan.items())
