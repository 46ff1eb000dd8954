"""Vectors of words that others trained, by a vocabulary: files of GloVe, word2vec and fastText.

A text file has a line for each word: the word, then its numbers, with blanks between; word2vec's begin with a line that
says how many words and numbers there are. A binary file of word2vec has that line, then for each word its letters, a
blank, and float32 numbers, the lowest byte first. gzip may pack either. A file is read once, piece by piece, and only
the rows of the vocabulary are kept.

GloVe: https://nlp.stanford.edu/projects/glove/. word2vec: https://code.google.com/archive/p/word2vec/.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from ..errors import ArgumentError, FileFormatError, message

GZIP = b"\x1f\x8b"
LONGEST_LINE = 1 << 20  # bytes; a vector of 1000 numbers takes about 10,000
LONGEST_WORD = 1 << 14
MOST_NUMBERS = 1 << 16  # of one vector
BLOCK = 1 << 20
FILLINGS = ("zeros", "normal")


@dataclass(frozen=True)
class WordVectors:
    """What a file holds of a vocabulary.

    matrix   float32 [terms, numbers]: row i is the vector of term i, as ``Embedding(weights=[matrix])`` wants it
    missing  the terms that the file does not have; the empty term, which is padding, is not among them
    found    how many terms it has
    """

    matrix: np.ndarray
    missing: list[str] = field(repr=False)
    found: int

    def __str__(self) -> str:
        some = ", ".join(self.missing[:8]) + (", …" if len(self.missing) > 8 else "")
        none = f"; none for {some}" if some else ""
        asked = self.found + len(self.missing)
        return f"vectors of {self.matrix.shape[1]} numbers for {self.found} of {asked} terms{none}"


def read(
    path: str | os.PathLike,
    vocabulary: Iterable[str] | Mapping[str, int],
    binary: bool | None = None,
    fill: str = "zeros",
    seed: int = 0,
) -> WordVectors:
    """The vectors of the terms of a vocabulary.

    path        a file of GloVe or fastText, or one of word2vec, in text or binary
    vocabulary  terms in order, such as ``TextVectorization.get_vocabulary()`` gives, or a dict from terms to rows
    binary      whether the file is word2vec's binary form; unless told, where its name ends in .bin or .bin.gz
    fill        the rows of terms that are missing: "zeros", or "normal": drawn with the mean and deviation of the
                rows that were found, a pure function of ``seed``. The row of the empty term is always zeros

    Of a word that comes twice the first vector counts. FileFormatError, with file and line, for lines that are no
    vectors, and for a file that ends early; ArgumentError for an unknown ``fill``.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "tiny.txt")
    >>> _ = path.write_text("the 0.5 1\\ncat -1 2\\n")
    >>> vectors = lamina.data.word_vectors.read(path, ["", "cat", "axolotl"])
    >>> vectors.matrix.tolist(), vectors.missing
    ([[0.0, 0.0], [-1.0, 2.0], [0.0, 0.0]], ['axolotl'])
    """
    if fill not in FILLINGS:
        raise ArgumentError(message(f"unknown fill {fill!r}", want=", ".join(map(repr, FILLINGS))))
    rows = rows_of(vocabulary)
    name = os.path.basename(path)
    if binary is None:
        binary = name.removesuffix(".gz").endswith(".bin")
    found: dict[int, np.ndarray] = {}
    wanted = {term.encode("utf-8", "replace"): row for term, row in rows.items()}
    width = 0
    for word, vector in vectors_of(path, name, binary, wanted):
        width = len(vector)
        row = wanted.get(word)
        if row is not None and row not in found:
            found[row] = vector
            if len(found) == len(wanted):
                break
    if not width:
        raise refused(name, "it holds no vectors", None)
    size = max(rows.values(), default=-1) + 1
    missing = [term for term, row in rows.items() if row not in found and term]
    return WordVectors(filled(found, size, width, fill, seed, rows.get("")), missing, len(found))


def rows_of(vocabulary) -> dict[str, int]:
    """The row of each term; ArgumentError for terms that are no text, come twice, or have no row."""
    pairs = list(vocabulary.items()) if isinstance(vocabulary, Mapping) else [(t, i) for i, t in enumerate(vocabulary)]
    rows = {str(term): int(row) for term, row in pairs}
    bad = next((t for t, row in pairs if not isinstance(t, str) or row < 0), None)
    if bad is not None or len(rows) != len(pairs) or not pairs:
        got = repr(bad) if bad is not None else f"{len(pairs)} terms, {len(rows)} different ones"
        raise ArgumentError(message("a vocabulary is a list of different texts, or gives each its row", got=got))
    return rows


def filled(found: dict[int, np.ndarray], size: int, width: int, fill: str, seed: int, padding: int | None):
    """The matrix, with something in the rows that were not found."""
    matrix = np.zeros((size, width), "float32")
    for row, vector in found.items():
        matrix[row] = vector
    if fill == "normal" and found:
        known = matrix[sorted(found)]
        rest = np.array([row for row in range(size) if row not in found and row != padding], np.int64)
        drawn = np.random.default_rng(seed).normal(known.mean(), known.std(), (len(rest), width))
        matrix[rest] = drawn.astype("float32")
    return matrix


def vectors_of(path, name: str, binary: bool, wanted) -> Iterator[tuple[bytes, np.ndarray]]:
    """The words of a file that are wanted, with their vectors; the first word in any case, as it tells the width."""
    with open(path, "rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        file = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            yield from (of_binary if binary else of_text)(file, name, wanted)  # type: ignore[arg-type]
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise refused(name, "its compression is broken", None, got=str(problem)) from None


# ------------------------------------------------------------------------------------------------ text


def of_text(file: BinaryIO, name: str, wanted) -> Iterator[tuple[bytes, np.ndarray]]:
    """The vectors of a text file."""
    spaced = any(b" " in word for word in wanted)
    first, number, width, promised = read_line(file, name, 1), 1, 0, None
    header = header_of(first)
    if header is not None:
        promised, width = header
        first, number = read_line(file, name, 2), 2
    line, count = first, 0
    while line:
        text = line.rstrip()
        blanks = text.count(b" ")
        width = width or blanks
        if text:
            if blanks < width or not 0 < width <= MOST_NUMBERS:
                raise refused(name, "a line is no vector", number, got=f"{blanks} numbers", want=wish(width))
            if not count or spaced or blanks != width or text[: text.find(b" ")] in wanted:
                word = text.rsplit(b" ", width)[0]
                if word in wanted or not count:
                    yield word, numbers_of(text[len(word) + 1 :], width, name, number)
            count += 1
        number += 1
        line = read_line(file, name, number)
    if promised is not None and count < promised:
        raise refused(name, "it ends early", None, got=f"{count} words", want=f"{promised}, as its first line says")


def wish(width: int) -> str:
    return f"a word and {width} numbers" if width else "a word and its numbers, with blanks between"


def read_line(file: BinaryIO, name: str, number: int) -> bytes:
    line = file.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise refused(name, "a line is longer than any vector", number, got=f"{LONGEST_LINE} bytes and more")
    return line


def header_of(line: bytes) -> tuple[int, int] | None:
    """How many words of how many numbers the first line promises, if it is such a line."""
    fields = line.split()
    if len(fields) != 2 or not all(f.isdigit() for f in fields):
        return None
    return int(fields[0]), int(fields[1])


def numbers_of(text: bytes, width: int, name: str, number: int) -> np.ndarray:
    try:
        vector = np.array([float(f) for f in text.split(b" ")], "float32")
    except ValueError as problem:
        raise refused(name, "a line is no vector", number, got=str(problem), want=wish(width)) from None
    if not np.isfinite(vector).all():
        raise refused(name, "a vector is not finite", number, got=str(vector[~np.isfinite(vector)][0]))
    return vector


# ------------------------------------------------------------------------------------------------ binary


def of_binary(file: BinaryIO, name: str, wanted) -> Iterator[tuple[bytes, np.ndarray]]:
    """The vectors of word2vec's binary form."""
    header = header_of(file.readline(64))
    if header is None or not 0 < header[1] <= MOST_NUMBERS:
        problem = "it does not begin as word2vec's binary form"
        raise refused(name, problem, None, want="a line of two whole numbers", fix="binary=False reads text")
    count, width = header
    size = 4 * width
    data, at = b"", 0
    for i in range(count):
        end = data.find(b" ", at)
        while end < 0 or len(data) - end - 1 < size:
            more = file.read(BLOCK)
            data, at = data[at:] + more, 0
            end = data.find(b" ", at)
            if not more or (end < 0 and len(data) > LONGEST_WORD):
                at_word = f"word {i + 1}"
                raise refused(name, f"it ends early, or is broken, at {at_word}", None, want=f"{count} words")
        word = data[at:end].lstrip(b"\n")
        if not i or word in wanted:
            vector = np.frombuffer(data, "<f4", width, end + 1).astype("float32")
            if not np.isfinite(vector).all():
                said = repr(word.decode(errors="replace"))
                raise refused(name, f"the vector of word {i + 1} is not finite", None, got=said)
            yield word, vector
        at = end + 1 + size


def refused(name: str, problem: str, number: int | None, **more) -> FileFormatError:
    """The one form of all complaints about a file."""
    where = name if number is None else f"{name}, line {number}"
    return FileFormatError(message(f"{where}: {problem}", **more))
