"""A line in a table for each epoch."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from .callback import Callback


class CSVLogger(Callback):
    """Writes loss and metrics of each epoch as a line of a CSV file.

    filename   where to
    separator  between the values
    append     whether to go on in a file that is there; else it is begun anew

    The columns are ``epoch`` and the names of the first epoch's logs in alphabetical order. OSError as from ``open``.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> logger = lamina.callbacks.CSVLogger(path)
    >>> logger.on_train_begin(); logger.on_epoch_end(0, {"loss": 0.5}); logger.on_train_end()
    >>> path.read_text().split()
    ['epoch,loss', '0,0.5']
    """

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False):
        super().__init__()
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self.keys: list[str] = []
        self.file: Any = None

    def on_train_begin(self, logs=None):
        if self.file is not None:
            self.file.close()
        self.begun = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self.file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if not self.keys:
            self.keys = sorted(logs)
        writer = csv.writer(self.file, delimiter=self.separator, lineterminator="\n")
        if not self.begun:
            writer.writerow(["epoch", *self.keys])
            self.begun = True
        writer.writerow([epoch, *(plain(logs.get(key, "NA")) for key in self.keys)])
        self.file.flush()

    def on_train_end(self, logs=None):
        if self.file is not None:
            self.file.close()
            self.file = None


def plain(value) -> Any:
    """A value as one cell."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(map(str, value))}]"
    return value
