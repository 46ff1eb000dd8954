"""A learning rate for each epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ArgumentError, message
from .callback import Callback


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    schedule  takes the number of the epoch, from 0, and the learning rate now, and gives the new one, a float; it may
              also take the number of the epoch only
    verbose   1 says which it is

    ArgumentError where the schedule gives no number.

    >>> scheduler = lamina.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    >>> scheduler.schedule(0, 1.0)
    0.9
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        try:
            new = self.schedule(epoch, rate)
        except TypeError:
            new = self.schedule(epoch)
        if not isinstance(new, int | float | np.floating | np.ndarray) or np.ndim(new):
            raise ArgumentError(
                message("the schedule of a LearningRateScheduler gives a number", got=repr(new)[:60], want="a float")
            )
        self.model.optimizer.learning_rate = float(new)
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: the learning rate is {float(new):g}")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
