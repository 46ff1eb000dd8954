"""A smaller learning rate when it gets no better."""

from __future__ import annotations

from ..errors import ArgumentError, message
from .monitoring import Monitor


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by a factor when a measure has not become better for some epochs.

    monitor    what is watched
    factor     within 0..1: new learning rate = learning rate * factor
    patience   how many epochs without improvement are borne
    verbose    1 says so when the learning rate changes
    mode       "min", "max" or "auto": which is better
    min_delta  smaller changes count as none
    cooldown   how many epochs after a change are not watched
    min_lr     the learning rate never gets smaller than this

    ArgumentError for a factor of 1 or more.

    >>> lamina.callbacks.ReduceLROnPlateau(factor=0.5, patience=2).factor
    0.5
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        if factor >= 1.0:
            raise ArgumentError(
                message(
                    "ReduceLROnPlateau makes the learning rate smaller", got=f"factor={factor}", want="a factor below 1"
                )
            )
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.begin()

    def begin(self) -> None:
        self.wait, self.cooldown_counter, self.best = 0, 0, self.worst

    def on_train_begin(self, logs=None):
        self.begin()

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        if logs is not None:
            logs["learning_rate"] = rate
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self.reduce(epoch, rate)

    def reduce(self, epoch: int, rate: float) -> None:
        """The smaller rate, unless it is the smallest already."""
        if rate <= self.min_lr:
            return
        new = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: the learning rate is now {new:g}")
        self.cooldown_counter, self.wait = self.cooldown, 0

    def get_state(self):
        return {"wait": self.wait, "cooldown_counter": self.cooldown_counter, "best": self.best}

    def set_state(self, state):
        self.__dict__.update(state)
