"""Terms become numbers or rows, and numbers terms: ``StringLookup`` and ``IntegerLookup``."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

from ..errors import ArgumentError, DtypeError, message, unknown
from ..ops import add, cast, equal, less_equal, logical_and, mod, multiply, take, where, zeros_like
from ..trace import current
from .arguments import plain
from .category_rows import checked_mode, rows
from .layer import Layer
from .reader import Reader
from .symbol import Symbol, described, leaves
from .texts import text_array
from .vocabulary import DROPPED, Vocabulary, checked_salt

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class Vocabularied(Layer):
    """A layer with a vocabulary: what ``TextVectorization`` and the lookups share."""

    output_mode: str
    pad_to_max_tokens: bool
    vocabulary_: Vocabulary
    _given: bool  # whether the vocabulary was an argument
    _fixed_by_program: bool

    def hold(self, vocabulary: Vocabulary, terms, weights) -> None:
        """Keeps a vocabulary, with the terms that were given, if any."""
        most = vocabulary.max_tokens
        if most is not None and most <= 1:
            raise ArgumentError(message(f"{self.label}: max_tokens is 2 or more", got=str(most)))
        if self.pad_to_max_tokens and most is None:
            raise ArgumentError(message(f"{self.label}: pad_to_max_tokens needs max_tokens"))
        if vocabulary.unknown < 0:
            raise ArgumentError(message(f"{self.label}: num_oov_indices is 0 or more", got=str(vocabulary.unknown)))
        self.__dict__.update(vocabulary_=vocabulary, _given=terms is not None, _fixed_by_program=False)
        self.built = True
        if terms is not None:
            self.set_vocabulary(terms, weights)
        elif weights is not None:
            raise ArgumentError(message(f"{self.label}: idf_weights belong to a vocabulary, none is given"))

    @staticmethod
    def term(value):
        """A term of a vocabulary as the layer compares it."""
        return value.decode() if isinstance(value, bytes) else str(value)

    def set_vocabulary(self, vocabulary, idf_weights=None) -> None:
        """Makes these terms the vocabulary, in this order.

        vocabulary   a list or array of terms, with or without the special ones at the beginning, or the path of a text
                     file with a term on each line
        idf_weights  one number for each of them, with ``output_mode="tf_idf"`` only

        ArgumentError for terms that come twice, too many, and where the network was built for other ones.
        """
        self.changing()
        self.vocabulary_.set(vocabulary, idf_weights, self.output_mode == "tf_idf")

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """The terms, each at the place of its number; without the special ones if so told."""
        return self.vocabulary_.listed(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are, those of padding and of unknown terms among them."""
        return self.vocabulary_.size

    def adapt(self, data, batch_size=None, steps=None) -> None:
        """Finds the vocabulary in data: the frequent terms first, as many as ``max_tokens`` allows.

        data   an array or list, or an iterable of them, of which ``steps`` are taken

        Terms that occur equally often stand in the reverse of their order. What was found before is forgotten.
        ArgumentError for a layer that was given a vocabulary; DataError where there is no term.
        """
        self.changing()
        self.reset_state()
        if hasattr(data, "__array__") or isinstance(data, list | tuple | str):
            samples = self.as_array(data)
            self.update_state(samples[:, np.newaxis] if samples.ndim == 1 else samples)
        else:
            for batch in islice(data, steps):
                self.update_state(batch[0] if isinstance(batch, tuple) else batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what ``update_state`` counted."""
        self.vocabulary_.forget()

    def update_state(self, data) -> None:
        """Counts the terms of a batch; one row of terms is one sample."""
        if self._given:
            raise ArgumentError(message(f"{self.label} was given its vocabulary, there is nothing to adapt"))
        self.vocabulary_.count(self.documents(self.as_array(data)), self.output_mode == "tf_idf")

    def finalize_state(self) -> None:
        """Makes a vocabulary of what was counted."""
        self.vocabulary_.settle(self.output_mode == "tf_idf")

    def as_array(self, data) -> np.ndarray:
        """Data as an array of terms, or of texts that hold them."""
        raise NotImplementedError

    def documents(self, array: np.ndarray) -> list[list]:
        """The terms of each sample."""
        rows = array.reshape(1, -1) if array.ndim < 2 else array.reshape(len(array), -1)
        return rows.tolist() if array.size else []

    # ------------------------------------------------------------------------------------------------ rows

    @property
    def depth(self) -> int:
        """How long the rows are; ArgumentError where that is not known yet."""
        if self.pad_to_max_tokens:
            assert self.vocabulary_.max_tokens is not None
            return self.vocabulary_.max_tokens
        self.vocabulary_.known()
        return self.vocabulary_.size

    def encoded(self, numbers):
        """Numbers as the output mode asks for."""
        if self.output_mode == "int":
            return numbers
        if self.output_mode != "tf_idf":
            return rows(numbers, self.output_mode, self.depth, self.dtype)
        self.vocabulary_.known()
        weights = self.vocabulary_.weights
        assert weights is not None
        weights = np.pad(weights, (0, self.depth - len(weights)))
        return multiply(rows(numbers, "count", self.depth, self.dtype), weights.astype(self.dtype))

    holds_terms = False  # whether a program of the layer holds its terms

    def note_program(self) -> None:
        """Remembers that sizes of a network, or a program, follow from the terms, so that they cannot change."""
        trace = current()
        if trace is None or trace.concrete:
            return
        sized = self.output_mode != "int" and not self.pad_to_max_tokens
        if sized or ("symbols" not in trace.notes and (self.holds_terms or self.output_mode == "tf_idf")):
            self.__dict__["_fixed_by_program"] = True

    def changing(self) -> None:
        if self._fixed_by_program:
            raise ArgumentError(
                message(
                    f"{self.label} is part of a network that was built for its vocabulary",
                    fix="adapt it, or set its vocabulary, before it is called on an Input",
                    where=True,
                )
            )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        weights = self.vocabulary_.weights
        known = self.vocabulary_.terms is not None
        config["vocabulary"] = plain(self.get_vocabulary()) if known else None
        config["idf_weights"] = None if weights is None else weights.tolist()
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        config = dict(config)
        terms, weights = config.pop("vocabulary", None), config.pop("idf_weights", None)
        if terms is not None and not isinstance(terms, list | tuple):
            raise ArgumentError(
                message(
                    f"{cls.__name__}: a configuration holds the terms of a vocabulary, no file", got=repr(terms)[:60]
                )
            )
        layer = super().from_config(config)
        if terms is not None:
            layer.set_vocabulary(terms, weights)
        return layer


class StringLookup(Vocabularied, Reader):
    """Texts become numbers: the place of each in a vocabulary. It reads on the host, before the program runs.

    max_tokens         how many numbers there are at most, the special ones among them
    num_oov_indices    how many numbers unknown texts share, 1 unless given; with 0 they are refused, with more their
                       hash (FarmHash; SipHash with ``salt``) says which
    mask_token         the text of padding: number 0, or left out of rows; None unless given
    oov_token          what unknown numbers become with ``invert``; "[UNK]" unless given
    vocabulary         the texts, or a file of them; else ``adapt`` finds them
    idf_weights        of the vocabulary, with ``output_mode="tf_idf"``
    invert             numbers become texts; such a layer stands after a model, not in it
    output_mode        "int"; "one_hot": a row for each text; "multi_hot", "count", "tf_idf": a row for the texts along
                       the last axis
    pad_to_max_tokens  whether rows are ``max_tokens`` long

    Inputs of any shape; numbers have their shape. ArgumentError for a vocabulary with repeats; DataError for what is
    no text.

    >>> layer = lamina.layers.StringLookup(vocabulary=["a", "b"])
    >>> layer([["b", "z"], ["a", "a"]])
    array([[2, 0],
           [1, 1]], dtype=int32)
    >>> lamina.layers.StringLookup(vocabulary=["a", "b"], invert=True)([2, 0])
    array(['b', '[UNK]'], dtype='<U5')
    """

    def __init__(
        self,
        max_tokens=None,
        num_oov_indices: int = 1,
        mask_token=None,
        oov_token="[UNK]",
        vocabulary=None,
        idf_weights=None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        salt=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.output_mode = checked_mode("StringLookup", output_mode, MODES, sparse)
        self.invert, self.encoding, self.pad_to_max_tokens = invert, encoding, pad_to_max_tokens
        self.max_tokens, self.salt = max_tokens, salt
        check_inverse(self)
        numbered, key = self.output_mode == "int", checked_salt("StringLookup", salt)
        made = Vocabulary(self, max_tokens, num_oov_indices, mask_token, oov_token, numbered, key)
        self.hold(made, vocabulary, idf_weights)

    def __call__(self, *args, **kwargs):
        if not self.invert:
            return super().__call__(*args, **kwargs)
        numbers = args[0] if args else kwargs["inputs"]
        if any(isinstance(x, Symbol) for x in leaves(numbers)):
            raise DtypeError(
                message(
                    f"{self.label} gives text, which is no tensor",
                    got=described(numbers),
                    fix="call it on what predict gives, after the model",
                    where=True,
                )
            )
        ids = np.asarray(numbers)
        if ids.dtype.kind not in "iu":
            raise DtypeError(message(f"{self.label} takes whole numbers", got=str(ids.dtype)))
        self.vocabulary_.known()
        terms = dict(enumerate(self.get_vocabulary()))
        return np.array([terms.get(i, self.vocabulary_.oov_token) for i in ids.reshape(-1).tolist()]).reshape(ids.shape)

    def as_array(self, data):
        return text_array(data, f"the data of {self.label}", self.encoding)

    def read(self, inputs):
        texts = text_array(inputs, f"the input of {self.label}", self.encoding)
        return np.array(self.vocabulary_.numbers(texts.reshape(-1).tolist()), "int32").reshape(texts.shape)

    def call(self, inputs):
        self.note_program()
        return self.encoded(inputs)


class IntegerLookup(Vocabularied):
    """Whole numbers become others: the place of each in a vocabulary.

    max_tokens, num_oov_indices, mask_token, idf_weights, output_mode, pad_to_max_tokens  as for ``StringLookup``
    oov_token          what unknown numbers become with ``invert``; -1 unless given
    vocabulary         whole numbers, or a file of them; else ``adapt`` finds them
    invert             places become numbers of the vocabulary
    oov_method         "floormod": which number an unknown one gets is its remainder; "farmhash" is refused, as a
                       program knows no digits: ``Hashing`` does that

    Inputs of any shape; the numbers are found by bisection, inside of the program.

    >>> lamina.layers.IntegerLookup(vocabulary=[12, 36, 1138])(np.array([36, 7, 1138]))
    array([2, 0, 3], dtype=int32)
    """

    input_dtype = "int64"
    holds_terms = True

    def __init__(
        self,
        max_tokens=None,
        num_oov_indices: int = 1,
        mask_token=None,
        oov_token=-1,
        vocabulary=None,
        vocabulary_dtype: str = "int64",
        idf_weights=None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.output_mode = checked_mode("IntegerLookup", output_mode, MODES, sparse)
        if oov_method not in ("floormod", "farmhash"):
            raise unknown("oov_method", oov_method, ("floormod", "farmhash"))
        if oov_method == "farmhash" or salt is not None:
            problem = "IntegerLookup hashes no numbers: a program knows no digits"
            raise ArgumentError(message(problem, fix='Hashing(num_bins) on an Input, or oov_method="floormod"'))
        if vocabulary_dtype != "int64":
            raise ArgumentError(message("IntegerLookup: vocabulary_dtype is int64", got=str(vocabulary_dtype)))
        self.invert, self.pad_to_max_tokens, self.max_tokens = invert, pad_to_max_tokens, max_tokens
        check_inverse(self)
        numbered = self.output_mode == "int"
        self.hold(
            Vocabulary(self, max_tokens, num_oov_indices, mask_token, oov_token, numbered), vocabulary, idf_weights
        )

    @staticmethod
    def term(value) -> int:
        return int(value)

    def as_array(self, data):
        numbers = np.asarray(data)
        if numbers.dtype.kind not in "iu":
            raise DtypeError(message(f"{self.label} adapts to whole numbers", got=str(numbers.dtype)))
        return numbers

    def call(self, inputs):
        self.note_program()
        self.vocabulary_.known()
        if str(inputs.dtype) not in ("int32", "int64", "uint8"):
            raise DtypeError(message(f"{self.label} takes whole numbers", got=described(inputs), where=True))
        return self.numbered(inputs) if self.invert else self.encoded(self.placed(inputs))

    def numbered(self, places):
        """The numbers of the vocabulary at the places."""
        terms = np.array([*self.get_vocabulary(), self.vocabulary_.oov_token], "int64")
        last = len(terms) - 1
        inside = logical_and(less_equal(0, places), less_equal(places, last))
        return take(terms, cast(where(inside, places, last), "int32"), axis=0)

    def placed(self, numbers):
        """The places of the numbers in the vocabulary."""
        known = self.vocabulary_
        keys = sorted(known.index)
        width = 1 << (len(keys) - 1).bit_length()
        least = np.iinfo("int32")
        dtype = "int32" if str(numbers.dtype) != "int64" and least.min <= keys[0] and keys[-1] <= least.max else "int64"
        table = np.array([*keys, *[keys[-1]] * (width - len(keys))], dtype)
        values = np.array([known.index[k] for k in table.tolist()], "int32")
        x = cast(numbers, dtype)
        at = cast(zeros_like(x), "int32")
        step = width // 2
        while step:
            further = add(at, step)
            at = where(less_equal(take(table, further, axis=0), x), further, at)
            step //= 2
        found = equal(take(table, at, axis=0), x)
        return where(found, take(values, at, axis=0), self.bins(x, found))

    def bins(self, x, found):
        """The numbers of what is not in the vocabulary."""
        known = self.vocabulary_
        if known.unknown > 1:
            return cast(add(mod(x, known.unknown), known.masked), "int32")
        if known.unknown == 0 and found.value is not None and not np.all(found.value):
            raise known.stranger(int(np.asarray(x.value)[~np.asarray(found.value)].reshape(-1)[0]))
        return cast(zeros_like(x), "int32") + (known.masked if known.unknown else DROPPED)


def check_inverse(layer) -> None:
    if layer.invert and layer.output_mode != "int":
        raise ArgumentError(
            message(f"{type(layer).__name__}: invert goes with output_mode='int'", got=repr(layer.output_mode))
        )
