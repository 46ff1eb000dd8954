"""Texts as lists of word numbers, as Keras gives them: shuffled, shifted, and with rare words left out."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, DataError, message


def shuffled(rows: list, labels, generator) -> tuple[list, np.ndarray]:
    """Rows and labels in a random order."""
    if len(rows) != len(labels) or not rows:
        raise DataError(message("texts and labels do not belong together", got=f"{len(rows)} and {len(labels)}"))
    order = np.arange(len(rows))
    generator.shuffle(order)
    return [rows[i] for i in order], np.asarray(labels)[order]


def generator_for(seed: int) -> np.random.RandomState:
    """NumPy's old generator: the order of the samples is then Keras's."""
    return np.random.RandomState(seed)


def shifted(rows: list, start_char: int | None, index_from: int) -> list[list[int]]:
    """Numbers counted from ``index_from`` on, after a number that begins each text."""
    first = [] if start_char is None else [start_char]
    return [[*first, *(n + index_from for n in row)] for row in rows]


def shorter(rows: list, labels, maxlen: int | None) -> tuple[list, np.ndarray]:
    """The texts that are shorter than ``maxlen``; all where it is None."""
    if not maxlen:
        return rows, labels
    kept = [i for i, row in enumerate(rows) if len(row) < maxlen]
    if not kept:
        raise ArgumentError(
            message("maxlen leaves no text", got=f"maxlen={maxlen}", want=f"more than {min(map(len, rows))}")
        )
    return [rows[i] for i in kept], labels[kept]


def limited(rows: list, num_words: int | None, skip_top: int, oov_char: int | None) -> np.ndarray:
    """Only numbers from ``skip_top`` to below ``num_words``; others become ``oov_char``; None leaves them out."""
    most = num_words or max(max(row) for row in rows if row)
    table = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        if oov_char is None:
            table[i] = [n for n in row if skip_top <= n < most]
        else:
            table[i] = [n if skip_top <= n < most else oov_char for n in row]
    return table
