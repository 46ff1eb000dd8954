"""Where batches come from: arrays, whose rows the program gathers on its own, or whatever gives one batch at a time.

Both say for each batch what it looks like (``Spec``), so that one program is made for each kind of batch.
"""

from __future__ import annotations

import array as python_array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message
from ..types import Type, type_of
from . import nest
from .arrays import check_finite, check_lengths, step_type, to_array
from .order import permutation

PARTS = ("x", "y", "sample_weight")


@dataclass
class Spec:
    """What a batch looks like: the structures of x, y and sample_weight, the names and Types of all their arrays."""

    structures: tuple
    names: list[str]
    types: list[Type]

    @cached_property
    def key(self) -> tuple:
        """What a program is made for."""
        return (*(nest.key_of(s) for s in self.structures), *self.types)

    @property
    def rows(self) -> int:
        return self.types[0].shape[0] if self.types and self.types[0].shape else 0

    def unpack(self, leaves) -> tuple[Any, Any, Any]:
        """x, y and sample_weight as nests of the leaves."""
        rest = iter(leaves)
        x, y, weight = (nest.unflatten(s, rest) for s in self.structures)
        return x, y, weight

    def part(self, index: int) -> range:
        """The places of the leaves of x (0), y (1) or sample_weight (2)."""
        counts = [count(s) for s in self.structures]
        return range(sum(counts[:index]), sum(counts[: index + 1]))


def count(structure) -> int:
    """The number of leaves of a structure."""
    if isinstance(structure, dict):
        return sum(map(count, structure.values()))
    if isinstance(structure, list | tuple):
        return sum(map(count, structure))
    return structure is not None


def arrays_of(x, y, sample_weight) -> tuple[tuple, list[str], list[np.ndarray]]:
    """The structures of the three parts, the names of their leaves, and these as arrays."""
    structures, names, arrays = [], [], []
    for part, value in zip(PARTS, (x, y, sample_weight), strict=True):
        structure, leaves = nest.flatten(value, part)
        structures.append(structure)
        for name, leaf in leaves:
            names.append(name)
            arrays.append(to_array(leaf, name))
    return tuple(structures), names, arrays


