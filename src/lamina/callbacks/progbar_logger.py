"""The progress of ``fit`` as text."""

from __future__ import annotations

from ..training.progress import Progress
from .callback import Callback


class ProgbarLogger(Callback):
    """Shows epoch, step, milliseconds a step, loss and metrics: see ``verbose`` of ``fit``.

    On a terminal a bar moves at most 20 times a second; elsewhere each epoch is one line. ``fit`` adds it on its own.

    >>> lamina.callbacks.ProgbarLogger().wants_batches("train")
    False
    """

    def __init__(self):
        super().__init__()
        self.progress = Progress(0)
        self.step = 0

    def on_train_begin(self, logs=None):
        self.progress = Progress(self.params.get("verbose", 1))

    def on_epoch_begin(self, epoch, logs=None):
        self.step = self.model._position.step
        epochs = self.params.get("epochs")
        self.progress.begin(f"Epoch {epoch + 1}/{epochs}", self.params.get("steps"), self.step)

    def on_progress(self, step, logs=None):
        self.step = step
        self.progress.update(step, logs or {})

    def on_epoch_end(self, epoch, logs=None):
        self.progress.end(self.step, logs or {})

    def on_train_end(self, logs=None):
        self.progress.close()
