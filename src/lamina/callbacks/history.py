"""What was measured, epoch by epoch."""

from __future__ import annotations

from typing import Any

from .callback import Callback


class History(Callback):
    """Loss and metrics of each epoch; ``fit`` gives it back.

    history  a dict of lists, one number for each epoch: ``history["val_loss"][-1]``
    epoch    the numbers of the epochs
    params   ``epochs``, ``steps``, ``verbose``

    >>> history = lamina.callbacks.History()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    def __init__(self):
        super().__init__()
        self.history: dict[str, list] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs=None):
        self.epoch = []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def get_state(self) -> dict[str, Any]:
        return {"history": self.history, "epoch": self.epoch}

    def set_state(self, state):
        self.history, self.epoch = state["history"], state["epoch"]

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.history.items() if values)
        return f"<History of {len(self.epoch)} epochs: {last}>"
