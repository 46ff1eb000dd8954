"""Cross-entropies of probabilities or logits as ``keras.ops`` names them; the losses stand in ``lamina.losses``."""

from __future__ import annotations

from ..errors import ShapeError, message
from ..op import as_value
from ..ops.arithmetic import clip
from ..ops.arrange import squeeze
from ..ops.axes import canonical_axis, spelled
from ..ops.broadcast import spread, sum_
from ..ops.defer import public
from ..ops.elementwise import add, div, floats, mul, neg, sub
from ..ops.indexing import one_hot
from ..ops.transcendental import log
from .crossentropy import sigmoid_cross_entropy
from .softmax import log_softmax

EPSILON = 1e-7


def log_probabilities(output, from_logits: bool, axis: int):
    """The logarithm of softmax of logits, or of probabilities brought to the sum 1 and kept away from 0 and 1."""
    if from_logits:
        return log_softmax(output, axis)
    total = spread(sum_(output, axes=(axis,)), output, (axis,))
    return log(clip(div(output, total), EPSILON, 1 - EPSILON))


@public
def categorical_crossentropy(target, output, from_logits: bool = False, axis: int = -1):
    """-sum(target log(output)) along an axis, for targets that are probabilities."""
    target, output = floats(target, output)
    if tuple(target.shape) != tuple(output.shape):
        raise ShapeError(
            message("categorical_crossentropy: target and output differ", got=f"{spelled(target)}, {spelled(output)}")
        )
    axis = canonical_axis(axis, len(output.shape))
    return neg(sum_(mul(target, log_probabilities(output, from_logits, axis)), axes=(axis,)))


@public
def sparse_categorical_crossentropy(target, output, from_logits: bool = False, axis: int = -1):
    """-log(output[target]) along an axis, for targets that are numbers of classes."""
    target, (output,) = as_value(target), floats(output)
    axis = canonical_axis(axis, len(output.shape))
    if len(target.shape) == len(output.shape) and target.shape[axis] == 1:
        target = squeeze(target, axis)
    if tuple(target.shape) != tuple(n for i, n in enumerate(output.shape) if i != axis):
        raise ShapeError(
            message(
                "sparse_categorical_crossentropy: one label for each row", got=f"{spelled(target)}, {spelled(output)}"
            )
        )
    return categorical_crossentropy(one_hot(target, output.shape[axis], axis), output, from_logits, axis)


@public
def binary_crossentropy(target, output, from_logits: bool = False):
    """-target log(output) - (1 - target) log(1 - output), element by element."""
    target, output = floats(target, output)
    if from_logits:
        return sigmoid_cross_entropy(target, output)
    p = clip(output, EPSILON, 1 - EPSILON)
    return neg(add(mul(target, log(p)), mul(sub(1.0, target), log(sub(1.0, p)))))


__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]
