"""Better or worse: what early stopping, checkpoints and learning-rate plateaus have in common."""

from __future__ import annotations

import math
import warnings

from ..errors import ArgumentError, LaminaWarning, message
from .callback import Callback

MODES = ("auto", "min", "max")
LARGER_IS_BETTER = (
    "acc",
    "accuracy",
    "auc",
    "precision",
    "recall",
    "f1",
    "fbeta",
    "r2",
    "iou",
    "hit",
    "specificity",
    "sensitivity",
    "cosine",
    "dice",
    "top_k",
)


class Monitor(Callback):
    """A callback that watches one entry of the logs.

    monitor    the name of the entry, such as ``"val_loss"``
    mode       whether "min" or "max" is better; "auto" tells it from the name
    min_delta  smaller changes count as none
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0):
        super().__init__()
        if mode not in MODES:
            raise ArgumentError(
                message(
                    f"{type(self).__name__} does not know this mode", got=repr(mode), want=", ".join(map(repr, MODES))
                )
            )
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        name = monitor.removeprefix("val_").lower()
        grows = mode == "max" or (
            mode == "auto"
            and not name.endswith("loss")
            and any(word in name for word in LARGER_IS_BETTER)
            and not name.endswith("similarity_loss")
        )
        self.sign = 1.0 if grows else -1.0
        self.warned = False

    def set_model(self, model):
        super().set_model(model)
        told = [m.direction for m in getattr(model, "metrics", ()) if m.name == self.monitor.removeprefix("val_")]
        if self.mode == "auto" and told and getattr(told[0], "lower", None):
            self.sign = 1.0 if told[0] == "up" else -1.0

    @property
    def worst(self) -> float:
        """The value that every other one is better than."""
        return -self.sign * math.inf

    def better(self, value: float, reference: float) -> bool:
        """Whether a value is better than another by more than ``min_delta``."""
        return (
            self.sign * (value - reference) > self.min_delta
            if math.isfinite(reference)
            else self.sign * value > self.sign * reference
        )

    def value(self, logs) -> float | None:
        """The watched entry; a warning, once, where there is none."""
        logs = logs or {}
        if self.monitor in logs:
            return float(logs[self.monitor])
        if not self.warned:
            self.warned = True
            fix = "pass validation_data or validation_split to fit" if self.monitor.startswith("val_") else None
            warnings.warn(
                LaminaWarning(
                    message(
                        f"{type(self).__name__} watches {self.monitor!r}, which is not measured",
                        got=", ".join(logs) or "no logs",
                        fix=fix,
                    )
                ),
                stacklevel=2,
            )
        return None
