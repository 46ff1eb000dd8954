"""Texts as data: arrays of Python strings, standardised and split into tokens.

What a letter, a blank and a punctuation mark are is ASCII's, as in Keras: other letters are neither lowered nor
stripped, and a no-break space splits nothing.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message, unknown

STANDARDS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLITS = ("whitespace", "character")
PUNCTUATION = string.punctuation.encode()
WORD = re.compile("[^ \t\n\r\v\f]+")
UNUSUAL = re.compile("[^\x00-\x1b\x20-\x7f]")  # str.split would cut at some of these (the rest compiles quicker)


def text_array(value, name: str, encoding: str = "utf-8") -> np.ndarray:
    """An array of Python strings, from a string, nested lists, or an array of strings, bytes or objects.

    name  what messages call it. DataError for what is no text, and for bytes that are not in the encoding

    >>> lamina.layers.texts.text_array([["a"], [b"b"]], "x").tolist()
    [['a'], ['b']]
    """
    array = np.asarray(value, dtype=object)
    flat = array.reshape(-1)
    if not all(type(x) is str for x in flat):
        flat = np.array([*(as_text(x, i, array, name, encoding) for i, x in enumerate(flat)), None], object)[:-1]
    return flat.reshape(array.shape)


def as_text(x, place: int, array: np.ndarray, name: str, encoding: str) -> str:
    if isinstance(x, str):
        return str(x)
    where = ", ".join(map(str, np.unravel_index(place, array.shape))) if array.ndim else ""
    where = f" at [{where}]" if where else ""
    if isinstance(x, bytes):
        try:
            return x.decode(encoding)
        except UnicodeDecodeError as problem:
            raise DataError(
                message(
                    f"{name} holds bytes that are not {encoding}",
                    got=f"{x[:20]!r}{where}: {problem.reason}",
                    fix="decode them first, or say encoding=",
                    where=True,
                )
            ) from None
    if isinstance(x, list | tuple | np.ndarray):
        problem, fix = "rows of different lengths", "join the words of a row, or fill the short rows with ''"
    elif x is None or x != x:
        problem, fix = f"nothing ({x})", "drop these rows, or fill the gaps with ''"
    else:
        problem, fix = f"a value of type {type(x).__name__}", "turn it into text first, for example with str"
    raise DataError(
        message(
            f"{name} holds {problem} where text is expected",
            got=f"{str(x)[:40]}{where}",
            want="texts",
            fix=fix,
            where=True,
        )
    )


def as_bytes(text: str, name: str) -> bytes:
    """The UTF-8 of a text; DataError for half a surrogate pair, which has none."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        fix = "read the file with its own encoding"
        problem = f"{name} holds a text that no file can: half of a surrogate pair"
        raise DataError(message(problem, got=ascii(text)[:60], fix=fix)) from None


def standardized(texts: list[str], how: str | Callable | None, name: str) -> list[str]:
    """Texts in lower case, without punctuation, or as a function of an array of texts makes them."""
    if callable(how):
        given = np.array(texts) if texts else np.array([], "<U1")
        made = text_array(how(given), f"what standardize of {name} gave")
        if made.shape != given.shape:
            raise ArgumentError(
                message(
                    f"{name}: standardize gives a text for each text",
                    got=str(list(made.shape)),
                    want=str(list(given.shape)),
                )
            )
        return made.tolist()
    if how is None:
        return texts
    raw = [as_bytes(text, name) for text in texts]
    if "lower" in how:
        raw = [text.lower() for text in raw]
    if "punctuation" in how:
        raw = [text.translate(None, PUNCTUATION) for text in raw]
    return [text.decode() for text in raw]


def tokens(texts: list[str], how: Any, name: str) -> list[list[str]]:
    """The tokens of each text: its words, its characters, or what a function of an array of texts gives."""
    if how == "character":
        return [list(text) for text in texts]
    if how == "whitespace":
        return [WORD.findall(text) if UNUSUAL.search(text) else text.split() for text in texts]
    assert callable(how)
    made: Any = how(np.array(texts) if texts else np.array([], "<U1"))
    if not hasattr(made, "__len__") or len(made) != len(texts):
        raise ArgumentError(
            message(
                f"{name}: split gives a list of tokens for each text", got=repr(made)[:60], want=f"{len(texts)} lists"
            )
        )
    return [text_array(list(row), f"what split of {name} gave").tolist() for row in made]


def with_ngrams(rows: list[list[str]], widths: tuple[int, ...] | None) -> list[list[str]]:
    """For each row its n-grams, joined by blanks, one width after the other.

    >>> lamina.layers.texts.with_ngrams([["a", "b", "c"]], (1, 2))
    [['a', 'b', 'c', 'a b', 'b c']]
    """
    if widths is None:
        return rows
    return [[" ".join(row[i : i + n]) for n in widths for i in range(len(row) - n + 1)] for row in rows]


def checked(layer: str, argument: str, value, names: tuple[str, ...]):
    """A name, a function or None."""
    if value is None or callable(value) or value in names:
        return value
    raise unknown(f"{argument} of {layer}", str(value), names, hint="or a function, or None")
