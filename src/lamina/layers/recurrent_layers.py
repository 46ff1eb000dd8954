"""SimpleRNN, LSTM and GRU: the loop over time around each of our own cells."""

from __future__ import annotations

from typing import Any

from .naming import snake_case
from .recurrent import RNN
from .recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell

OF_THE_LOOP = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
    "activity_regularizer",
    "name",
    "trainable",
    "dtype",
    "input_shape",
    "batch_input_shape",
    "input_dim",
    "batch_size",
    "input_length",
)


class CellLayer(RNN):
    """A loop whose cell is made from the arguments of the layer; they are attributes of the layer, too."""

    cell_class: Any = None

    def set_up(self, arguments: dict[str, Any]) -> None:
        """Makes the cell and the loop from all arguments of the layer."""
        rest = arguments.pop("kwargs")
        loop = {key: value for key, value in {**arguments, **rest}.items() if key in OF_THE_LOOP}
        of_cell = {key: value for key, value in arguments.items() if key not in OF_THE_LOOP and key != "use_cudnn"}
        unknown = {key: value for key, value in rest.items() if key not in OF_THE_LOOP}
        common = {"dtype": loop.get("dtype"), "trainable": loop.get("trainable", True)}
        cell = self.cell_class(**of_cell, **common, name=snake_case(self.cell_class.__name__))
        RNN.__init__(self, cell, **loop, **unknown)

    def __getattr__(self, name: str):
        cell = self.__dict__.get("cell")
        if cell is None or name.startswith("_") or name not in cell.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return cell.__dict__[name]

    def get_config(self):
        config = super().get_config()
        config.pop("cell", None)
        return config


class SimpleRNN(CellLayer):
    """A simple recurrent network: ``h(t) = activation(x(t) @ kernel + h(t-1) @ recurrent_kernel + bias)``.

    units              the width of the state
    dropout            part of the inputs dropped in training, recurrent_dropout of the state; one mask per sequence
    return_sequences   whether to give (batch, time, units) or the last output, (batch, units)
    return_state       whether to give the last states as well; initial_state of the call sets the first ones

    Input (batch, time, features). Elman, "Finding Structure in Time" (Cognitive Science 14, 1990).

    >>> lamina.layers.SimpleRNN(3)(np.zeros((2, 5, 4), "float32")).shape
    (2, 3)
    """

    cell_class = SimpleRNNCell

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed=None,
        **kwargs,
    ):
        self.set_up(without_self(locals()))


class LSTM(CellLayer):
    """Long short-term memory; the states are h and c.

    units                 the width of each state
    recurrent_activation  of the three gates; "sigmoid" unless given
    unit_forget_bias      whether the forget gate's bias starts at one
    dropout               part of the inputs dropped in training, recurrent_dropout of the state; one mask per sequence
    return_sequences      whether to give (batch, time, units) or the last output, (batch, units)
    return_state          whether to give the last h and c as well; initial_state of the call sets the first ones

    Input (batch, time, features). Hochreiter and Schmidhuber (Neural Computation 9, 1997).

    >>> lamina.layers.LSTM(3, return_sequences=True)(np.zeros((2, 5, 4), "float32")).shape
    (2, 5, 3)
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn="auto",
        **kwargs,
    ):
        self.set_up(without_self(locals()))


class GRU(CellLayer):
    """Gated recurrent unit.

    units                 the width of the state
    recurrent_activation  of the two gates; "sigmoid" unless given
    reset_after           whether the reset gate follows the product with the recurrent kernel (two biases)
    dropout               part of the inputs dropped in training, recurrent_dropout of the state; one mask per sequence
    return_sequences      whether to give (batch, time, units) or the last output, (batch, units)
    return_state          whether to give the last state as well; initial_state of the call sets the first one

    Input (batch, time, features). Cho et al. (EMNLP 2014).

    >>> lamina.layers.GRU(3)(np.zeros((2, 5, 4), "float32")).shape
    (2, 3)
    """

    cell_class = GRUCell

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn="auto",
        **kwargs,
    ):
        self.set_up(without_self(locals()))


def without_self(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an ``__init__``, from its ``locals()``."""
    return {key: value for key, value in arguments.items() if key not in ("self", "__class__")}
