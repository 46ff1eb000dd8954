"""Which number each term has: the state of the layers that look terms up."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, FileFormatError, message
from .fingerprints import fingerprint, keyed
from .texts import as_bytes

DROPPED = -1  # the number of a term that stands in no row


class Vocabulary:
    """Terms in order; a mask term and numbers for unknown terms come before them.

    owner            the layer, which messages name
    max_tokens       how many numbers there are at most, the special ones among them
    num_oov_indices  how many numbers unknown terms share; the term's hash says which of them
    mask_token       the term of padding, number 0 where the layer gives numbers, else left out
    oov_token        what stands for unknown terms
    numbered         whether the layer gives numbers, and not rows
    """

    def __init__(self, owner, max_tokens, num_oov_indices: int, mask_token, oov_token, numbered: bool, salt=None):
        self.owner, self.max_tokens, self.unknown = owner, max_tokens, num_oov_indices
        self.mask_token, self.oov_token, self.salt = mask_token, oov_token, salt
        self.masked = int(mask_token is not None and numbered)
        self.terms: list[Any] | None = None
        self.index: dict[Any, int] = {}
        self.weights: np.ndarray | None = None  # of tf-idf, one for each number
        self.counted: Counter = Counter()
        self.documents: Counter = Counter()
        self.seen = 0  # documents

    @property
    def start(self) -> int:
        """The number of the first term."""
        return self.masked + self.unknown

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return self.start + len(self.terms or ())

    def special(self) -> list:
        """The terms before the first."""
        return [self.mask_token] * self.masked + [self.oov_token] * self.unknown

    def listed(self, special: bool = True) -> list:
        """All terms, each at the place of its number."""
        return [*(self.special() if special else ()), *(self.terms or ())]

    def known(self) -> list:
        """The terms; ArgumentError where there are none yet."""
        if self.terms is None:
            raise ArgumentError(
                message(
                    f"{self.owner.label} has no vocabulary yet",
                    fix="adapt(data) finds one, vocabulary=[…] gives one",
                    where=True,
                )
            )
        return self.terms

    # ------------------------------------------------------------------------------------------------ setting

    def set(self, terms, weights, weighted: bool) -> None:
        """Takes terms, which may begin with the special ones, and the weights of tf-idf if it is ``weighted``."""
        given = listed_terms(terms, self.owner)
        if weighted != (weights is not None):
            problem = (
                "needs idf_weights with output_mode='tf_idf'"
                if weighted
                else "takes idf_weights with output_mode='tf_idf' only"
            )
            raise ArgumentError(message(f"{self.owner.label}: a vocabulary {problem}"))
        if weights is not None and np.shape(weights) != (len(given),):
            shape = list(np.shape(weights))
            raise ArgumentError(
                message(f"{self.owner.label}: one idf weight for each term", got=str(shape), want=f"[{len(given)}]")
            )
        whole = given[: self.start] == self.special()
        terms = given[self.start :] if whole else given
        self.check(terms)
        if weights is not None:
            weights = np.asarray(weights, "float32")
            weights = weights if whole else np.concatenate([np.full(self.start, weights.mean()), weights])
        self.take(terms, weights)

    def take(self, terms: list, weights: np.ndarray | None) -> None:
        """Makes these terms the vocabulary."""
        self.terms = terms
        self.weights = None if weights is None else weights.astype("float32")
        self.index = {term: i for i, term in enumerate(terms, self.start)}
        if self.mask_token is not None:
            self.index[self.mask_token] = 0 if self.masked else DROPPED

    def check(self, terms: list) -> None:
        """Refuses terms that come twice, special terms among the others, none, and too many."""
        label = self.owner.label
        if not terms:
            raise ArgumentError(message(f"{label}: a vocabulary has at least one term", got="none"))
        twice = [term for term, n in Counter(terms).items() if n > 1]
        if twice:
            fix = "leave each in once: list(dict.fromkeys(terms)) keeps the first"
            raise ArgumentError(
                message(
                    f"{label}: the vocabulary has terms that come twice", got=", ".join(map(repr, twice[:8])), fix=fix
                )
            )
        reserved = {self.mask_token, self.oov_token if getattr(self.owner, "invert", False) else None} - {None}
        found = next((i for i, term in enumerate(terms) if term in reserved), None)
        if found is not None:
            raise ArgumentError(
                message(
                    f"{label}: the vocabulary has a special term among the others",
                    got=f"{terms[found]!r} at {found}",
                    want=f"{self.special()} at the beginning, or nowhere",
                )
            )
        if self.max_tokens is not None and self.start + len(terms) > self.max_tokens:
            raise ArgumentError(
                message(
                    f"{label}: the vocabulary is larger than max_tokens",
                    got=f"{len(terms)} terms, and before them {self.start}: {self.special()}",
                    want=f"at most {self.max_tokens} together",
                )
            )

    # ------------------------------------------------------------------------------------------------ adapting

    def forget(self) -> None:
        """Begins to count anew."""
        self.counted, self.documents, self.seen = Counter(), Counter(), 0

    def count(self, documents: Iterable[list], by_document: bool) -> None:
        """Counts the terms of documents, and in how many of these each occurs."""
        for terms in documents:
            self.counted.update(terms)
            self.seen += 1
            if by_document:
                self.documents.update(set(terms))

    def settle(self, weighted: bool) -> None:
        """Takes the terms that were counted: the frequent first, of equally frequent ones the greater first."""
        for special in (self.mask_token, self.oov_token):
            self.counted.pop(special, None)
        order = sorted(self.counted.items(), key=lambda item: (item[1], item[0]), reverse=True)
        terms = [term for term, _ in order][: None if self.max_tokens is None else max(0, self.max_tokens - self.start)]
        if not terms:
            raise DataError(message(f"{self.owner.label} found no term in the data to adapt to"))
        weights = None
        if weighted:
            found = np.array([self.documents[term] for term in terms], "float64")
            weights = np.log(1 + self.seen / (1 + found)).astype("float32")
            weights = np.concatenate([np.full(self.start, weights.mean(dtype="float32")), weights])
        self.take(terms, weights)
        self.forget()

    # ------------------------------------------------------------------------------------------------ looking up

    def numbers(self, terms: list) -> list[int]:
        """The number of each term."""
        self.known()
        index, first = self.index, self.masked
        if self.unknown == 1:
            return [index.get(term, first) for term in terms]
        if self.unknown > 1:
            return [index[t] if t in index else first + self.bin(t) for t in terms]
        try:
            return [index[term] for term in terms]
        except KeyError as problem:
            raise self.stranger(problem.args[0]) from None

    def bin(self, term: str) -> int:
        """Which of the numbers for unknown terms a term has."""
        data = as_bytes(term, self.owner.label)
        return (fingerprint(data) if self.salt is None else keyed(data, self.salt)) % self.unknown

    def stranger(self, term) -> DataError:
        return DataError(
            message(
                f"{self.owner.label}: {term!r} is not in the vocabulary",
                got=f"num_oov_indices=0 and {len(self.terms or ())} terms",
                fix="num_oov_indices=1 keeps a number for unknown terms",
                where=True,
            )
        )


def listed_terms(terms, owner) -> list:
    """The terms of a list, an array or a text file with one on each line."""
    if isinstance(terms, str | os.PathLike):
        try:
            with open(terms, encoding="utf-8", newline="\n") as file:
                lines = [line.removesuffix("\n").removesuffix("\r") for line in file]
        except (OSError, UnicodeDecodeError) as problem:
            raise FileFormatError(
                message(f"{owner.label}: the vocabulary {os.path.basename(terms)!r} cannot be read", got=str(problem))
            ) from None
        return [owner.term(line) for line in lines]
    return [owner.term(t) for t in (terms.tolist() if isinstance(terms, np.ndarray) else list(terms))]


def checked_salt(layer: str, salt) -> tuple[int, int] | None:
    """The key of the strong hash: two numbers, or one that counts twice."""
    if salt is None:
        return None
    pair = (salt, salt) if isinstance(salt, int | np.integer) else tuple(salt) if hasattr(salt, "__len__") else ()
    if len(pair) != 2 or not all(isinstance(n, int | np.integer) for n in pair):
        raise ArgumentError(message(f"{layer}: salt is a whole number, or two of them", got=repr(salt)))
    return int(pair[0]), int(pair[1])
