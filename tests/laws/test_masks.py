"""The law of masks: padding, wherever it stands, changes nothing.

A table of every layer that takes a mask, every place of the padding: what the layer gives at real steps, what it keeps,
and the gradients of its weights and of its input equal those of the same sequence without padding.
"""

from functools import partial

import numpy as np
import pytest
from padding import FEATURES, PLACES, REAL, SAMPLES, WIDE, Q, X, masked, padded

import lamina
from lamina import layers, ops
from lamina.errors import LaminaWarning, MaskError
from lamina.gradients import gradients
from lamina.layers.symbol import leaves
from lamina.masks import mask_of
from lamina.trace import current, trace, value_and_grad
from lamina.types import Type


class OwnCell(lamina.Layer):
    """A cell whose output is not its state, and of another size."""

    state_size = 2

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1] + 2, 2), name="kernel")
        self.out = self.add_weight((2, 3), name="out")

    def call(self, inputs, states, training=False):
        state = ops.tanh(ops.matmul(ops.concatenate([inputs, states[0]], -1), self.kernel))
        return ops.matmul(state, self.out), [state]


class Shifted(lamina.Layer):
    """A layer of one's own that knows nothing of masks and adds to each step."""

    def build(self, input_shape):
        self.shift = self.add_weight((1, 1, input_shape[-1]), name="shift")

    def call(self, x):
        return ops.relu(x @ ops.ones((FEATURES, FEATURES)) + self.shift)[..., :2]


