"""Recurrent layers beyond their goldens: masks, states, cells of one's own, the shape of the program."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.errors import ArgumentError, ShapeError
from lamina.graph import placeholder
from lamina.trace import Trace, trace
from lamina.types import Type

RNG = np.random.default_rng(0)
KINDS = [layers.SimpleRNN, layers.LSTM, layers.GRU]


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_is_applied_outside_of_the_loop(kind):
    layer = kind(4)
    made = trace(lambda x: layer(x), [Type("float32", (2, 7, 3))])
    (scan,) = [n for n in made.graph.nodes if n.op.name == "scan"]
    inside = [n for n in scan.attrs["body"].nodes if n.op.name == "matmul"]
    outside = [n for n in made.graph.nodes if n.op.name == "matmul"]
    assert (len(inside), len(outside)) == (1, 1)
    assert outside[0].shape == (14, layer.cell.gates * 4)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_on_the_right_changes_nothing(kind):
    layer = kind(4)
    x = normal(2, 5, 3)
    padded = np.concatenate([x, normal(2, 3, 3)], 1)
    mask = np.arange(8) < 5
    np.testing.assert_allclose(layer(padded, mask=np.stack([mask, mask])), layer(x), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_in_two_parts_goes_on_from_the_state(kind):
    layer = kind(3, return_state=True)
    x = normal(2, 6, 3)
    whole = layer(x)
    _, *states = layer(x[:, :4])
    for got, want in zip(layer(x[:, 4:], initial_state=states), whole, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_layers_remember(kind):
    layer = kind(3, stateful=True)
    plain = kind(3)
    x = normal(2, 6, 3)
    layer(x[:, :4])
    plain(x)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(x[:, 4:]), plain(x), rtol=1e-5, atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-6)


def test_stateful_needs_the_batch_size():
    with pytest.raises(ShapeError, match="needs the batch size"):
        layers.LSTM(3, stateful=True)(lamina.Input((5, 2)))
    assert layers.LSTM(3, stateful=True)(lamina.Input((5, 2), batch_size=4)).shape == (4, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_in_training_only_and_one_mask_per_sequence(kind):
    layer = kind(3, dropout=0.5, recurrent_dropout=0.5)
    x = normal(2, 4, 8)
    np.testing.assert_array_equal(layer(x), layer(x))
    assert (layer(x, training=True) != layer(x)).any()


def test_a_cell_of_ones_own():
    class Minimal(lamina.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units, self.state_size = units, units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

        def call(self, inputs, states):
            h = ops.tanh(ops.matmul(inputs, self.kernel) + states[0])
            return h, [h]

    layer = layers.RNN(Minimal(3), return_sequences=True, return_state=True)
    x = normal(2, 4, 5)
    y, h = layer(x)
    want = np.zeros((2, 3), "float32")
    for t in range(4):
        want = np.tanh(x[:, t] @ layer.get_weights()[0] + want)
    np.testing.assert_allclose(h, want, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(y[:, -1], h)


def test_stack_of_cells_is_a_stack_of_layers():
    cells = [layers.LSTMCell(3), layers.GRUCell(2)]
    stack = layers.RNN(cells, return_state=True)
    one, two = layers.LSTM(3, return_sequences=True, return_state=True), layers.GRU(2, return_state=True)
    x = normal(2, 4, 5)
    y, *states = stack(x)
    two(one(x)[0])
    one.set_weights(stack.get_weights()[:3])
    two.set_weights(stack.get_weights()[3:])
    outer, h, c = one(x)
    for got, want in zip([y, *states], [two(outer)[0], h, c, two(outer)[1]], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [
    layers.LSTM(3, dropout=0.1, return_sequences=True, name="l"), layers.GRU(3, reset_after=False, name="g"),
    layers.SimpleRNN(2, activation="relu", name="s"), layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], name="r"),
    layers.Bidirectional(layers.LSTM(3), merge_mode="sum", name="b"), layers.TimeDistributed(layers.Dense(2), name="t"),
], ids=lambda layer: layer.name)
def test_configuration_makes_the_same_layer(layer):
    again = layers.deserialize(layers.serialize(layer))
    x = normal(2, 4, 5)
    want = layer(x)
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), want)
    assert again.get_config() == layer.get_config()


def test_bidirectional_passes_masks_on():
    with Trace() as made:
        x = layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0]]))
        y = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x)
        z = layers.Bidirectional(layers.LSTM(2))(y)
    assert made.masks[y] is made.masks[x]
    assert made.masks[z] is None


def test_wrappers_refuse_what_they_cannot_wrap():
    with pytest.raises(ArgumentError, match="wraps a recurrent layer"):
        layers.Bidirectional(layers.Dense(3))
    with pytest.raises(ArgumentError, match="unknown merge_mode 'cat'"):
        layers.Bidirectional(layers.LSTM(3), merge_mode="cat")
    with pytest.raises(ArgumentError, match="wraps a layer"):
        layers.TimeDistributed(3)
    with pytest.raises(ArgumentError, match="needs a cell"):
        layers.RNN(layers.Dense(3))


def test_wrong_width_names_both():
    layer = layers.LSTM(3, name="reader")
    layer.build((None, 4, 2))
    with pytest.raises(ShapeError, match=r'LSTM "reader" cannot take this input\n  got:  float32\[1, 4, 5\]'):
        layer(np.zeros((1, 4, 5), "float32"))


def test_a_scan_body_reads_no_placeholder_of_the_trace():
    layer = layers.LSTM(3)
    with Trace() as made:
        y = layer(placeholder(Type("float32", (2, 4, 3))))
    assert y.shape == (2, 3)
    assert len(made.inputs) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_what_every_layer_takes_survives_the_configuration(kind):
    layer = kind(3, dtype="float64", trainable=False, activity_regularizer="l2", go_backwards=True)
    again = layers.deserialize(layers.serialize(layer))
    assert (again.dtype, again.cell.dtype, again.trainable, again.go_backwards) == ("float64", "float64", False, True)
    assert again.name == layer.name
    assert again.activity_regularizer is not None
    assert again(normal(2, 3, 4)).dtype == np.float64
    assert again.trainable_weights == []
