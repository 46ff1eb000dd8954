"""Sequences of different lengths as one table."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError, message

SIDES = ("pre", "post")


def pad_sequences(
    sequences, maxlen: int | None = None, dtype="int32", padding: str = "pre", truncating: str = "pre", value=0.0
) -> np.ndarray:
    """Sequences of different lengths as the rows of one array, filled up or cut to one length.

    sequences   a list of lists or arrays: numbers, or vectors of one size
    maxlen      the length of all rows; that of the longest sequence unless given
    dtype       the element type of the result
    padding     "pre" or "post": where short sequences are filled up
    truncating  "pre" or "post": where long sequences are cut
    value       what fills up

    ArgumentError for another side, DataError for what is no list of sequences, ShapeError for vectors of several sizes.

    >>> lamina.utils.pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in SIDES:
            raise ArgumentError(message(f"{name} names a side", got=repr(side), want='"pre" or "post"'))
    if not hasattr(sequences, "__len__") or not all(hasattr(s, "__len__") for s in sequences):
        raise DataError(message("pad_sequences takes a list of sequences", got=repr(sequences)[:60]))
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    inner = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    rows = np.full((len(sequences), length, *inner), value, dtype=dtype)
    for i, sequence in enumerate(sequences):
        kept = np.asarray(sequence[max(len(sequence) - length, 0) :] if truncating == "pre" else sequence[:length])
        if not len(kept):
            continue
        if kept.shape[1:] != inner:
            problem = f"pad_sequences: the elements of sequence {i} are of another shape"
            raise ShapeError(message(problem, got=str(list(kept.shape[1:])), want=str(list(inner))))
        start = length - len(kept) if padding == "pre" else 0
        rows[i, start : start + len(kept)] = kept
    return rows
