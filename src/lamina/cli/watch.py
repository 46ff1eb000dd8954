"""What ``lamina train`` sees while a network learns: progress for the eye, and which class is learnt when."""

from __future__ import annotations

import numpy as np

from ..callbacks import Callback
from ..training.progress import Progress
from . import console

LEARNT = 0.95  # the share of a class's pictures that is right once it counts as learnt
SAMPLE = 2000  # pictures that are looked at after each epoch
LINES = 12  # about how many epochs get a line of their own


class Watch(Callback):
    """Draws a bar while an epoch runs, a line for some epochs, and notes how much of each class is right.

    x, y     training pictures, the first SAMPLE of which are looked at after each epoch
    classes  how many there are
    quiet    whether nothing is written
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, classes: int, quiet: bool):
        super().__init__()
        self.x, self.y, self.classes, self.quiet = x[:SAMPLE], y[:SAMPLE], classes, quiet
        self.shares: list[np.ndarray] = []
        self.progress = Progress(0 if quiet else 1, lasting=False)

    def on_epoch_begin(self, epoch, logs=None):
        self.progress.begin(f"  epoch {epoch + 1}/{self.params['epochs']}", self.params["steps"])

    def on_progress(self, step, logs=None):
        self.progress.update(step, logs or {})

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        self.progress.close()
        right = self.model.predict(self.x, batch_size=500, verbose=0).argmax(1) == self.y
        asked = np.bincount(self.y, minlength=self.classes)
        self.shares.append(np.bincount(self.y[right], minlength=self.classes) / np.maximum(asked, 1))
        epochs = self.params["epochs"]
        stride = max(1, -(-epochs // LINES))
        if not self.quiet and (epoch == 0 or epoch + 1 == epochs or (epoch + 1) % stride == 0):
            console.say(
                f"  epoch {epoch + 1:>3}  loss {logs['loss']:.4f}  right {console.percent(logs['accuracy']):>7}"
            )

    def on_train_end(self, logs=None):
        self.progress.close()

    def learnt_in(self) -> list[int | None]:
        """For each class the epoch from which on it stayed learnt, counted from 1; None if it is not learnt yet."""
        found: list[int | None] = []
        for label in range(self.classes):
            learnt = [share[label] >= LEARNT for share in self.shares]
            lapses = [i for i, yes in enumerate(learnt) if not yes]
            after = lapses[-1] + 2 if lapses else 1
            found.append(after if after <= len(learnt) else None)
        return found


def slowest(watch: Watch, names: list[str], most: int = 3) -> list[str]:
    """The classes that were learnt last, in words."""
    order = sorted(range(len(names)), key=lambda k: (-(watch.learnt_in()[k] or 10**9), watch.shares[-1][k]))
    told = []
    for label in order[:most]:
        epoch = watch.learnt_in()[label]
        when = f"in epoch {epoch}" if epoch else f"not yet, {console.percent(watch.shares[-1][label])} right"
        told.append(f"{names[label]} ({when})")
    return told
