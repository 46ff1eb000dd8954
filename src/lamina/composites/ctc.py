"""Connectionist temporal classification: how likely a sequence of labels is under scores for each step of an input.

Graves, Fernández, Gomez, Schmidhuber, "Connectionist Temporal Classification" (2006). A path says one class, or the
blank, for each step; a path spells the labels that are left when repeats are merged and blanks are dropped. The
states of its section 4.1 are the labels with blanks between and around them: 2 * labels + 1 for each sample.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..composite import Composite
from ..errors import ShapeError, dtype_error, message, shape_error
from ..graph import Node
from ..op import as_value
from ..ops.axes import canonical_axis
from ..ops.broadcast import expand, spread, sum_
from ..ops.compare import equal, greater, greater_equal, less, logical_and, logical_not, logical_or, not_equal, select
from ..ops.create import full_like, iota_of
from ..ops.defer import public
from ..ops.elementwise import add, cast, mul, neg, sub
from ..ops.matmul import matmul_
from ..ops.piecewise import maximum
from ..ops.reduce import max_, min_
from ..ops.scan import scan
from ..ops.shape import reshape, transpose, turned
from ..ops.slice import concatenate_, pad_, part
from ..ops.transcendental import exp, log, stop_gradient
from ..types import Type
from .softmax import log_softmax_op, softmax_op

__all__ = ["ctc_loss"]

NEVER = -1e30  # the logarithm of zero; finite, so that a difference of two is no NaN


def types(batch: int, steps: int, classes: int, labels: int):
    """Scores, labels, how many labels, and which steps are real: for the samples."""
    return (
        Type("float32", (batch, steps, classes)),
        Type("int32", (batch, labels)),
        Type("int32", (batch,)),
        Type("bool", (batch, steps)),
    )


class Lattice(NamedTuple):
    """What the sums over paths run on; states come before samples, so that neighbours in time are slices.

    scores   of the states at each step: [steps, states * batch]
    picks    1 where a state stands for a class: [batch, states, classes]
    skips    whether a path may enter a state from two before: [states, batch]
    last     the number of a sample's last state: [states, batch]
    states   the number of each state: [states, batch]
    real     which steps count: [steps, batch]
    """

    scores: Node
    picks: Node
    skips: Node
    last: Node
    states: Node
    real: Node


def lattice(scores: Node, labels: Node, lengths: Node, real: Node, blank: int) -> Lattice:
    """The states of a batch, and what they score."""
    batch, steps, classes = scores.shape
    states = 2 * labels.shape[1] + 1
    high = (1 if states > 1 else 0, 0)  # one blank is enough where there are no labels
    said = pad_(turned(labels), low=(1, 0), high=high, interior=(1, 0), value=blank)  # [states, batch]
    of_class = expand(reshape(turned(said), shape=(batch, states, 1)), shape=(batch, states, classes))
    picks = cast(equal(of_class, iota_of(of_class, 2)), scores.dtype)
    of_states = matmul_(maximum(scores, NEVER), turned(picks))  # a sum with one term: exact
    flat = reshape(transpose(of_states, axes=(1, 2, 0)), shape=(steps, states * batch))
    before = pad_(said, low=(2, 0), high=(0, 0), interior=(0, 0), value=blank)
    skips = logical_and(not_equal(said, blank), not_equal(said, part(before, 0, 0, states)))
    last = expand(add(lengths, lengths), shape=(states, batch))
    return Lattice(flat, picks, skips, last, iota_of(said, 0), turned(real))


def sum_of_paths(a, b, c):
    """log(exp(a) + exp(b) + exp(c))."""
    top = stop_gradient(maximum(maximum(a, b), c))
    return add(log(add(add(exp(sub(a, top)), exp(sub(b, top))), exp(sub(c, top)))), top)


def run(x: Lattice, reverse: bool):
    """log alpha (or log beta times the score, in reverse) after all steps, what to add to it, and after each step.

    The states are ``[states + 2, batch]``: two that no path is ever in stand before the first, or in reverse behind
    the last. Each step takes the largest one before it off all, so that they stay near 0, where float32 is exact; what
    was taken off is added up, ``[batch]``. A step that does not count leaves all as it is.
    """
    states, batch = x.states.shape
    nowhere = full_like(x.scores, NEVER, (2, batch))

    def joined(inner):
        return concatenate_(inner, nowhere, axis=0) if reverse else concatenate_(nowhere, inner, axis=0)

    # a skip is marked where it arrives; in reverse it is read where it leaves, two states before
    skips = x.skips
    if reverse:
        ahead = pad_(cast(skips, "int32"), low=(0, 0), high=(2, 0), interior=(0, 0), value=0)
        skips = not_equal(part(ahead, 0, 2, states + 2), 0)
    here, near, far = (0, 1, 2) if reverse else (2, 1, 0)

    def step(carry, given):
        (now, off), (scores, real) = carry, given
        top = stop_gradient(max_(now, axes=(0,)))
        stay = part(now, 0, here, here + states)
        skip = select(skips, part(now, 0, far, far + states), NEVER)
        paths = sum_of_paths(stay, part(now, 0, near, near + states), skip)
        moved = add(sub(paths, expand(top, shape=stay.shape)), reshape(scores, shape=stay.shape))
        now = joined(select(expand(real, shape=stay.shape), moved, stay))
        return [now, add(off, select(real, top, 0.0))], now

    begins = equal(x.states, x.last) if reverse else equal(x.states, 0)
    start = joined(select(begins, full_like(x.scores, 0.0, (states, batch)), NEVER))
    (final, off), each = scan(step, [start, full_like(x.scores, 0.0, (batch,))], [x.scores, x.real], reverse=reverse)
    return final, off, each


def total(x: Lattice, final: Node, off: Node) -> Node:
    """The logarithm of the sum over all paths that end in the last label or in the blank behind it."""
    states, _ = x.states.shape
    inner = part(final, 0, 2, states + 2)
    ends = logical_and(less(x.states, add(x.last, 1)), greater(add(x.states, 2), x.last))
    ends = select(ends, inner, NEVER)
    top = stop_gradient(max_(ends, axes=(0,)))
    return add(add(log(sum_(exp(sub(ends, spread(top, ends, (0,)))), axes=(0,))), top), off)


def possible(labels: Node, lengths: Node, real: Node, classes: int, blank: int) -> Node:
    """Whether some path spells the labels: a bool for each sample.

    It takes one step for each label, and one for the blank between two that are the same.
    """
    counts = less(iota_of(labels, 1), expand(reshape(lengths, shape=(labels.shape[0], 1)), shape=labels.shape))
    known = logical_and(logical_and(greater_equal(labels, 0), less(labels, classes)), not_equal(labels, blank))
    fits = logical_and(greater_equal(lengths, 0), greater_equal(labels.shape[1], lengths))
    if labels.shape[1]:
        good = cast(logical_or(known, logical_not(counts)), "int32")
        fits = logical_and(fits, equal(min_(good, axes=(1,)), 1))
        before = part(pad_(labels, low=(0, 1), high=(0, 0), interior=(0, 0), value=-1), 1, 0, labels.shape[1])
        twice = cast(logical_and(counts, equal(labels, before)), "int32")
        needed = add(lengths, sum_(twice, axes=(1,)))
    else:
        needed = lengths
    return logical_and(fits, greater_equal(sum_(cast(real, "int32"), axes=(1,)), needed))


class ConnectionistTemporalClassification(Composite):
    """-log of the summed weight of all paths that spell the labels, for each sample; 0 where there is no such path.

    Inputs are the logarithms of the weights of classes at each step, labels, how many of them count, and which steps
    do. Section 4.1 of the paper, in logarithms; the derivative is its equation 15, by a second run in reverse.
    """

    whole = (1, 4)
    tolerance = 1e-5
    extremes = ()
    samples = [
        (types(3, 9, 5, 3), {"blank": 0}),
        (types(2, 8, 5, 3), {"blank": 4}),
        (types(3, 4, 5, 0), {"blank": 0}),
        (types(2, 0, 4, 2), {"blank": 0}),
        (types(0, 3, 4, 2), {"blank": 0}),
        (types(2, 12, 4, 4), {"blank": 2}),
    ]
    rejects = [
        (types(3, 9, 5, 3), {"blank": 5}, "no class 5"),
        ((*types(3, 9, 5, 3)[:2], Type("int32", (4,)), Type("bool", (3, 9))), {"blank": 0}, "for each sample"),
        ((Type("int32", (3, 9, 5)), *types(3, 9, 5, 3)[1:]), {"blank": 0}, "floats"),
    ]

    def infer(self, scores, labels, lengths, real, blank):
        got = (scores, labels, lengths, real)
        if not scores.is_float or (labels.dtype, lengths.dtype, real.dtype) != ("int32", "int32", "bool"):
            raise dtype_error(self, "scores are floats, labels and lengths int32, real steps bool", got=got)
        if scores.rank != 3 or labels.rank != 2:
            raise shape_error(
                self, "needs scores and labels of each sample", got=got, want="[batch, steps, classes], [batch, labels]"
            )
        batch, steps, classes = scores.shape
        if labels.shape[0] != batch or lengths.shape != (batch,) or real.shape != (batch, steps):
            raise shape_error(self, "one row of labels, one length and one row of steps for each sample", got=got)
        if not 0 <= blank < classes:
            raise shape_error(self, f"the blank is no class {blank}", got=got, want=f"a class within 0..{classes - 1}")
        return scores.with_shape(batch)

    def body(self, scores, labels, lengths, real, blank):
        x = lattice(scores, labels, lengths, real, blank)
        final, off, _ = run(x, reverse=False)
        likely = possible(labels, lengths, real, scores.shape[2], blank)
        return select(likely, neg(total(x, final, off)), 0.0)

    def vjp(self, dy, y, scores, labels, lengths, real, blank):
        """-dy times how probable it is that the path is in a class at a step, given that it spells the labels."""
        batch, steps, classes = scores.shape
        x = lattice(scores, labels, lengths, real, blank)
        states = x.states.shape[0]
        *_, alpha = run(x, reverse=False)
        *_, beta = run(x, reverse=True)
        scored = reshape(x.scores, shape=(steps, states, batch))
        paths = sub(add(part(alpha, 1, 2, states + 2), part(beta, 1, 0, states)), scored)
        share = softmax_op(transpose(paths, axes=(2, 0, 1)))  # at each step the sum over states is the same
        counts = logical_and(
            real, expand(reshape(possible(labels, lengths, real, classes, blank), shape=(batch, 1)), shape=real.shape)
        )
        weight = select(counts, expand(reshape(neg(dy), shape=(batch, 1)), shape=real.shape), 0.0)
        share = mul(share, expand(reshape(weight, shape=(batch, steps, 1)), shape=share.shape))
        return matmul_(share, x.picks), None, None, None


ctc = ConnectionistTemporalClassification()


def counted(labels, blank: int):
    """How many labels of each sample are neither padding (negative, or the blank)."""
    said = logical_and(greater_equal(labels, 0), not_equal(labels, blank))
    return sum_(cast(said, "int32"), axes=(1,))


@public
def ctc_loss(target, output, target_length=None, output_length=None, mask_index: int = 0, *, mask=None):
    """-log of the probability of labels under the classes of each step, one value for each sample.

    target         whole numbers [batch, labels]; what lies behind the length of a sample is not read
    output         logits [batch, steps, classes]
    target_length  how many labels each sample has; by default those that are neither negative nor the blank
    output_length  how many steps each sample has, from the first; all by default
    mask_index     the class that is the blank; a negative one counts from the last
    mask           instead of ``output_length``: which steps are real, a bool [batch, steps], in any places

    Where no path spells the labels (too few steps, or a label that is no class or the blank) the value is infinite
    and its gradient 0; it is never NaN. Graves et al., "Connectionist Temporal Classification" (2006), section 4.1.

    >>> even = np.zeros((1, 2, 2), "float32")
    >>> lamina.ops.ctc_loss([[1]], even).round(4)  # three of the four paths of two steps spell one label
    array([0.2877], dtype=float32)
    """
    output = as_value(output)
    output = output if str(output.dtype).startswith("float") else cast(output, "float32")
    labels = cast(as_value(target), "int32")
    if len(output.shape) != 3 or len(labels.shape) != 2 or labels.shape[0] != output.shape[0]:
        raise ShapeError(
            message(
                "ctc_loss cannot take these shapes",
                got=[f"target {labels.dtype}{list(labels.shape)}", f"output {output.dtype}{list(output.shape)}"],
                want="target [batch, labels] and output [batch, steps, classes]",
            )
        )
    batch, steps, classes = output.shape
    blank = canonical_axis(mask_index, classes)
    lengths = counted(labels, blank) if target_length is None else cast(as_value(target_length), "int32")
    if mask is not None:
        real = cast(as_value(mask), "bool")
    elif output_length is None:
        real = full_like(labels, True, (batch, steps), "bool")
    else:
        ends = reshape(cast(as_value(output_length), "int32"), shape=(batch, 1))
        ends = expand(ends, shape=(batch, steps))
        real = less(iota_of(ends, 1), ends)
    value = ctc(log_softmax_op(output), labels, lengths, real, blank=blank)
    likely = possible(labels, lengths, real, classes, blank)
    return select(likely, value, math.inf)