L = layers
TABLE = {
    "SimpleRNN": lambda: L.SimpleRNN(3),
    "SimpleRNN sequences": lambda: L.SimpleRNN(3, return_sequences=True),
    "LSTM": lambda: L.LSTM(3),
    "LSTM sequences and states": lambda: L.LSTM(3, return_sequences=True, return_state=True),
    "LSTM backwards": lambda: L.LSTM(3, return_sequences=True, return_state=True, go_backwards=True),
    "LSTM unrolled": lambda: L.LSTM(3, unroll=True),
    "LSTM stateful": lambda: L.LSTM(3, stateful=True, return_state=True),
    "GRU": lambda: L.GRU(3, return_state=True),
    "GRU reset before": lambda: L.GRU(3, reset_after=False, return_sequences=True),
    "GRU backwards": lambda: L.GRU(3, go_backwards=True),
    "RNN own cell": lambda: L.RNN(OwnCell(), return_state=True),
    "RNN own cell sequences": lambda: L.RNN(OwnCell(), return_sequences=True, go_backwards=True),
    "RNN zero output": lambda: L.RNN(OwnCell(), return_sequences=True, zero_output_for_mask=True),
    "RNN cells": lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_state=True),
    "StackedRNNCells": lambda: L.RNN(L.StackedRNNCells([L.SimpleRNNCell(2), L.LSTMCell(3)]), return_sequences=True),
    **{
        f"Bidirectional {mode} {'sequences' if sequences else 'last'}": partial(
            lambda mode, sequences: L.Bidirectional(
                L.LSTM(3, return_sequences=sequences, return_state=mode == "ave"), merge_mode=mode
            ),
            mode,
            sequences,
        )
        for mode in ("concat", "sum", "mul", "ave", None)
        for sequences in (True, False)
    },
    "TimeDistributed": lambda: L.TimeDistributed(L.Dense(3)),
    "Dense": lambda: L.Dense(3, activation="tanh"),
    "EinsumDense": lambda: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"),
    "EinsumDense dots": lambda: L.EinsumDense("...b,bc->...c", 3),
    "Activation": lambda: L.Activation("softplus"),
    "ReLU": lambda: L.ReLU(negative_slope=0.1),
    "LeakyReLU": L.LeakyReLU,
    "ELU": L.ELU,
    "PReLU": lambda: L.PReLU(shared_axes=[1]),
    "Softmax": L.Softmax,
    "Identity": L.Identity,
    "Masking": lambda: L.Masking(-77.0),
    "Dropout": lambda: L.Dropout(0.0),
    "Normalization": lambda: L.Normalization(mean=0.3, variance=2.0),
    "Rescaling": lambda: L.Rescaling(0.5),
    "LayerNormalization": L.LayerNormalization,
    "RMSNormalization": L.RMSNormalization,
    "UnitNormalization": L.UnitNormalization,
    "BatchNormalization": L.BatchNormalization,
    "GroupNormalization": lambda: L.GroupNormalization(2),
    "TimeDistributed BatchNormalization": lambda: L.TimeDistributed(L.BatchNormalization()),
    "SpectralNormalization": lambda: L.SpectralNormalization(L.Dense(3)),
    "GlobalAveragePooling1D": L.GlobalAveragePooling1D,
    "GlobalMaxPooling1D": L.GlobalMaxPooling1D,
    "UpSampling1D": lambda: L.UpSampling1D(2),
    "ZeroPadding1D": lambda: L.ZeroPadding1D((2, 1)),
    "ActivityRegularization": lambda: L.ActivityRegularization(l2=0.1),
    "MultiHeadAttention": lambda: L.MultiHeadAttention(2, 3),
    "GroupQueryAttention": lambda: L.GroupQueryAttention(3, 4, 2),
    "Sequential": lambda: lamina.Sequential([L.Dense(3), L.LSTM(2, return_sequences=True), L.GRU(2)]),
    "Pipeline": lambda: L.Pipeline([L.Rescaling(2.0), L.Dense(3), L.LSTM(2, return_sequences=True)]),
    "own": Shifted,
}
PAIRS = {"MultiHeadAttention", "GroupQueryAttention"}
TRAINED = {name for name in TABLE if "Normalization" in name or name == "ActivityRegularization"}
HEADS = partial(L.MultiHeadAttention, 2, 3)
CALLS = {  # layers of several tensors, and calls with more than one
    "Attention itself": (L.Attention, lambda layer, x: layer([x, x])),
    "Attention query": (lambda: L.Attention(use_scale=True), lambda layer, x: layer([ops.convert_to_tensor(Q), x])),
    "Attention causal": (L.Attention, lambda layer, x: layer([x, x], use_causal_mask=True)),
    "Attention concat": (lambda: L.Attention(score_mode="concat"), lambda layer, x: layer([x, x, x])),
    "AdditiveAttention": (L.AdditiveAttention, lambda layer, x: layer([x, x])),
    "AdditiveAttention causal": (L.AdditiveAttention, lambda layer, x: layer([x, x], use_causal_mask=True)),
    "MultiHeadAttention causal": (HEADS, lambda layer, x: layer(x, x, use_causal_mask=True)),
    "MultiHeadAttention query": (HEADS, lambda layer, x: layer(ops.convert_to_tensor(Q), x)),
    "MultiHeadAttention key": (HEADS, lambda layer, x: layer(x, x, x * 2.0)),
    "GroupQueryAttention causal": (
        lambda: L.GroupQueryAttention(3, 4, 2),
        lambda layer, x: layer(x, x, use_causal_mask=True),
    ),
    "Add": (L.Add, lambda layer, x: layer([x, x * 2.0])),
    "Add vector": (L.Add, lambda layer, x: layer([ops.ones((SAMPLES, 1, FEATURES)), x])),
    "Subtract": (L.Subtract, lambda layer, x: layer([x, x * 2.0])),
    "Multiply": (L.Multiply, lambda layer, x: layer([x, x])),
    "Average": (L.Average, lambda layer, x: layer([x, x * 2.0])),
    "Maximum": (L.Maximum, lambda layer, x: layer([x, -x])),
    "Minimum": (L.Minimum, lambda layer, x: layer([x, -x])),
    "Concatenate features": (L.Concatenate, lambda layer, x: layer([x, x * 2.0])),
    "Concatenate steps": (lambda: L.Concatenate(axis=1), lambda layer, x: layer([x, x * 2.0])),
    "Concatenate with a step": (lambda: L.Concatenate(axis=1), lambda layer, x: layer([ops.convert_to_tensor(Q), x])),
    "Dot of features": (lambda: L.Dot(axes=2), lambda layer, x: layer([x, ops.convert_to_tensor(Q)])),
    "Dot of steps": (lambda: L.Dot(axes=1, normalize=True), lambda layer, x: layer([x, x])),
    "ConvLSTM1D": (lambda: L.ConvLSTM1D(2, 2), lambda layer, x: layer(ops.reshape(x, (*x.shape[:2], 2, 2)))),
    "ConvLSTM2D sequences": (
        lambda: L.ConvLSTM2D(2, (2, 1), return_sequences=True),
        lambda layer, x: layer(ops.reshape(x, (*x.shape[:2], 2, 1, 2))),
    ),
    "ConvLSTM3D": (
        lambda: L.ConvLSTM3D(2, (1, 2, 1), go_backwards=True, return_state=True),
        lambda layer, x: layer(ops.reshape(x, (*x.shape[:2], 1, 2, 1, 2))),
    ),
    "ReversibleEmbedding": (
        lambda: L.ReversibleEmbedding(7, FEATURES, mask_zero=True),
        lambda layer, x: layer(x, reverse=True),
    ),
    "Reshape": (lambda: L.Reshape((-1, 2, 2)), lambda layer, x: layer(x)),
    "Permute": (lambda: L.Permute((1, 3, 2)), lambda layer, x: layer(ops.reshape(x, (*x.shape[:2], 2, 2)))),
    "ops": (lambda: None, lambda layer, x: ops.softmax(ops.exp(0.1 * x) + ops.ones((FEATURES,)), axis=-1)),
    "ops of steps": (
        lambda: None,
        lambda layer, x: ops.concatenate([ops.flip(ops.expand_dims(x, 2), 1), ops.zeros((*x.shape[:2], 1, 4))], 2),
    ),
    "ops in front": (lambda: L.GRU(2), lambda layer, x: layer(ops.transpose(x * 2.0 + 1.0, (0, 1, 2)))),
}
TABLE = {
    **{
        name: (make, (lambda layer, x: layer(x, x)) if name in PAIRS else (lambda layer, x: layer(x)))
        for name, make in TABLE.items()
    },
    **CALLS,
}


