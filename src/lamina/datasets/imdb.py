"""IMDB: 50,000 reviews of films, as word numbers, that praise (1) or blame (0); A. Maas and others, ACL 2011."""

from __future__ import annotations

import os

from ..data import keras_files
from .word_numbers import generator_for, limited, shifted, shorter, shuffled

CLASSES = ["negative", "positive"]
FILE, INDEX = "imdb.npz", "imdb_word_index.json"


def load_data(
    path: str | os.PathLike | None = FILE,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
):
    """((x_train, y_train), (x_test, y_test)): each x an array of lists of word numbers, each y of 0 and 1.

    path        the file imdb.npz of Keras, or a folder with it. Without either, the folder ``LAMINA_DATA`` is asked,
                then the cache, then the network
    num_words   numbers from here on are rare words, which become ``oov_char``; all words unless given
    skip_top    so do the numbers below this one, the most frequent words
    maxlen      only reviews shorter than this are kept
    seed        of the order of the reviews, which is Keras's
    start_char  the number that begins each review, or None
    oov_char    the number of words that are left out; None leaves nothing in their place
    index_from  how far the numbers of the file are shifted: the most frequent word is this number plus 1

    0 is padding. The lists in the file are read without running the pickle they stand in. DataError where the file is
    nowhere: it says where to put it; FileFormatError for another file; ArgumentError where ``maxlen`` leaves nothing.

    >>> (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=20_000)        # doctest: +SKIP
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    rows, labels, rows_test, labels_test = keras_files.arrays(keras_files.locate(FILE, path), names)
    generator = generator_for(seed)
    parts = []
    for some, theirs in ((rows, labels), (rows_test, labels_test)):
        some, theirs = shuffled(some, theirs, generator)
        parts.append(shorter(shifted(some, start_char, index_from), theirs, maxlen))
    (train, y_train), (test, y_test) = parts
    both = limited([*train, *test], num_words, skip_top, oov_char)
    return (both[: len(train)], y_train), (both[len(train) :], y_test)


def get_word_index(path: str | os.PathLike | None = INDEX) -> dict[str, int]:
    """The number of each word, 1 for the most frequent; in what ``load_data`` gives it is shifted by ``index_from``.

    path  the file imdb_word_index.json of Keras, or a folder with it; else as for ``load_data``

    >>> imdb.get_word_index()["the"]        # doctest: +SKIP
    1
    """
    return keras_files.word_index(keras_files.locate(INDEX, path))
