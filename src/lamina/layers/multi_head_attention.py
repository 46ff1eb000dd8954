"""Attention with several heads, each looking for something of its own."""

from __future__ import annotations

import math
from math import prod
from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..errors import ArgumentError, ShapeError, message
from ..masks import mask_of
from ..ops.create import iota
from .attention import both, causal_mask
from .dense import positive
from .dropout import checked_rate, dropped
from .einsum_dense import EinsumDense
from .layer import Layer

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def given_or_known(mask, x):
    """The mask that was given, else that of the tensor, else None."""
    return mask_of(x) if mask is None else mask


class HeadedAttention(Layer):
    """What attention with heads shares: projections, masks, and weights that sum to 1."""

    supports_masking = True

    def __init__(self, dropout: float, use_bias: bool, sliding_window: int | None, flash_attention,
                 kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
                 kernel_constraint, bias_constraint, use_gate: bool, seed: int | None, **kwargs):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        label = type(self).__name__
        self.dropout, self.use_bias, self.use_gate, self.seed = checked_rate(label, dropout), use_bias, use_gate, seed
        self.sliding_window = None if sliding_window is None else positive(label, "sliding_window", sliding_window)
        self.flash_attention = flash_attention
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))
        self.kernel_constraint, self.bias_constraint = map(constraints.get, (kernel_constraint, bias_constraint))

    def projection(self, name: str, shape, sizes, bound: int = 1, activation=None) -> EinsumDense:
        """A layer that sums over the last ``bound`` axes of an input and gives axes of the given sizes instead."""
        free = len(shape) - bound
        ends = free, free + bound, free + bound + len(sizes)
        kept, summed, new = LETTERS[: ends[0]], LETTERS[ends[0]: ends[1]], LETTERS[ends[1]: ends[2]]
        made = EinsumDense(f"{kept}{summed},{summed}{new}->{kept}{new}", (*(None,) * (free - 1), *sizes),
                           activation=activations.get(activation), bias_axes=new if self.use_bias else None, name=name,
                           kernel_initializer=self.kernel_initializer, bias_initializer=self.bias_initializer,
                           kernel_regularizer=self.kernel_regularizer, bias_regularizer=self.bias_regularizer,
                           kernel_constraint=self.kernel_constraint, bias_constraint=self.bias_constraint,
                           dtype=self.dtype)
        self.adopt(made)
        made.build(tuple(shape))
        return made

    def joint_mask(self, query, value, value_mask, key_mask, attention_mask, use_causal_mask: bool):
        """Which query may look at which key, from all there is to say about it; None for all at all.

        The mask of the query has no part in it: it hides whole rows, and goes on to the layers behind.
        """
        real = None
        for mask in (value_mask, key_mask):
            real = both(real, None if mask is None else ops.expand_dims(ops.cast(mask, "bool"), -2))
        steps = query.shape[1], value.shape[1]
        if use_causal_mask:
            real = both(real, causal_mask(*steps))
        if self.sliding_window is not None:
            rows, columns = (iota(shape=(1, *steps), axis=axis, dtype="int32") for axis in (1, 2))
            real = both(real, ops.less(ops.abs(rows - columns), self.sliding_window))
        return both(real, None if attention_mask is None else ops.cast(attention_mask, "bool"))

    def weighed(self, scores, mask, axes: int, training: bool):
        """Weights that sum to 1 over the last ``axes`` axes, 0 where masked; and the same after dropout."""
        over: Any = tuple(range(scores.ndim - axes, scores.ndim)) if axes > 1 else -1
        if mask is not None:
            first = mask.ndim - 2 * axes                                 # the heads stand before the attended axes
            mask = ops.expand_dims(mask, tuple(range(first, first + scores.ndim - mask.ndim)))
            scores = ops.where(mask, scores, -1e9)
        weights = ops.softmax(scores, axis=over)
        return weights, dropped(weights, self.dropout, seed=self.seed) if training and self.dropout > 0 else weights


