"""One step of the recurrent networks: SimpleRNN, LSTM and GRU.

What a step takes from the input, ``x @ kernel + bias``, does not depend on the state: ``project`` computes it for all
times in one product, so that the loop over time has ``h @ recurrent_kernel`` and elementwise work only.
"""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..errors import ArgumentError, ShapeError, about, message
from ..ops import add, concatenate, expand_dims, full, matmul, multiply, ones_like, split
from .dense import positive
from .dropout import checked_rate, dropped
from .layer import Layer
from .symbol import Symbol, described


class RecurrentCell(Layer):
    """What the three cells share: weights for ``gates`` gates side by side, and dropout for a whole sequence.

    The masks of dropout are the same at every time (Gal and Ghahramani, "A Theoretically Grounded Application of
    Dropout in Recurrent Neural Networks", NIPS 2016).
    """

    gates = 1
    bias: Any
    kernel: Any
    recurrent_kernel: Any
    bias_initializer: Any

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
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units, self.use_bias, self.seed = positive(type(self).__name__, "units", units), use_bias, seed
        with about(self.label):
            self.activation = activations.get(activation)
        self.kernel_initializer, self.kernel_regularizer = (
            initializers.get(kernel_initializer),
            regularizers.get(kernel_regularizer),
        )
        self.recurrent_initializer, self.bias_initializer = (
            initializers.get(recurrent_initializer),
            initializers.get(bias_initializer),
        )
        self.recurrent_regularizer, self.bias_regularizer = (
            regularizers.get(recurrent_regularizer),
            regularizers.get(bias_regularizer),
        )
        self.kernel_constraint, self.bias_constraint = (
            constraints.get(kernel_constraint),
            constraints.get(bias_constraint),
        )
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.dropout = checked_rate(type(self).__name__, dropout)
        self.recurrent_dropout = checked_rate(type(self).__name__, recurrent_dropout)

    @property
    def state_size(self):
        """The width of the state, or a list of widths."""
        return self.units

    @property
    def output_size(self) -> int:
        return self.units

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def initial_bias(self, shape, dtype=None) -> Any:
        return self.bias_initializer(shape, dtype=dtype)

    def build(self, input_shape, states_shape=None):
        width = input_shape[-1]
        if width is None:
            raise ShapeError(
                message(
                    f"{self.label} cannot be built: the number of features is unknown",
                    got=described(Symbol(input_shape, self.dtype)),
                    fix="give the Input the size of its last dimension",
                )
            )
        self.kernel = self.add_weight(
            shape=(width, self.gates * self.units),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.gates * self.units),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self.bias_shape,
                name="bias",
                initializer=self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def get_initial_state(self, batch_size: int):
        """The state before the first step: zeros."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [full((batch_size, n), 0.0, self.dtype) for n in sizes]

    def masks(self, batch: int, width: int, training: bool):
        """The dropout masks of inputs and state for one sequence; None where nothing is dropped."""

        def mask(rate, size):
            return (
                dropped(full((batch, size), 1.0, self.dtype), rate, None, self.seed) if training and rate > 0 else None
            )

        return mask(self.dropout, width), mask(self.recurrent_dropout, self.units)

    def project(self, inputs, mask):
        """What the inputs, of one step or with all times in front, give to the gates."""
        if mask is not None:
            inputs = multiply(inputs, mask)
        x = matmul(inputs, self.kernel)
        return add(x, self.input_bias()) if self.use_bias else x

    def input_bias(self):
        return self.bias

    def step(self, projected, states, mask):
        """The output and the new states, for the projected input of one step."""
        raise AssertionError("a cell has a step")

    def call(self, sequence, states, training=False):
        inputs, states = sequence, list(states) if isinstance(states, list | tuple) else [states]
        into, across = self.masks(inputs.shape[0], inputs.shape[-1], training)
        return self.step(self.project(inputs, into), states, across)


def masked(h, mask):
    return h if mask is None else multiply(h, mask)


class SimpleRNNCell(RecurrentCell):
    """One step of a simple recurrent network: ``h' = activation(x @ kernel + h @ recurrent_kernel + bias)``.

    >>> cell = lamina.layers.SimpleRNNCell(3)
    >>> h, states = cell(np.zeros((2, 4), "float32"), [np.zeros((2, 3), "float32")])
    >>> h.shape
    (2, 3)
    """

    def step(self, projected, states, mask):
        h = self.activation(add(projected, matmul(masked(states[0], mask), self.recurrent_kernel)))
        return h, [h]


class LSTMCell(RecurrentCell):
    """One step of long short-term memory, with input, forget and output gates.

    ``c' = f c + i activation(z_c)``, ``h' = o activation(c')``; gates are ``recurrent_activation`` of their part of z.
    Hochreiter and Schmidhuber (Neural Computation 9, 1997); ``unit_forget_bias`` starts the forget gate at one
    (Jozefowicz et al., ICML 2015, section 3).

    >>> cell = lamina.layers.LSTMCell(3)
    >>> zero = np.zeros((2, 3), "float32")
    >>> h, (h, c) = cell(np.zeros((2, 4), "float32"), [zero, zero])
    >>> c.shape
    (2, 3)
    """

    gates = 4

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
        **kwargs,
    ):
        super().__init__(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        with about(self.label):
            self.recurrent_activation, self.unit_forget_bias = activations.get(recurrent_activation), unit_forget_bias

    @property
    def state_size(self):
        return [self.units, self.units]

    def initial_bias(self, shape, dtype=None):
        bias: Any = self.bias_initializer(shape, dtype=dtype)
        if not self.unit_forget_bias:
            return bias
        u = self.units
        return concatenate([bias[:u], ones_like(bias[u : 2 * u]), bias[2 * u :]], 0)

    def step(self, projected, states, mask):
        h, c = states
        i, f, g, o = split(add(projected, matmul(masked(h, mask), self.recurrent_kernel)), 4, axis=-1)
        gate = self.recurrent_activation
        c = add(multiply(gate(f), c), multiply(gate(i), self.activation(g)))
        h = multiply(gate(o), self.activation(c))
        return h, [h, c]


class GRUCell(RecurrentCell):
    """One step of a gated recurrent unit: ``h' = z h + (1 - z) activation(candidate)``.

    Cho et al. (EMNLP 2014). ``reset_after`` applies the reset gate after the product with the recurrent kernel, with
    biases of its own, as cuDNN does.

    >>> cell = lamina.layers.GRUCell(3)
    >>> h, states = cell(np.zeros((2, 4), "float32"), [np.zeros((2, 3), "float32")])
    >>> h.shape
    (2, 3)
    """

    gates = 3

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        reset_after: bool = True,
        **kwargs,
    ):
        super().__init__(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        with about(self.label):
            self.recurrent_activation, self.reset_after = activations.get(recurrent_activation), reset_after

    @property
    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def input_bias(self):
        return self.bias[0] if self.reset_after else self.bias

    def step(self, projected, states, mask):
        h, u = states[0], self.units
        dropped_h, gate = masked(h, mask), self.recurrent_activation
        xz, xr, xh = split(projected, 3, axis=-1)
        if self.reset_after:
            inner = matmul(dropped_h, self.recurrent_kernel)
            inner = add(inner, expand_dims(self.bias[1], 0)) if self.use_bias else inner
            hz, hr, hh = split(inner, 3, axis=-1)
            z, r = gate(add(xz, hz)), gate(add(xr, hr))
            candidate = self.activation(add(xh, multiply(r, hh)))
        else:
            kernel = self.recurrent_kernel.value
            hz, hr = split(matmul(dropped_h, kernel[:, : 2 * u]), 2, axis=-1)
            z, r = gate(add(xz, hz)), gate(add(xr, hr))
            candidate = self.activation(add(xh, matmul(multiply(r, dropped_h), kernel[:, 2 * u :])))
        h = add(multiply(z, h), multiply(1.0 - z, candidate))
        return h, [h]


class StackedRNNCells(Layer):
    """Several cells as one: each takes the output of the one before.

    cells  a list of cells; ``state_size`` is the list of their state sizes

    >>> stack = lamina.layers.StackedRNNCells([lamina.layers.LSTMCell(3), lamina.layers.GRUCell(2)])
    >>> lamina.layers.RNN(stack)(np.zeros((2, 5, 4), "float32")).shape
    (2, 2)
    """

    def __init__(self, cells, **kwargs):
        super().__init__(**kwargs)
        self.cells = list(cells)
        for cell in self.cells:
            if not hasattr(cell, "state_size") or not hasattr(cell, "call"):
                raise ArgumentError(
                    message("StackedRNNCells takes cells", got=repr(cell), want="layers with state_size and call")
                )

    @property
    def state_size(self):
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        last = self.cells[-1]
        size = last.state_size
        return getattr(last, "output_size", size[0] if isinstance(size, list) else size)

    def get_initial_state(self, batch_size: int):
        """The states of all cells before the first step."""
        return [cell.get_initial_state(batch_size=batch_size) for cell in self.cells]

    def build(self, input_shape, states_shape=None):
        for cell in self.cells:
            if not cell.built:
                cell.build(tuple(input_shape))
                cell.built = True
            size = cell.state_size
            input_shape = (input_shape[0], getattr(cell, "output_size", size[0] if isinstance(size, list) else size))

    def call(self, inputs, states, training=False):
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            state = state if isinstance(state, list | tuple) else [state]
            inputs, state = cell(inputs, state, training=training)
            new.append(state)
        return inputs, new