def results(name, layer, call, x, mask, weights):
    """Outputs at real steps, states that were kept, and gradients of weights and input at real steps."""
    if weights:
        layer.set_weights(weights)
    for inner in [layer, *getattr(layer, "layers", [])]:
        if getattr(inner, "stateful", False):
            inner.reset_state()
    kinds = []

    def f(values, real):
        current().masks[values] = real
        outputs = list(leaves(call(layer, values)))
        marks = [mask_of(y) for y in outputs]
        kinds[:] = [m is not None for m in marks]
        total = sum(current().losses, start=0.0)
        for i, (y, m) in enumerate(zip(outputs, marks, strict=True)):
            score = ops.sin(y + float(i))
            if m is not None:
                real = ops.expand_dims(m, tuple(range(m.ndim, y.ndim))) if m.ndim < y.ndim else m
                score = ops.where(real, score, 0.0)
            total = total + ops.sum(score)
        return total, [outputs, [m for m in marks if m is not None]]

    trained = getattr(layer, "trainable_variables", [])

    def both(values, real):
        total, (outputs, marks) = f(values, real)
        slopes = gradients([total], [values, *(v.value for v in trained)])
        return [outputs, marks, slopes[0], slopes[1:]]

    types = [Type(str(a.dtype), a.shape) for a in (x, mask)]
    outputs, marks, dx, slopes = trace(both, types, training=name in TRAINED)(x, mask)
    kept = [v.numpy() for v in getattr(layer, "non_trainable_variables", [])]
    kept += [s.numpy() for s in getattr(layer, "states", None) or []]
    rest = iter(marks)
    shown = [np.asarray(y)[np.asarray(next(rest))] if known else np.asarray(y) for y, known in zip(outputs, kinds)]
    if mask.any(axis=1).all():  # a query that may look at nothing takes the mean, as in Keras
        assert not np.asarray(dx)[~mask].any(), "what stands in padding has a gradient"
    return {"outputs": shown, "kept": kept, "input gradient": [np.asarray(dx)[mask]], "gradients": slopes}


@pytest.fixture(scope="module")
def built():
    """Each layer of the table, and what it gives without padding."""
    made = {}

    def of(name):
        if name not in made:
            lamina.random.set_seed(3)
            make, call = TABLE[name]
            layer, mask = make(), np.ones((SAMPLES, REAL), bool)
            value_and_grad(lambda x: ops.sum(sum(map(ops.sum, leaves(call(layer, x))))))(X)
            weights = layer.get_weights() if layer is not None else []
            made[name] = layer, call, weights, results(name, layer, call, X, mask, weights)
        return made[name]

    return of


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", TABLE)
def test_padding_changes_nothing(name, place, built):
    layer, call, weights, want = built(name)
    mask = masked(place)
    got = results(name, layer, call, padded(X, mask), mask, weights)
    for what, values in want.items():
        assert len(got[what]) == len(values)
        for a, b in zip(got[what], values, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * max(1.0, np.abs(b).max(initial=0)), err_msg=what)


@pytest.mark.parametrize("name", TABLE)
def test_a_sample_of_padding_alone_gives_no_nan(name, built):
    layer, call, weights, _ = built(name)
    mask = np.ones((SAMPLES, REAL), bool)
    mask[1] = False
    for one in (mask, np.zeros_like(mask)):
        for values in results(name, layer, call, X, one, weights).values():
            assert all(np.isfinite(a).all() for a in values)