class MultiHeadAttention(HeadedAttention):
    """``num_heads`` attentions side by side, each on projections of its own; their results are projected once more.

    num_heads       number of heads
    key_dim         size of query and key in each head; ``value_dim`` that of the value, as key_dim unless given
    dropout         the part of the weights that is dropped in training
    use_bias        whether the projections have biases
    output_shape    size of the output, that of the query unless given
    attention_axes  the axes that are attended over; all but batch and features unless given
    sliding_window  how near a key must be, itself counted as 1; None for any distance
    use_gate        whether the results of the heads are multiplied by a sigmoid of the query
    *_initializer, *_regularizer, *_constraint   of the kernels and biases of all projections
    seed            a whole number for dropout that does not depend on the generator of the training

    Called on query (batch, T, …), value (batch, S, …) and perhaps key (batch, S, …). The masks of value and key, an
    ``attention_mask`` (batch, T, S) and ``use_causal_mask`` hide keys; a query that may look at nothing takes the mean.
    The mask of the query is that of the output.
    ``return_attention_scores`` gives the weights (batch, heads, T, S) as well. ``flash_attention`` is accepted for
    Keras's sake. Vaswani and others, "Attention Is All You Need" (NeurIPS 2017), section 3.2.2.

    >>> layer = lamina.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> layer(np.ones((1, 5, 8), "float32"), np.ones((1, 7, 8), "float32")).shape
    (1, 5, 8)
    """

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True, output_shape=None,
                 attention_axes=None, sliding_window=None, flash_attention=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, use_gate=False, seed=None, **kwargs):
        super().__init__(dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer,
                         kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
                         bias_constraint, use_gate, seed, **kwargs)
        label = type(self).__name__
        self.num_heads, self.key_dim = positive(label, "num_heads", num_heads), positive(label, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive(label, "value_dim", value_dim)
        self.output_shape = [output_shape] if isinstance(output_shape, int) else output_shape and list(output_shape)
        axes = attention_axes
        self.attention_axes = [axes] if isinstance(axes, int) else axes and list(axes)

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ShapeError(message(f"{self.label}: value and key have different numbers of steps", where=True,
                                     got=[f"value {tuple(value_shape)}", f"key {tuple(key_shape)}"]))
        self.query_dense = self.projection("query", query_shape, (self.num_heads, self.key_dim))
        self.key_dense = self.projection("key", key_shape, (self.num_heads, self.key_dim))
        if self.use_gate:
            self.gate_dense = self.projection("gate", query_shape, (self.num_heads, self.value_dim),
                                              activation="sigmoid")
        self.value_dense = self.projection("value", value_shape, (self.num_heads, self.value_dim))
        heads = (*query_shape[:-1], self.num_heads, self.value_dim)
        self.output_dense = self.projection("attention_output", heads, self.output_shape or (query_shape[-1],), bound=2)

    def call(self, query, value, key=None, query_mask=None, value_mask=None, key_mask=None, attention_mask=None,
             return_attention_scores=False, training=False, use_causal_mask=False):
        own_key = key is not None and key is not value
        key = value if key is None else key
        mask = self.joint_mask(query, value, given_or_known(value_mask, value),
                               given_or_known(key_mask, key) if own_key else key_mask, attention_mask, use_causal_mask)
        gate = self.gate_dense(query) if self.use_gate else None
        heads = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        result, weights = self.attend(*heads, mask, training)
        result = self.output_dense(result if gate is None else result * gate)
        return (result, weights) if return_attention_scores else result

    def attend(self, query, key, value, mask, training):
        """Heads (batch, …, heads, size) as results of the form of the query, and weights (batch, heads, …, …)."""
        rank = query.ndim - 2                                            # batch and the axes between it and the heads
        axes = [a % (rank + 1) for a in self.attention_axes] if self.attention_axes else list(range(1, rank))
        others = [a for a in range(rank) if a not in axes]
        order = (*others, rank, *axes, rank + 1)                         # batch, heads, attended axes, size
        turned = [ops.transpose(x, order) for x in (query, key, value)]
        lead = tuple(turned[0].shape[: len(others) + 1])
        steps = [tuple(x.shape[len(lead):-1]) for x in turned]
        flat = [ops.reshape(x, (*lead, prod(s), x.shape[-1])) for x, s in zip(turned, steps, strict=True)]
        scores = ops.matmul(flat[0] * (1.0 / math.sqrt(self.key_dim)), ops.swapaxes(flat[1], -2, -1))
        weights, kept = self.weighed(ops.reshape(scores, (*lead, *steps[0], *steps[1])), mask, len(axes), training)
        result = ops.matmul(ops.reshape(kept, scores.shape), flat[2])
        result = ops.reshape(result, (*lead, *steps[0], value.shape[-1]))
        return ops.transpose(result, tuple(order.index(i) for i in range(len(order)))), weights


class GroupQueryAttention(HeadedAttention):
    """Multi-head attention in which several heads of queries share one head of keys and values.

    head_dim             size of query, key and value in each head
    num_query_heads      number of heads of queries
    num_key_value_heads  number of heads of keys and values; divides that of the queries

    The other arguments, and those of the call, are as in MultiHeadAttention. Ainslie and others, "GQA" (EMNLP 2023),
    section 2.2. Raises ArgumentError where the heads do not divide.

    >>> layer = lamina.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> layer(np.ones((1, 5, 8), "float32"), np.ones((1, 7, 8), "float32")).shape
    (1, 5, 8)
    """

    def __init__(self, head_dim, num_query_heads, num_key_value_heads, dropout=0.0, use_bias=True, sliding_window=None,
                 flash_attention=None, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, use_gate=False, seed=None, **kwargs):
        super().__init__(dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer,
                         kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
                         bias_constraint, use_gate, seed, **kwargs)
        label = type(self).__name__
        self.head_dim = positive(label, "head_dim", head_dim)
        self.num_query_heads = positive(label, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive(label, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ArgumentError(message(f"{label}: {num_query_heads} heads of queries cannot share "
                                        f"{num_key_value_heads} heads of keys evenly",
                                        want="num_query_heads as a multiple of num_key_value_heads"))

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        own, shared = (self.num_query_heads, self.head_dim), (self.num_key_value_heads, self.head_dim)
        self.query_dense = self.projection("query", query_shape, own)
        self.key_dense = self.projection("key", key_shape, shared)
        if self.use_gate:
            self.gate_dense = self.projection("gate", query_shape, own, activation="sigmoid")
        self.value_dense = self.projection("value", value_shape, shared)
        self.output_dense = self.projection("attention_output", (*query_shape[:-1], *own), (query_shape[-1],), bound=2)

    def call(self, query, value, key=None, query_mask=None, value_mask=None, key_mask=None, attention_mask=None,
             return_attention_scores=False, training=False, use_causal_mask=False):
        own_key = key is not None and key is not value
        key = value if key is None else key
        mask = self.joint_mask(query, value, given_or_known(value_mask, value),
                               given_or_known(key_mask, key) if own_key else key_mask, attention_mask, use_causal_mask)
        gate = self.gate_dense(query) if self.use_gate else None
        shares = self.num_query_heads // self.num_key_value_heads
        queries = ops.transpose(self.query_dense(query), (0, 2, 1, 3))
        keys, values = (ops.repeat(ops.transpose(x, (0, 2, 1, 3)), shares, axis=1)
                        for x in (self.key_dense(key), self.value_dense(value)))
        scores = ops.matmul(queries * (1.0 / math.sqrt(self.head_dim)), ops.swapaxes(keys, -2, -1))
        weights, kept = self.weighed(scores, mask, 1, training)
        result = ops.transpose(ops.matmul(kept, values), (0, 2, 1, 3))
        result = self.output_dense(result if gate is None else result * gate)
        return (result, weights) if return_attention_scores else result


GroupedQueryAttention = GroupQueryAttention
