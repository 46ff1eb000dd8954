"""Attention: each query takes a weighted mean of values, with weights by how well their keys fit."""

from __future__ import annotations

from .. import ops
from ..errors import ArgumentError, ShapeError, message, unknown
from ..ops.create import iota
from .dropout import checked_rate, dropped
from .layer import Layer


def causal_mask(queries: int, keys: int):
    """(1, queries, keys): whether a key stands at the place of the query or before it."""
    shape = (1, queries, keys)
    return ops.greater_equal(iota(shape=shape, axis=1, dtype="int32"), iota(shape=shape, axis=2, dtype="int32"))


def both(first, second):
    """Two masks as one; None is no mask."""
    if first is None or second is None:
        return second if first is None else first
    return ops.logical_and(first, second)


class Attention(Layer):
    """Dot-product attention on a list ``[query, value]`` or ``[query, value, key]``; without a key the value is it.

    use_scale   whether scores are multiplied by a learnt number
    score_mode  "dot": query · key; "concat": sum of tanh(query + key), times a learnt number
    dropout     the part of the weights that is dropped in training
    seed        a whole number for dropout that does not depend on the generator of the training

    Query (batch, T, size), value (batch, S, width), key (batch, S, size); output (batch, T, width). Masks are a list
    like the inputs: masked values have no weight, the output of masked queries is 0. In the call ``use_causal_mask``
    hides later steps, and ``return_attention_scores`` gives the weights (batch, T, S) as well. Luong and others
    (EMNLP 2015), section 3.1. Raises ArgumentError for anything but a list of two or three, ShapeError where sizes do
    not fit.

    >>> query, value = np.ones((1, 1, 2), "float32"), np.array([[[1.0, 0.0], [0.0, 1.0]]], "float32")
    >>> lamina.layers.Attention()([query, value])
    array([[[0.5, 0.5]]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: int | None = None,
                 **kwargs):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise unknown("score_mode of Attention", score_mode, ("dot", "concat"))
        self.use_scale, self.score_mode, self.seed = use_scale, score_mode, seed
        self.dropout = checked_rate(type(self).__name__, dropout)

    def build(self, input_shape):
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def scores(self, query, key):
        """How well each key fits each query, (batch, T, S)."""
        if self.score_mode == "dot":
            found = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return found if self.scale is None else found * self.scale
        sums = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
        sums = sums if self.scale is None else sums * self.scale
        return ops.sum(ops.tanh(sums), axis=-1) * self.concat_score_weight

    def call(self, inputs, mask=None, training=False, return_attention_scores=False, use_causal_mask=False):
        query, value, key = self.listed(inputs)
        query_mask, value_mask = (mask or [None, None])[:2]
        scores = self.scores(query, key)
        real = None if value_mask is None else ops.expand_dims(value_mask, -2)
        real = both(real, causal_mask(query.shape[-2], key.shape[-2]) if use_causal_mask else None)
        if real is not None:
            scores = ops.where(real, scores, scores - 1e9)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = dropped(weights, self.dropout, seed=self.seed)
        result = ops.matmul(weights, value)
        if query_mask is not None:
            result = ops.where(ops.expand_dims(query_mask, -1), result, 0.0)
        return (result, weights) if return_attention_scores else result

    def listed(self, inputs):
        """Query, value and key, which must fit together."""
        if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3):
            got = f"{len(inputs)} tensors" if isinstance(inputs, list | tuple) else "one tensor"
            raise ArgumentError(message(f"{self.label} is called on a list", got=got, where=True,
                                        want="[query, value] or [query, value, key]"))
        query, value, key = (*inputs, inputs[1])[:3]
        if query.ndim < 3 or value.ndim < 3 or key.ndim < 3:
            raise ShapeError(message("the inputs are no sequences", want="(batch, steps, size) each"))
        if query.shape[-1] != key.shape[-1] or value.shape[-2] != key.shape[-2]:
            raise ShapeError(message("query, value and key do not fit together",
                                     want="query and key of one size, value and key of one number of steps"))
        return query, value, key

    def compute_mask(self, inputs, previous_mask=None):
        """The mask of the query."""
        return previous_mask[0] if isinstance(previous_mask, list | tuple) and previous_mask else None


class AdditiveAttention(Attention):
    """Attention on a list ``[query, value]`` or ``[query, value, key]`` with scores sum(scale tanh(query + key)).

    use_scale   whether ``scale`` is a learnt vector; else it is 1
    dropout     the part of the weights that is dropped in training
    seed        a whole number for dropout that does not depend on the generator of the training

    Shapes, masks and the other arguments of the call are those of Attention. Bahdanau and others (ICLR 2015), A.1.2.

    >>> query, value = np.ones((1, 1, 2), "float32"), np.array([[[1.0, 0.0], [0.0, 1.0]]], "float32")
    >>> lamina.layers.AdditiveAttention(use_scale=False)([query, value])
    array([[[0.5, 0.5]]], dtype=float32)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs):
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape):
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def scores(self, query, key):
        sums = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))
        return ops.sum(sums if self.scale is None else sums * self.scale, axis=-1)