def test_every_layer_that_takes_a_mask_is_in_the_table():
    named = {word for name in TABLE for word in name.split()} | {type(TABLE[n][0]()).__name__ for n in TABLE}
    random = {"AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D"}
    random |= {"SpatialDropout2D", "SpatialDropout3D"}
    elsewhere = {"Cropping1D", "DropMask", "Lambda", "Embedding", "Wrapper"}
    for name in dir(layers):
        kind = getattr(layers, name)
        if isinstance(kind, type) and issubclass(kind, lamina.Layer) and kind.supports_masking:
            assert kind.__name__ in named | random | elsewhere, f"{name} takes a mask: give it a row in TABLE"


@pytest.mark.parametrize("kind", [L.AlphaDropout, L.GaussianDropout, L.GaussianNoise, L.SpatialDropout1D, L.Dropout])
def test_random_layers_carry_the_mask(kind):
    def f(x, mask):
        current().masks[x] = mask
        assert mask_of(kind(0.5)(x, training=True)) is mask
        return ops.sum(x)

    value_and_grad(f)(X, np.ones((SAMPLES, REAL), bool))


REFUSED = {
    "Flatten": L.Flatten,
    "Conv1D": lambda: L.Conv1D(3, 2),
    "Conv1DTranspose": lambda: L.Conv1DTranspose(3, 2),
    "SeparableConv1D": lambda: L.SeparableConv1D(3, 2),
    "MaxPooling1D": L.MaxPooling1D,
    "AveragePooling1D": L.AveragePooling1D,
    "AdaptiveMaxPooling1D": lambda: L.AdaptiveMaxPooling1D(2),
    "Reshape": lambda: L.Reshape((10, -1)),
    "Permute": lambda: L.Permute((2, 1)),
    "LayerNormalization": lambda: L.LayerNormalization(axis=(1, 2)),
    "RMSNormalization": lambda: L.RMSNormalization(axis=1),
    "UnitNormalization": lambda: L.UnitNormalization(axis=1),
    "EinsumDense": lambda: L.EinsumDense("abc,bd->adc", (3, FEATURES)),
    "Lambda": lambda: L.Lambda(lambda x: ops.mean(x, axis=1)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_layer_that_would_lose_the_mask_says_so(name):
    x = lamina.Input((REAL, FEATURES))
    real = L.Masking()(x)
    layer = REFUSED[name]()
    with pytest.raises(MaskError, match=f'{name} "{layer.name}" cannot carry the mask') as error:
        layer(real)
    assert "DropMask" in str(error.value)
    assert lamina.Model(x, layer(L.DropMask()(real)))(X).shape[0] == SAMPLES


def test_an_op_that_mixes_steps_warns_and_one_that_picks_a_step_does_not():
    real = L.Masking()(lamina.Input((REAL, FEATURES)))
    with pytest.warns(LaminaWarning, match='Operation "mean" cannot carry the mask'):
        ops.mean(real, axis=1)
    assert real[:, 0].mask_shape is None
    assert real[:, 1:].mask_shape == (None, REAL - 1)
    assert (real * 2.0 + 1.0).mask_shape == (None, REAL)


def test_a_mask_by_hand_and_as_an_input():
    x, real = lamina.Input((WIDE, FEATURES)), lamina.Input((WIDE,), dtype="bool")
    layer = L.GRU(2, return_sequences=True)
    model = lamina.Model([x, real], L.LSTM(3)(layer(x, mask=real)))
    short = lamina.Input((REAL, FEATURES))
    without = lamina.Model(short, model.layers[-1](layer(short)))
    for place in PLACES:
        mask = masked(place)
        np.testing.assert_allclose(model([padded(X, mask), mask]), without(X), rtol=1e-5, atol=1e-6)


def test_masks_run_natively():
    x = lamina.Input((WIDE,), dtype="int32")
    y = L.Embedding(9, 8, mask_zero=True)(x)
    y = y + L.Dense(8)(y)
    y = L.LayerNormalization()(L.MultiHeadAttention(2, 4)(y, y) + y)
    y = L.Bidirectional(L.LSTM(4, return_sequences=True))(y)
    y = L.BatchNormalization()(y)
    model = lamina.Model(x, [L.GlobalAveragePooling1D()(y), L.GlobalMaxPooling1D()(y), L.GRU(3)(y)])
    model.compile("adam", loss="mse", backend="native")
    assert lamina.explain(model).inference.elsewhere == []
