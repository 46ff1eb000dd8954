"""Windows of a time series as batches."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message
from ..random import default_generator
from .batches import PyDataset


def order_seed(seed: int | None) -> int:
    """The seed of an order of samples: the one that was given, else Lamina's own (``lamina.random.set_seed``)."""
    return int(default_generator().seed.array) if seed is None else int(seed)


def shuffled(items: Any, seed: int) -> Any:
    """The items in the order that NumPy's old generator gives, as in Keras."""
    order = np.arange(len(items))
    np.random.RandomState(seed % 2**32).shuffle(order)
    return items[order] if isinstance(items, np.ndarray) else [items[i] for i in order]


class Windows(PyDataset):
    """Batches of windows, and of the targets that go with them; read from the series when they are asked for."""

    def __init__(self, data: np.ndarray, targets: np.ndarray | None, starts, steps: np.ndarray, batch_size: int | None):
        super().__init__()
        self.data, self.targets, self.starts, self.steps, self.batch_size = data, targets, starts, steps, batch_size

    def __len__(self) -> int:
        return ceil(len(self.starts) / (self.batch_size or 1))

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        size = self.batch_size or 1
        starts = self.starts[index * size : (index + 1) * size]
        starts = starts if self.batch_size else starts[0]
        windows = self.data[np.add.outer(starts, self.steps)]
        return windows if self.targets is None else (windows, self.targets[starts])


def timeseries_dataset_from_array(
    data,
    targets,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str | None = None,
) -> Windows:
    """Windows of a time series, for ``fit``, ``evaluate`` and ``predict``: batches by number, a ``PyDataset``.

    data             an array with one row for each time
    targets          ``targets[i]`` goes with the window that begins at time i; None gives windows alone
    sequence_length  how many times a window has
    sequence_stride  from one window to the next
    sampling_rate    from one time of a window to the next
    batch_size       windows of a batch; None gives them one by one, without a batch axis
    shuffle          whether the windows come in a random order, always the same one: Keras's for this ``seed``, which
                     is Lamina's own unless given. ``fit`` shuffles the batches of each epoch beside that
    start_index      only times from here on are used, and ``end_index`` says before which they end

    ``format`` is accepted for Keras's sake. The series is not copied: a batch takes what it needs. ArgumentError for
    numbers that give no window.

    >>> windows = lamina.utils.timeseries_dataset_from_array(np.arange(6), np.arange(6) * 10, 3, batch_size=2)
    >>> x, y = windows[0]
    >>> x.tolist(), y.tolist(), len(windows)
    ([[0, 1, 2], [1, 2, 3]], [0, 10], 2)
    """
    series = np.asarray(data)
    wanted = None if targets is None else np.asarray(targets)
    if series.ndim == 0 or (wanted is not None and wanted.ndim == 0):
        raise DataError(message("a time series has one row for each time", got=repr(data)[:60]))
    for name, value, most in (
        ("sequence_length", sequence_length, None),
        ("sequence_stride", sequence_stride, len(series)),
        ("sampling_rate", sampling_rate, len(series)),
        ("batch_size", 1 if batch_size is None else batch_size, None),
    ):
        if not isinstance(value, int | np.integer) or value < 1 or (most is not None and value >= most):
            below = "" if most is None else f", less than the {most} times of the data"
            raise ArgumentError(message(f"{name} is a whole number", got=repr(value), want=f"1 or more{below}"))
    start, end = checked_range(start_index, end_index, len(series))
    count = end - start - (sequence_length - 1) * sampling_rate
    if wanted is not None:
        count = min(count, len(wanted[start:end]))
    if count < 1:
        raise ArgumentError(
            message(
                "there is no window in these data",
                got=f"{end - start} times" + ("" if wanted is None else f", {len(wanted)} targets"),
                want=f"at least {(sequence_length - 1) * sampling_rate + 1} times, and a target",
            )
        )
    starts = np.arange(0, count, sequence_stride)
    starts = shuffled(starts, order_seed(seed)) if shuffle else starts
    steps = np.arange(sequence_length) * sampling_rate
    return Windows(series[start:end], None if wanted is None else wanted[start:end], starts, steps, batch_size)


def checked_range(start: int | None, end: int | None, size: int) -> tuple[int, int]:
    first, last = start or 0, size if end is None else end
    if not 0 <= first < size or not first < last <= size:
        raise ArgumentError(
            message("start_index and end_index are within the data", got=f"{start}, {end}", want=f"0 to {size}, rising")
        )
    return first, last
