"""Labels read from the scores of classes at each step: the likeliest path, or the likeliest labels by beam search."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, ShapeError, TraceError, message
from ..graph import Node
from ..op import as_value
from ..ops.axes import canonical_axis
from ..ops.broadcast import expand
from ..ops.compare import equal, greater_equal, less, logical_and, logical_not, not_equal, select
from ..ops.create import full_like, iota_of
from ..ops.defer import public
from ..ops.elementwise import cast, neg
from ..ops.indexing import take_along_axis
from ..ops.reductions import argmax
from ..ops.reductions import max as largest
from ..ops.reductions import sum as summed
from ..ops.shape import reshape
from ..ops.slice import pad_, part
from ..ops.sort import argsort
from .softmax import log_softmax_op

__all__ = ["ctc_decode"]
STRATEGIES = ("greedy", "beam_search")


@public
def ctc_decode(
    inputs,
    sequence_lengths=None,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
    *,
    mask=None,
):
    """The labels that logits spell, as Keras gives them: ``(decoded, scores)``.

    inputs            logits [batch, steps, classes]
    sequence_lengths  how many steps of each sample are read, from the first; all by default
    strategy          "greedy" takes the likeliest class of each step; "beam_search" adds up the paths of each text
    beam_width        how many texts a beam search keeps at each step
    top_paths         how many texts a beam search gives, the likeliest first
    merge_repeated    whether the greedy strategy merges the same class in a row; a beam search always does
    mask_index        the class that is the blank; a negative one counts from the last
    mask              instead of ``sequence_lengths``: which steps are real, a bool [batch, steps], in any places

    ``decoded`` is int32 [paths, batch, steps], filled up with -1. ``scores`` is [batch, paths]: of a greedy strategy
    minus the sum of the largest logits, which is -log of the path's probability where the inputs come from
    log_softmax; of a beam search the logarithm of the probability of the text (-inf for paths there are none of).
    A beam search needs numbers, not symbolic values: TraceError. Prefix beam search after Hannun, Maas, Jurafsky, Ng,
    "First-Pass Large Vocabulary Continuous Speech Recognition" (2014), algorithm 1, without a language model.

    >>> logits = np.log(np.array([[[0.1, 0.9], [0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]], "float32"))
    >>> lamina.ops.ctc_decode(logits)[0]
    array([[[ 1,  1, -1, -1]]], dtype=int32)
    """
    if strategy not in STRATEGIES:
        raise ArgumentError(message(f"ctc_decode knows no strategy {strategy!r}", want=" or ".join(STRATEGIES)))
    inputs = as_value(inputs)
    inputs = inputs if str(inputs.dtype).startswith("float") else cast(inputs, "float32")
    if len(inputs.shape) != 3:
        raise ShapeError(
            message(
                "ctc_decode cannot take this", got=f"{inputs.dtype}{list(inputs.shape)}", want="[batch, steps, classes]"
            )
        )
    blank = canonical_axis(mask_index, inputs.shape[2])
    real = real_steps(inputs, sequence_lengths, mask)
    if strategy == "greedy":
        return greedy(inputs, real, merge_repeated, blank)
    if isinstance(inputs, Node) or isinstance(real, Node):
        raise TraceError(
            message(
                "ctc_decode cannot search inside of a traced program",
                fix='decode what the model predicts, outside; or strategy="greedy"',
            )
        )
    if not 1 <= top_paths <= beam_width:
        raise ArgumentError(
            message("a beam gives as many texts as it keeps", got=f"top_paths={top_paths}", want=f"1..{beam_width}")
        )
    return beam_search(log_softmax_op(inputs), real, beam_width, top_paths, blank)


def real_steps(inputs, lengths, mask):
    """Which steps count: a bool [batch, steps]."""
    batch, steps, _ = inputs.shape
    if mask is not None:
        return cast(as_value(mask), "bool")
    if lengths is None:
        return full_like(inputs, True, (batch, steps), "bool")
    ends = expand(reshape(cast(as_value(lengths), "int32"), shape=(batch, 1)), shape=(batch, steps))
    return less(iota_of(ends, 1), ends)


def moved_to_the_front(classes, keep):
    """The classes to be kept in order, then -1."""
    steps = classes.shape[1]
    places = select(keep, iota_of(classes, 1), steps)
    order = cast(argsort(places, axis=1), "int32")
    return take_along_axis(select(keep, classes, -1), order, axis=1)


def greedy(inputs, real, merge_repeated: bool, blank: int):
    """The likeliest class of each step; steps that do not count are left out before repeats are merged."""
    classes = moved_to_the_front(cast(argmax(inputs, axis=-1), "int32"), real)
    keep = logical_and(greater_equal(classes, 0), not_equal(classes, blank))
    if merge_repeated:
        none = (0, 0)
        before = part(pad_(classes, low=(0, 1), high=none, interior=none, value=-1), 1, 0, classes.shape[1])
        keep = logical_and(keep, logical_not(equal(classes, before)))
    decoded = moved_to_the_front(classes, keep)
    scores = neg(summed(select(real, largest(inputs, axis=-1), 0.0), axis=-1, keepdims=True))
    return reshape(decoded, shape=(1, *decoded.shape)), scores


def beam_search(scores: np.ndarray, real: np.ndarray, width: int, paths: int, blank: int):
    """The likeliest texts of each sample and the logarithms of their probabilities."""
    batch, steps, _ = scores.shape
    decoded = np.full((paths, batch, steps), -1, "int32")
    found = np.full((batch, paths), -np.inf, scores.dtype)
    for i in range(batch):
        for k, (text, score) in enumerate(texts(scores[i][real[i]].astype("float64"), width, blank)[:paths]):
            decoded[k, i, : len(text)] = text
            found[i, k] = score
    return decoded, found


class Beam:
    """The texts of a beam as leaves of a tree, and the logarithms of the probabilities of the paths that spell them.

    For each text there are two: of the paths that end in the blank, and of those that end in its last label; only from
    the former may the same label come again. The tree keeps texts that fell out of the beam, so that one which comes
    back is known as the parent of its children.
    """

    def __init__(self, width: int, blank: int):
        self.width, self.blank = width, blank
        self.nodes = [(-1, -1)]  # parent and last label of each text that was ever met
        self.known: dict[tuple[int, int], int] = {}
        self.members = np.zeros(1, int)
        self.after_blank, self.after_label = np.zeros(1), np.full(1, -np.inf)

    def advance(self, row: np.ndarray) -> None:
        """One step: each text stays as it is or gets one label more, and the likeliest are kept."""
        size = len(self.members)
        parents, last = np.array([self.nodes[m] for m in self.members], int).reshape(-1, 2).T
        whole = np.logaddexp(self.after_blank, self.after_label)
        some = np.flatnonzero(last >= 0)
        grown = whole[:, None] + row
        grown[some, last[some]] = self.after_blank[some] + row[last[some]]
        grown[:, self.blank] = -np.inf
        after_blank = whole + row[self.blank]
        after_label = np.where(last >= 0, self.after_label + row[last], -np.inf)
        places = {int(m): i for i, m in enumerate(self.members)}
        for j, parent in enumerate(parents.tolist()):  # a text that grows into one of the beam
            i = places.get(parent)
            if i is not None:
                after_label[j] = np.logaddexp(after_label[j], grown[i, last[j]])
                grown[i, last[j]] = -np.inf
        scores = np.concatenate([np.logaddexp(after_blank, after_label), grown.reshape(-1)])
        best = np.argsort(-scores, kind="stable")[: self.width]
        best = best[scores[best] > -np.inf]
        self.members = np.array([self.member(int(k), size, len(row)) for k in best], int)
        stay = best < size
        first = np.where(stay, best, 0)
        self.after_blank = np.where(stay, after_blank[first], -np.inf)
        self.after_label = np.where(stay, after_label[first], scores[best])

    def member(self, k: int, size: int, classes: int) -> int:
        """The text that candidate k stands for."""
        if k < size:
            return int(self.members[k])
        key = (int(self.members[(k - size) // classes]), (k - size) % classes)
        if key not in self.known:
            self.known[key] = len(self.nodes)
            self.nodes.append(key)
        return self.known[key]

    def text(self, node: int) -> list[int]:
        """The labels of a text, from the root of the tree."""
        found: list[int] = []
        while node:
            node, label = self.nodes[node]
            found.append(label)
        return found[::-1]


def texts(scores: np.ndarray, width: int, blank: int) -> list[tuple[list[int], float]]:
    """All texts of the last beam with the logarithms of their probabilities, the likeliest first."""
    beam = Beam(width, blank)
    for row in scores:
        beam.advance(row)
    whole = np.logaddexp(beam.after_blank, beam.after_label)
    return [(beam.text(int(m)), float(score)) for m, score in zip(beam.members, whole, strict=True)]
