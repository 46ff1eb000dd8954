"""Stop when the loss is no number any more."""

from __future__ import annotations

import numpy as np

from .callback import Callback


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite, and says at which step that came.

    The program itself notes the first bad step, and training looks at the note after every 16 steps and at the end of
    an epoch: no Python at each step. So up to 15 more steps are made; they are the same ones each time.

    first_bad_step  the number of the step, counted from the first step of the model, or None

    >>> lamina.callbacks.TerminateOnNaN().first_bad_step is None
    True
    """

    steps_between = 16
    watches_loss = True

    def __init__(self):
        super().__init__()
        self.first_bad_step: int | None = None

    def on_train_begin(self, logs=None):
        self.first_bad_step = None

    def look(self, logs) -> None:
        step = self.model.first_bad_step
        loss = (logs or {}).get("loss", 0.0)
        if self.first_bad_step is not None or (step is None and np.isfinite(loss)):
            return
        self.first_bad_step = step
        self.model.stop_training = True
        at = "" if step is None else f" since step {step}"
        print(f"The loss is no finite number{at}: training stops. A smaller learning rate or clipnorm=1.0 may help.")

    def on_steps_end(self, step, logs=None):
        self.look(logs)

    def on_epoch_end(self, epoch, logs=None):
        self.look(logs)
