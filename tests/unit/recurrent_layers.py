"""Recurrent layers of many kinds, and a step that trains them: for tests of how the planner treats their loops."""

from lamina import layers, ops
from lamina.gradients import gradients
from lamina.trace import Generator, trace
from lamina.types import Type

LAYERS = {
    "lstm": lambda: layers.LSTM(33),
    "lstm_as_many_units_as_rows": lambda: layers.LSTM(16, dropout=0.2, recurrent_dropout=0.3),
    "lstm_sequences_backwards": lambda: layers.LSTM(5, return_sequences=True, go_backwards=True),
    "gru": lambda: layers.GRU(33, return_sequences=True),
    "gru_reset_before": lambda: layers.GRU(7, reset_after=False),
    "simple": lambda: layers.SimpleRNN(20, activation="relu", use_bias=False),
    "both_directions": lambda: layers.Bidirectional(layers.LSTM(9, return_sequences=True)),
}  # fmt: skip


def built(makers, shape):
    """Layers one behind the other, for inputs of this shape."""
    made = [make() for make in makers]
    for layer in made:
        layer.build(shape)
        shape = layer.compute_output_shape(shape)
    return made


def training(made, shape, mask=False):
    """A step that gives the loss and the gradients of the input and of all weights of such layers."""

    def step(x, lengths):
        real = {"mask": ops.arange(shape[1]) < ops.expand_dims(lengths, 1)} if mask else {}
        values = x
        for layer in made:
            values = layer(values, training=True, **real)
        loss = ops.mean(ops.tanh(values) * values)
        return [loss, *gradients([loss], [x, *(v.value for layer in made for v in layer.trainable_variables)])]

    types = [Type("float32", shape), Type("int32", shape[:1])]
    return trace(step, types, training=True, generator=Generator(1))
