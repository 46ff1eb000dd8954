"""Data that give their batches by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ArgumentError, message


class PyDataset:
    """Base of data that give whole batches by number, for ``fit``, ``evaluate`` and ``predict``.

    A subclass says ``__len__``, how many batches there are, and ``__getitem__``, the batch of a number from 0 on:
    (x, y) or (x, y, sample_weight). It may say ``on_epoch_begin`` and ``on_epoch_end``, which are called before the
    first batch and after the last.

    workers, use_multiprocessing, max_queue_size  accepted and kept for Keras's sake; the batches are read one after
                                                  the other by the thread that trains

    >>> class Squares(lamina.utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         x = np.full((4, 1), index, "float32")
    ...         return x, x**2
    >>> data = Squares(workers=2)
    >>> [float(y[0, 0]) for x, y in data]
    [0.0, 1.0, 4.0]
    >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> len(model.fit(data, epochs=2, verbose=0).history["loss"])
    2
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __len__(self) -> int:
        """How many batches there are."""
        raise self.lacking("__len__", "gives the number of batches; data without an end are a generator's work")

    def __getitem__(self, index: int) -> Any:
        """The batch of a number."""
        raise self.lacking("__getitem__", "gives the batch of a number")

    def __iter__(self) -> Iterator:
        return (self[index] for index in range(len(self)))

    @property
    def num_batches(self) -> int:
        """How many batches there are."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before the first batch of each turn through the data; by default nothing happens."""

    def on_epoch_end(self) -> None:
        """Called when all batches were seen; by default nothing happens."""

    def lacking(self, method: str, meaning: str) -> ArgumentError:
        problem = f"{type(self).__name__} does not say {method}"
        return ArgumentError(message(problem, fix=f"define {method} in your class: it {meaning}"))


Sequence = PyDataset  # its older name
