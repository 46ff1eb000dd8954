"""Texts become the numbers of their words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, message
from ..registry import get_registered_name, get_registered_object
from .category_rows import checked_mode
from .lookup import Vocabularied
from .reader import Reader
from .symbol import described
from .texts import SPLITS, STANDARDS, checked, standardized, text_array, tokens, with_ngrams
from .vocabulary import DROPPED, Vocabulary

CHUNK = 256  # texts that are split at a time
MODES = ("int", "multi_hot", "count", "tf_idf")


class TextVectorization(Vocabularied, Reader):
    """Texts become rows of numbers, one for each word, or rows that count words. It reads on the host.

    max_tokens              how many numbers there are at most; 0 is padding (with "int" only), then the unknown word
    standardize             "lower_and_strip_punctuation" (default), "lower", "strip_punctuation", None, or a function
                            that takes and gives an array of texts. Letters and punctuation are ASCII's, as in Keras
    split                   "whitespace" (default), "character", None, or a function that takes an array of texts and
                            gives a list of tokens for each
    ngrams                  n: words and what 2 to n of them in a row give; a tuple: the widths themselves
    output_mode             "int"; "multi_hot": a row of 1 for each word that occurs; "count"; "tf_idf"
    output_sequence_length  of the rows of "int": shorter ones are filled up with 0, longer ones cut; else the longest
                            text of the data decides, so that a program is made for each length
    pad_to_max_tokens       whether the other rows are ``max_tokens`` long
    vocabulary              words, or a file of them; else ``adapt`` finds them
    idf_weights             of the vocabulary, with "tf_idf"

    Inputs (batch,) or (batch, 1); outputs int32 (batch, length), or (batch, words). A function goes into a model file
    by its name, so it must be registered (``saving.register_keras_serializable``) or named in ``custom_objects``.

    >>> layer = lamina.layers.TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    >>> layer(["Foo, qux, bar!", "qux baz"])
    array([[4, 1, 3, 0],
           [1, 2, 0, 0]], dtype=int32)
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
    """

    def __init__(
        self,
        max_tokens=None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams=None,
        output_mode: str = "int",
        output_sequence_length=None,
        pad_to_max_tokens: bool = False,
        vocabulary=None,
        idf_weights=None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **kwargs,
    ):
        super().__init__(**kwargs)
        me = type(self).__name__
        self.output_mode = checked_mode(me, output_mode, MODES, sparse)
        self.standardize = checked(me, "standardize", found(standardize), STANDARDS)
        self.split = checked(me, "split", found(split), SPLITS)
        if ragged:
            fix = "output_sequence_length=n gives rows of one length, 0 where a text is shorter"
            raise ArgumentError(message(f"{me}: there are no ragged tensors", fix=fix))
        self.ngrams = checked_ngrams(me, ngrams)
        self.output_sequence_length = checked_length(me, output_sequence_length, self.output_mode)
        self.encoding, self.max_tokens, self.pad_to_max_tokens = encoding, max_tokens, pad_to_max_tokens
        made = Vocabulary(self, max_tokens, 1, "", "[UNK]", self.output_mode == "int")
        self.hold(made, vocabulary, idf_weights)

    @property
    def widths(self) -> tuple[int, ...] | None:
        """The widths of the n-grams."""
        return tuple(range(1, self.ngrams + 1)) if isinstance(self.ngrams, int) else self.ngrams

    def as_array(self, data):
        return text_array(data, f"the data of {self.label}", self.encoding)

    def documents(self, array):
        return self.token_rows(array.reshape(1, -1) if self.split is None and array.ndim < 2 else array)

    def token_rows(self, texts: np.ndarray) -> Iterator[list[str]]:
        """The tokens of each text; without a split, of each row of texts. Few of them are there at a time."""
        if self.split is not None and texts.ndim > 1 and texts.shape[-1] != 1:
            raise ShapeError(one_text(self.label, f"text[{', '.join(map(str, texts.shape))}]"))
        width = texts.shape[-1] if self.split is None and texts.ndim else 1
        flat, some = texts.reshape(-1), max(CHUNK // max(width, 1), 1) * width
        for at in range(0, flat.size, max(some, 1)):
            part = standardized(flat[at : at + some].tolist(), self.standardize, self.label)
            if self.split is None:
                rows = [part[i : i + width] for i in range(0, len(part), width)]
            else:
                rows = tokens(part, self.split, self.label)
            yield from with_ngrams(rows, self.widths)

    def read(self, inputs):
        texts = text_array(inputs, f"the input of {self.label}", self.encoding)
        self.vocabulary_.known()
        limit, numbered = self.output_sequence_length, self.output_mode == "int"
        once = dict.fromkeys if self.output_mode == "multi_hot" else list
        rows = [np.array(self.vocabulary_.numbers(list(once(row[:limit]))), "int32") for row in self.token_rows(texts)]
        longest = max(map(len, rows), default=0)
        # A row that counts is the same however far it is filled up: so few lengths, and few programs.
        length = limit or (longest if numbered else 1 << max(longest - 1, 0).bit_length())
        table = np.full((len(rows), length), 0 if numbered else DROPPED, "int32")
        for i, row in enumerate(rows):
            table[i, : len(row)] = row
        outer = texts.shape[:-1] if texts.ndim > 1 or (self.split is None and texts.ndim) else texts.shape
        return table.reshape(*outer, length)

    def read_shape(self, inputs):
        shape = inputs.shape
        if (self.split is None and len(shape) < 2) or (self.split is not None and len(shape) > 1 and shape[-1] != 1):
            raise ShapeError(one_text(self.label, described(inputs), self.split))
        outer = shape[:-1] if len(shape) > 1 else shape
        kept = self.split is None and self.ngrams is None and self.output_mode == "int"
        return (*outer, self.output_sequence_length or (shape[-1] if kept else None))

    def call(self, inputs):
        self.note_program()
        return self.encoded(inputs)

    def get_config(self):
        given = (self.standardize, self.split)
        self.standardize, self.split = (named(self, word, f) for word, f in zip(("standardize", "split"), given))
        try:
            return super().get_config()
        finally:
            self.standardize, self.split = given

    @classmethod
    def from_config(cls, config):
        return super().from_config({**config, "ngrams": as_tuple(config.get("ngrams"))})


def one_text(label: str, got: str, split: object = "whitespace") -> str:
    if split is None:
        want = "text[batch, tokens], as split=None takes tokens that are ready"
        return message(f"{label} takes a row of tokens for each sample", got=got, want=want, where=True)
    return message(
        f"{label} takes one text for each sample",
        got=got,
        want="text[batch] or text[batch, 1]",
        fix="split=None takes tokens that are ready",
        where=True,
    )


def as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def checked_ngrams(layer: str, ngrams):
    widths = (ngrams,) if isinstance(ngrams, int) else ngrams
    if ngrams is None or (isinstance(widths, tuple) and widths and all(type(n) is int and n > 0 for n in widths)):
        return ngrams
    raise ArgumentError(message(f"{layer}: ngrams is a whole number, or a tuple of them", got=repr(ngrams)))


def checked_length(layer: str, length, mode: str):
    if length is None or (mode == "int" and type(length) is int and length > 0):
        return length
    want = "a whole number" if mode == "int" else "None, unless output_mode is 'int'"
    raise ArgumentError(message(f"{layer}: output_sequence_length", got=repr(length), want=want))


def named(layer, argument: str, value):
    """The name under which a function goes into a configuration; ArgumentError for one that nobody could find."""
    if not callable(value):
        return value
    name = get_registered_name(value) if hasattr(value, "__name__") else ""
    if get_registered_object(name) is not value:
        raise ArgumentError(
            message(
                f"{layer.label}: the function {argument}={name or repr(value)} has no registered name",
                want="a name, as a file holds data only",
                fix="@lamina.saving.register_keras_serializable() before its def",
            )
        )
    return name


def found(value):
    """The function of a registered name; anything else as it is."""
    known = get_registered_object(value) if isinstance(value, str) else None
    return value if known is None else known
