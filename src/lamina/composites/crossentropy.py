"""Cross-entropies told from logits, so that neither a probability rounds to 0 nor an exponential overflows."""

from __future__ import annotations

from ..composite import Composite
from ..errors import dtype_error, shape_error
from ..ops.broadcast import sum_
from ..ops.compare import equal, select
from ..ops.create import iota
from ..ops.elementwise import add, mul, neg, sub
from ..ops.piecewise import abs_, maximum
from ..ops.shape import reshape
from ..ops.transcendental import exp, log1p, sigmoid
from ..types import Type
from .softmax import log_softmax_op

X = Type("float32", (4, 5))


def over_rows(x):
    """The sum over the last axis."""
    return sum_(x, axes=(len(x.shape) - 1,))


class SigmoidCrossEntropy(Composite):
    """-t log(p) - (1 - t) log(1 - p) for p = sigmoid(x), element by element: inputs t and x.

    Computed as max(x, 0) - x t + log(1 + exp(-|x|)), whose kinks at 0 cancel.
    """

    slope = "kinked"
    samples = [((X, X), {}), ((Type("float32", (0, 3)),) * 2, {}), ((Type("float32", ()),) * 2, {})]
    rejects = [((X, Type("float32", (4, 4))), {}, "differ")]

    def infer(self, targets, logits):
        if targets != logits or not logits.is_float:
            raise shape_error(self, "targets and logits differ, or are no floats", got=(targets, logits))
        return logits

    def body(self, t, x):
        return add(sub(maximum(x, 0.0), mul(x, t)), log1p(exp(neg(abs_(x)))))

    def vjp(self, dy, y, t, x):
        return neg(mul(dy, x)), mul(dy, sub(sigmoid(x), t))


class SoftmaxCrossEntropy(Composite):
    """-sum(t log(p)) over the last axis for p = softmax(x): inputs t and x of one shape, one value a row."""

    domain = (-2.0, 2.0)  # with targets of 0 in the middle; equal ones have a derivative of 0, up to rounding
    samples = [((X, X), {}), ((Type("float32", (2, 3, 37)),) * 2, {}), ((Type("float32", (3, 1)),) * 2, {})]
    rejects = [((X, Type("float32", (4, 4))), {}, "differ"), ((Type("float32", ()),) * 2, {}, "one row")]

    def infer(self, targets, logits):
        if targets != logits or not logits.is_float:
            raise shape_error(self, "targets and logits differ, or are no floats", got=(targets, logits))
        if logits.rank == 0 or logits.shape[-1] == 0:
            raise shape_error(self, "needs at least one row of one class", got=(targets, logits))
        return logits.with_shape(*logits.shape[:-1])

    def body(self, t, x):
        return neg(over_rows(mul(t, log_softmax_op(x))))


class SparseSoftmaxCrossEntropy(Composite):
    """-log(p[label]) for p = softmax(x) over the last axis: inputs labels (whole numbers) and x, one value a row.

    A label outside of 0..classes-1 gives 0.
    """

    samples = [
        ((Type("int32", (4,)), X), {}),
        ((Type("int32", (2, 3)), Type("float32", (2, 3, 7))), {}),
        ((Type("int32", (0,)), Type("float32", (0, 5))), {}),
    ]
    rejects = [((X, X), {}, "whole numbers"), ((Type("int32", (3,)), X), {}, "one label for each row")]

    def infer(self, labels, logits):
        if labels.dtype != "int32" or not logits.is_float:
            raise dtype_error(self, "labels must be whole numbers, logits floats", got=(labels, logits), want="int32")
        if logits.rank == 0 or logits.shape[-1] == 0 or labels.shape != logits.shape[:-1]:
            raise shape_error(self, "needs one label for each row of at least one class", got=(labels, logits))
        return logits.with_shape(*labels.shape)

    def body(self, labels, x):
        rows = reshape(labels, shape=(*labels.shape, 1))
        # made as a node, so that a body is a graph outside of traces too
        columns = iota.node([], {"shape": (x.shape[-1],), "axis": 0, "dtype": labels.dtype})
        return neg(over_rows(select(equal(rows, columns), log_softmax_op(x), 0.0)))


sigmoid_cross_entropy = SigmoidCrossEntropy()
softmax_cross_entropy = SoftmaxCrossEntropy()
sparse_softmax_cross_entropy = SparseSoftmaxCrossEntropy()
