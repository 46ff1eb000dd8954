"""Stop when it gets no better."""

from __future__ import annotations

from .monitoring import Monitor


class EarlyStopping(Monitor):
    """Ends training when a measure has not become better for some epochs.

    monitor               what is watched
    min_delta             smaller changes count as none, 0 or more
    patience              how many epochs without improvement are borne
    verbose               1 says so when it stops
    mode                  "min", "max" or "auto": which is better
    baseline              a value that must be beaten at all; None for none
    restore_best_weights  whether the weights of the best epoch are put back at the end
    start_from_epoch      how many epochs pass before it begins to watch

    ``stopped_epoch`` is the epoch at which it stopped, 0 if it did not; ``best_epoch`` the one with the best measure.

    >>> stopper = lamina.callbacks.EarlyStopping(monitor="val_accuracy", patience=3, restore_best_weights=True)
    >>> stopper.better(0.9, 0.8)
    True
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.begin()

    def begin(self) -> None:
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best: float | None = None
        self.best_weights: list | None = None

    def on_train_begin(self, logs=None):
        self.begin()

    def on_epoch_end(self, epoch, logs=None):
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch  # if no epoch is good, the first one
        self.wait += 1
        if self.better(value, self.worst if self.best is None else self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring the weights of epoch {self.best_epoch + 1}, the best one")
            self.model.set_weights(self.best_weights)

    def get_state(self):
        return {
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
            "best_epoch": self.best_epoch,
            "best": self.best,
            "best_weights": self.best_weights,
        }

    def set_state(self, state):
        self.__dict__.update(state)
