"""Batches of sequences of about the same length, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message
from ..utils.batches import PyDataset
from ..utils.sequences import pad_sequences

MOST = 6  # kinds of batches unless told: a model keeps the programs of eight


class Buckets(PyDataset):
    """Batches by number; those of one bucket have one length.

    lengths  to which the sequences of each bucket are filled up
    padding  the share of all numbers that is padding
    """

    def __init__(self, x, y, weights, batches: list[tuple[int, np.ndarray]], how: dict[str, Any]):
        super().__init__()
        self.x, self.y, self.weights, self.batches, self.how = x, y, weights, batches, how
        self.lengths = sorted({length for length, _ in batches})
        total = sum(length * len(rows) for length, rows in batches)
        used = sum(min(len(x[i]), length) for length, rows in batches for i in rows)
        self.padding = 1 - used / total if total else 0.0

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int):
        length, rows = self.batches[index]
        x = pad_sequences([self.x[i] for i in rows], maxlen=length, **self.how)
        rest = [part[rows] for part in (self.y, self.weights) if part is not None]
        return (x, *rest) if rest else x


def by_length(
    x: Sequence,
    y=None,
    sample_weight=None,
    batch_size: int = 32,
    boundaries: Sequence[int] | None = None,
    maxlen: int | None = None,
    padding: str = "post",
    truncating: str = "post",
    value: float = 0,
    dtype: str = "int32",
    seed: int = 0,
) -> Buckets:
    """Batches of sequences of similar lengths, for ``fit`` and ``evaluate``: each is only as long as its bucket.

    x           sequences: lists or arrays of numbers, or of vectors
    y           targets, and ``sample_weight``: arrays with one row for each sequence
    batch_size  sequences of a batch
    boundaries  rising lengths: a sequence goes into the first bucket that it fits into, which is filled up to that
                length. Unless given, six buckets with about equally many sequences
    maxlen      longer sequences are cut
    padding, truncating, value, dtype  as for ``utils.pad_sequences``, but "post" unless given
    seed        of the order of the sequences in a bucket. ``fit`` shuffles the batches of each epoch

    What is left over in a bucket goes into the next one, so that only the longest has a batch with fewer sequences: a
    model makes one program for each bucket, and one more. An Embedding with ``mask_zero=True`` leaves the padding out.
    ArgumentError for boundaries that do not rise, DataError for no sequences and for y of another length.

    >>> batches = lamina.data.buckets.by_length([[1], [2, 3], [4], [5, 6, 7]], batch_size=2, boundaries=[1, 3])
    >>> [batch.tolist() for batch in batches]
    [[[4], [1]], [[2, 3, 0], [5, 6, 7]]]
    >>> round(batches.padding, 3)
    0.125
    """
    sizes = np.array([min(len(s), maxlen) if maxlen else len(s) for s in x], np.int64)
    if not len(sizes):
        raise DataError(message("there are no sequences to put into buckets"))
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ArgumentError(message("batch_size is a whole number", got=repr(batch_size), want="1 or more"))
    parts = [None if part is None else np.asarray(part) for part in (y, sample_weight)]
    for name, part in zip(("y", "sample_weight"), parts, strict=True):
        if part is not None and len(part) != len(sizes):
            raise DataError(message(f"{name} has one row for each sequence", got=str(len(part)), want=str(len(sizes))))
    edges = checked(boundaries, sizes)
    order = np.random.default_rng(seed).permutation(len(sizes))
    batches, left = [], np.empty(0, np.int64)
    bucket = np.searchsorted(edges, sizes[order])
    for i, length in enumerate(edges):
        rows = np.concatenate([left, order[bucket == i]])
        whole = len(rows) if i == len(edges) - 1 else len(rows) // batch_size * batch_size
        batches += [(int(length), rows[at : at + batch_size]) for at in range(0, whole, batch_size)]
        left = rows[whole:]
    how = {"padding": padding, "truncating": truncating, "value": value, "dtype": dtype}
    return Buckets(x, parts[0], parts[1], batches, how)


def checked(boundaries: Sequence[int] | None, sizes: np.ndarray) -> list[int]:
    """The lengths of the buckets, the last of which holds the longest sequence."""
    longest = max(int(sizes.max()), 1)
    if boundaries is None:
        shares = np.arange(1, MOST) / MOST
        found = np.quantile(sizes, shares, method="higher").astype(int).tolist()
        return sorted({n for n in found if 0 < n < longest}) + [longest]
    edges = [int(n) for n in boundaries]
    if not edges or edges[0] < 1 or any(b <= a for a, b in pairwise(edges)):
        raise ArgumentError(message("boundaries are rising lengths from 1 on", got=str(list(boundaries))[:60]))
    return [n for n in edges if n < longest] + [longest]
