"""Losses between distributions and counts, and overlaps of areas."""

from __future__ import annotations

from .. import ops
from ..composites.entropy import EPSILON
from ..errors import ArgumentError, message
from ..ops.defer import public
from .crossentropy import sparse_pair
from .loss import LossFunctionWrapper, aligned


@public
def kl_divergence(y_true, y_pred):
    """sum(t log(t / p)) over the last axis; both are kept within 1e-7..1 (Kullback and Leibler 1951).

    >>> lamina.losses.kl_divergence([[0.5, 0.5]], [[0.5, 0.5]])
    array([0.], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    y_true, y_pred = ops.clip(y_true, EPSILON, 1.0), ops.clip(y_pred, EPSILON, 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@public
def poisson(y_true, y_pred):
    """mean(y_pred - y_true log(y_pred + 1e-7)) over the last axis, for counts y_true.

    >>> lamina.losses.poisson([[0.0, 0.0]], [[1.0, 2.0]])
    array([1.5], dtype=float32)
    """
    y_true, y_pred = aligned(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + EPSILON), axis=-1)


@public
def dice(y_true, y_pred, axis=None):
    """1 - 2 |A B| / (|A| + |B|) for soft masks of areas, over ``axis`` or all (Milletari et al. 2016).

    >>> round(float(lamina.losses.dice([[1.0, 0.0]], [[1.0, 0.0]])), 4)
    0.0
    """
    y_true, y_pred = aligned(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * both / (ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + EPSILON)


@public
def tversky(y_true, y_pred, alpha: float = 0.5, beta: float = 0.5, axis=None):
    """1 - |A B| / (|A B| + alpha |A without B| + beta |B without A|), A the truth (Salehi et al. 2017).

    >>> round(float(lamina.losses.tversky([[1.0, 0.0]], [[1.0, 0.0]])), 4)
    0.0
    """
    y_true, y_pred = aligned(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    invented = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + missed * alpha + invented * beta + EPSILON)


@public
def categorical_generalized_cross_entropy(y_true, y_pred, q: float):
    """(1 - p[label]^q) / q, which wrong labels disturb less than cross-entropy (Zhang and Sabuncu 2018, eq. 6).

    q  within 0..1, without 0: near 0 it is cross-entropy, at 1 it is the absolute error

    >>> lamina.losses.categorical_generalized_cross_entropy([1], [[0.5, 0.5]], q=1.0)
    array([0.5], dtype=float32)
    """
    labels, y_pred = sparse_pair(y_true, y_pred)
    p = ops.sum(y_pred * ops.one_hot(labels, y_pred.shape[-1], dtype=str(y_pred.dtype)), axis=-1)
    return (1.0 - p ** float(q)) / float(q)


class KLDivergence(LossFunctionWrapper):
    """sum(t log(t / p)), the information lost when p stands for t.

    >>> float(lamina.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="kl_divergence", dtype=None):
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """y_pred - y_true log(y_pred), for counts.

    >>> float(lamina.losses.Poisson()([[0.0, 0.0]], [[1.0, 2.0]]))
    1.5
    """

    def __init__(self, reduction="sum_over_batch_size", name="poisson", dtype=None):
        super().__init__(poisson, reduction, name, dtype)


class Dice(LossFunctionWrapper):
    """1 less twice the overlap of two areas over their sum.

    >>> round(float(lamina.losses.Dice()([[1.0, 0.0]], [[0.0, 1.0]])), 4)
    1.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="dice", axis=None, dtype=None):
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """1 less the Tversky index of two areas; alpha weighs what was missed, beta what was invented.

    >>> round(float(lamina.losses.Tversky()([[1.0, 0.0]], [[0.0, 1.0]])), 4)
    1.0
    """

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name="tversky", axis=None, dtype=None):
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p[label]^q) / q, between cross-entropy and absolute error.

    >>> float(lamina.losses.CategoricalGeneralizedCrossEntropy(q=1.0)([1], [[0.5, 0.5]]))
    0.5
    """

    def __init__(
        self, q=0.5, reduction="sum_over_batch_size", name="categorical_generalized_cross_entropy", dtype=None
    ):
        if not 0.0 < q < 1.0 and q != 1.0:
            raise ArgumentError(message("q is out of range", got=repr(q), want="above 0, at most 1"))
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)

    def call(self, y_true, y_pred):
        return self.fn(y_true, y_pred, **self.arguments)
