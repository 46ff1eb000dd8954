"""Reuters: 11,228 newswires of 46 topics, as word numbers; from Reuters-21578, by D. Lewis and others."""

from __future__ import annotations

import os

from ..data import keras_files
from ..errors import ArgumentError, message
from .word_numbers import generator_for, limited, shifted, shorter, shuffled

FILE, INDEX = "reuters.npz", "reuters_word_index.json"
TOPICS = """
cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass
crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi iron-steel
rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"""


def load_data(
    path: str | os.PathLike | None = FILE,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
):
    """((x_train, y_train), (x_test, y_test)): each x an array of lists of word numbers, each y of topics 0 to 45.

    path        the file reuters.npz of Keras, or a folder with it; else as for ``imdb.load_data``
    test_split  the share of the newswires that is kept for the test

    The other arguments, and the errors, are those of ``imdb.load_data``.

    >>> (x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=10_000)        # doctest: +SKIP
    """
    if not 0 <= test_split <= 1:
        raise ArgumentError(message("test_split is a share of the data", got=repr(test_split), want="0 to 1"))
    rows, labels = keras_files.arrays(keras_files.locate(FILE, path), ("x", "y"))
    rows, labels = shuffled(rows, labels, generator_for(seed))
    rows, labels = shorter(shifted(rows, start_char, index_from), labels, maxlen)
    table, cut = limited(rows, num_words, skip_top, oov_char), int(len(rows) * (1 - test_split))
    return (table[:cut], labels[:cut]), (table[cut:], labels[cut:])


def get_word_index(path: str | os.PathLike | None = INDEX) -> dict[str, int]:
    """The number of each word, 1 for the most frequent; in what ``load_data`` gives it is shifted by ``index_from``.

    path  the file reuters_word_index.json of Keras, or a folder with it; else as for ``imdb.load_data``

    >>> reuters.get_word_index()["the"]        # doctest: +SKIP
    1
    """
    return keras_files.word_index(keras_files.locate(INDEX, path))


def get_label_names() -> tuple[str, ...]:
    """The names of the topics, by their numbers.

    >>> lamina.datasets.reuters.get_label_names()[3]
    'earn'
    """
    return tuple(TOPICS.split())