class ArrayFeed:
    """Arrays of which each batch takes some rows.

    batch_size  rows of a batch; the last batch of an epoch may have fewer
    finite      whether NaN and infinity are refused
    """

    def __init__(self, x, y=None, sample_weight=None, batch_size: int = 32, shuffle: bool = False, finite: bool = True):
        self.structures, self.names, self.sources = arrays_of(x, y, sample_weight)
        self.size = check_lengths(list(zip(self.names, self.sources, strict=True)))
        if not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise ArgumentError(message("batch_size is a whole number", got=repr(batch_size), want="1 or more"))
        if finite:
            for name, array in zip(self.names, self.sources, strict=True):
                check_finite(array, name)
        self.batch_size, self.shuffle = min(int(batch_size), self.size), shuffle
        self.types = [step_type(a, self.batch_size) for a in self.sources]
        self.specs: dict[int, Spec] = {}
        self.batches: int | None = -(-self.size // self.batch_size)
        self.last_order: tuple[Any, np.ndarray] = (None, np.empty(0))

    def spec(self, rows: int | None = None) -> Spec:
        """What a batch of so many rows looks like; without a number, a full one."""
        rows = rows or self.batch_size
        if rows not in self.specs:
            types = [Type(t.dtype, (rows, *t.shape[1:])) for t in self.types]
            self.specs[rows] = Spec(self.structures, self.names, types)
        return self.specs[rows]

    def part(self, index: int) -> list[tuple[str, np.ndarray]]:
        """Names and arrays of x (0), y (1) or sample_weight (2)."""
        return [(self.names[i], self.sources[i]) for i in self.spec().part(index)]

    def order(self, seed: int, start: int, turn: int) -> np.ndarray:
        """The numbers of the rows in the order in which they are seen."""
        if not self.shuffle:
            seed = start = turn = 0
        key = (seed, start, turn)
        if self.last_order[0] != key:
            rows = permutation(self.size, seed, start, turn) if self.shuffle else np.arange(self.size, dtype=np.int64)
            self.last_order = (key, rows)
        return self.last_order[1]

    def rows_of(self, batch: int) -> int:
        """How many rows batch number ``batch`` has."""
        return min(self.batch_size, self.size - batch * self.batch_size)

    def full_batches(self) -> int:
        return self.size // self.batch_size

    def gather(self, order: np.ndarray, batch: int) -> tuple[Spec, list[np.ndarray]]:
        """One batch as arrays of the Types of its program."""
        rows = order[batch * self.batch_size : (batch + 1) * self.batch_size]
        spec = self.spec(len(rows))
        return spec, [s[rows].astype(t.dtype, copy=False) for s, t in zip(self.sources, spec.types, strict=True)]

    def batch(self, batch: int) -> tuple[Spec, list[np.ndarray]]:
        """One batch in the order of the rows, without gathering: for what is not shuffled."""
        part = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
        spec = self.spec(self.rows_of(batch))
        return spec, [s[part].astype(t.dtype, copy=False) for s, t in zip(self.sources, spec.types, strict=True)]


def unread(x):
    """The inputs of a model that reads nothing."""
    return x


def batch_of(data, finite: bool = True, read: Callable = unread) -> tuple[Spec, list[np.ndarray]]:
    """What an iterable gave, ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, as one batch.

    read  gives numbers for text among the inputs
    """
    parts = data if isinstance(data, tuple) else (data,)
    if not 1 <= len(parts) <= 3:
        raise DataError(message("a batch is x, (x, y) or (x, y, sample_weight)", got=f"a tuple of {len(parts)}"))
    structures, names, arrays = arrays_of(read(parts[0]), *parts[1:], *(None,) * (3 - len(parts)))
    check_lengths(list(zip(names, arrays, strict=True)))
    for name, array in zip(names, arrays, strict=True):
        if finite:
            check_finite(array, f"{name} of a batch")
    types = [step_type(a, len(a)) for a in arrays]
    arrays = [a.astype(t.dtype, copy=False) for a, t in zip(arrays, types, strict=True)]
    assert all(type_of(a) == t for a, t in zip(arrays, types, strict=True))
    return Spec(structures, names, types), arrays


class IterableFeed:
    """Batches that an iterable gives, one by one.

    A generator gives its batches once; what can be iterated again begins anew in each epoch; what has ``__getitem__``
    and ``__len__`` (Keras's PyDataset) is read by number, in random order where ``shuffle`` is on.
    """

    def __init__(self, data, shuffle: bool = False, finite: bool = True, read: Callable = unread):
        self.data, self.finite, self.read = data, finite, read
        self.numbered = hasattr(data, "__getitem__") and hasattr(data, "__len__")
        self.shuffle = shuffle and self.numbered
        self.once = not self.numbered and iter(data) is data
        self.batches: int | None = len(data) if hasattr(data, "__len__") else None
        if self.batches == 0:
            raise DataError(message("the data are empty", got=f"{type(data).__name__} of no batches"))
        self.first: list = []  # a batch that was looked at before its turn
        self.iterator: Iterator | None = None

    def peek(self) -> tuple[Spec, list[np.ndarray]]:
        """The first batch, which will come again when it is its turn."""
        if self.numbered:
            return batch_of(self.data[0], self.finite, self.read)
        if not self.first:
            self.iterator = iter(self.data)
            try:
                self.first = [next(self.iterator)]
            except StopIteration:
                raise DataError(
                    message(
                        "the data are empty",
                        got=f"{type(self.data).__name__} without a batch",
                        fix="a generator can be used once: make a new one",
                    )
                ) from None
        return batch_of(self.first[0], self.finite, self.read)

    def begin(self, skip: int = 0, order=None) -> Iterator[tuple[Spec, list[np.ndarray]]]:
        """The batches of one turn through the data, from number ``skip`` on.

        order  gives the numbers of the batches, for what is read by number
        """
        if hasattr(self.data, "on_epoch_begin"):
            self.data.on_epoch_begin()
        if self.numbered:
            assert self.batches is not None
            for i in range(skip, self.batches) if order is None else order[skip:]:
                yield batch_of(self.data[int(i)], self.finite, self.read)
            return
        if self.iterator is None or not (self.once or self.first):
            self.iterator = iter(self.data)
        waiting, self.first = self.first, []
        for data in waiting:
            if skip <= 0:
                yield batch_of(data, self.finite, self.read)
            skip -= 1
        for data in self.iterator:
            if skip <= 0:
                yield batch_of(data, self.finite, self.read)
            skip -= 1

    def order(self, seed: int, start: int, turn: int):
        """The order of the numbered batches, or None."""
        return permutation(self.batches or 0, seed, start, turn) if self.shuffle else None

    def end_of_turn(self) -> None:
        """Tells the data that an epoch is over."""
        self.iterator = self.iterator if self.once else None
        if hasattr(self.data, "on_epoch_end"):
            self.data.on_epoch_end()


def is_iterable(data) -> bool:
    """Whether data come as batches: a generator, a loader, a PyDataset. Arrays, lists and dicts do not."""
    if (
        nest.is_array(data)
        or isinstance(data, list | tuple | dict | str | bytes | memoryview | python_array.array)
        or data is None
    ):
        return False
    return hasattr(data, "__iter__") or (hasattr(data, "__getitem__") and hasattr(data, "__len__"))


def feed_of(
    x,
    y=None,
    sample_weight=None,
    batch_size: int | None = None,
    shuffle: bool = False,
    finite: bool = True,
    read: Callable = unread,
):
    """The feed for what a user passed to ``fit``, ``evaluate`` or ``predict``; ``read`` as for ``batch_of``."""
    if not is_iterable(x):
        return ArrayFeed(read(x), y, sample_weight, 32 if batch_size is None else batch_size, shuffle, finite)
    if y is not None or sample_weight is not None:
        raise ArgumentError(
            message(
                "x gives whole batches, so y and sample_weight come with them",
                got=type(x).__name__,
                want="(x, y) or (x, y, sample_weight) as each batch",
            )
        )
    return IterableFeed(x, shuffle, finite, read)
