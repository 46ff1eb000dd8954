"""Symbols: shapes that are not known yet, and calls that are recorded."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.errors import ArgumentError, TraceError
from lamina.layers.symbol import described


def test_unknown_sizes_stay_unknown_through_layers():
    x = lamina.Input((None, 8))
    assert layers.Dense(3)(x).shape == (None, None, 3)
    assert layers.Flatten()(lamina.Input((4, 5))).shape == (None, 20)
    assert ops.sum(x, axis=1).shape == (None, 8)
    assert lamina.Input((3,), batch_size=5).shape == (5, 3)


def test_operators_and_functions_are_recorded():
    x = lamina.Input((3,))
    y = (ops.relu(x) * 2.0 - x) / 2.0 + x @ np.eye(3, dtype="float32")
    model = lamina.Model(x, [y, x[:, 0], -x, ops.concatenate([x, x], -1)])
    value = np.array([[-1.0, 2.0, 3.0]], "float32")
    out = model(value)
    np.testing.assert_allclose(out[0], (np.maximum(value, 0) * 2 - value) / 2 + value)
    np.testing.assert_allclose(out[1], [-1])
    np.testing.assert_allclose(out[2], -value)
    assert out[3].shape == (1, 6)
    assert [s.shape for s in model.outputs] == [(None, 3), (None,), (None, 3), (None, 6)]


@pytest.mark.parametrize("use", [bool, float, int, len, list, np.asarray], ids=lambda f: f.__name__)
def test_symbols_have_no_numbers(use):
    with pytest.raises(TraceError, match="has no numbers"):
        use(lamina.Input((3,)))


def test_input_needs_a_shape():
    with pytest.raises(ArgumentError, match="needs a shape"):
        lamina.Input()


def test_messages_write_unknown_sizes_in_words():
    assert described(lamina.Input((None, 3), dtype="int32")) == "int32[batch, ?, 3]"


def test_weights_are_made_once_when_recorded():
    x = lamina.Input((3,))
    layer = layers.Dense(2)
    layer(x)
    before = layer.get_weights()
    layer(x)
    np.testing.assert_array_equal(before[0], layer.get_weights()[0])
    assert len(layer.calls) == 2
