"""The model as a file, each epoch or when it is better than before."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ArgumentError, message
from .monitoring import Monitor


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, while it is trained.

    filepath                 where to; may name the epoch and the logs: ``"best-{epoch:02d}-{val_loss:.2f}.lamina"``
    monitor                  what is watched
    verbose                  1 says when a file is written
    save_best_only           whether only better models are saved
    save_weights_only        whether ``save_weights`` is called instead of ``save``
    mode                     "min", "max" or "auto": which is better
    save_freq                "epoch", or a number of batches
    initial_value_threshold  what the first model must beat, with ``save_best_only``

    The file can be loaded with ``lamina.load_model``. ArgumentError for another ``save_freq``.

    >>> lamina.callbacks.ModelCheckpoint("model-{epoch:02d}.lamina").path(0, {})
    'model-01.lamina'
    """

    def __init__(
        self,
        filepath,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode)
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise ArgumentError(
                message("save_freq says when to save", got=repr(save_freq), want='"epoch" or a number of batches')
            )
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only, self.save_freq = save_best_only, save_weights_only, save_freq
        self.steps_between = None if save_freq == "epoch" else save_freq
        self.best: float | None = initial_value_threshold
        self.epoch = 0

    def path(self, epoch: int, logs) -> str:
        """The name of the file for an epoch."""
        try:
            return self.filepath.format(epoch=epoch + 1, **(logs or {}))
        except KeyError as problem:
            raise ArgumentError(
                message(
                    f"ModelCheckpoint: the file name asks for {problem}, which is not measured",
                    got=self.filepath,
                    want=", ".join(["epoch", *(logs or {})]),
                )
            ) from None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_steps_end(self, step, logs=None):
        self.save(self.epoch, logs)

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self.save(epoch, logs)

    def save(self, epoch: int, logs) -> None:
        """Writes the file, unless only better models are wanted and this is none."""
        path = self.path(epoch, logs)
        if self.save_best_only:
            value = self.value(logs)
            best = self.worst if self.best is None else self.best
            if value is None or not self.better(value, best):
                return
            if self.verbose > 0:
                print(f"Epoch {epoch + 1}: {self.monitor} went from {best:.5g} to {value:.5g}, saved as {path}")
            self.best = value
        elif self.verbose > 0:
            print(f"Epoch {epoch + 1}: saved as {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def get_state(self):
        return {"best": self.best}

    def set_state(self, state):
        self.best = state["best"]
