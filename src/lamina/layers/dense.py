"""The fully connected layer."""

from __future__ import annotations

from .. import activations, constraints, initializers, regularizers
from ..errors import ArgumentError, ShapeError, about, message
from ..ops import add, matmul
from .calling import lost
from .input_spec import InputSpec
from .layer import Layer
from .symbol import Symbol, described


def positive(layer: str, name: str, value) -> int:
    """A size that an argument gives; ArgumentError if it is no whole number above zero."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ArgumentError(message(f"{layer}: {name} is a whole number above zero", got=repr(value)))
    return int(value)


class Dense(Layer):
    """Fully connected: ``activation(x @ kernel + bias)`` with a kernel of N inputs times M units.

    units               number of neurons M
    activation          name or function; None is the identity
    use_bias            whether each neuron has a bias
    kernel_initializer  "glorot_uniform" unless given; bias_initializer "zeros"
    *_regularizer       added to the loss in training; activity_regularizer is of the output
    *_constraint        applied after each update

    Input (batch, …, N), output (batch, …, M). ShapeError if the width differs from the one it was built for,
    ArgumentError for an unknown activation.

    >>> layer = lamina.layers.Dense(2, kernel_initializer="ones", activation="relu")
    >>> layer(np.array([[1.0, 2.0, 3.0]], "float32"))
    array([[6., 6.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        units,
        activation=None,
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive("Dense", "units", units)
        with about(self.label):
            self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer, self.bias_initializer = (
            initializers.get(kernel_initializer),
            initializers.get(bias_initializer),
        )
        self.kernel_regularizer, self.bias_regularizer = (
            regularizers.get(kernel_regularizer),
            regularizers.get(bias_regularizer),
        )
        self.kernel_constraint, self.bias_constraint = (
            constraints.get(kernel_constraint),
            constraints.get(bias_constraint),
        )
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        width = input_shape[-1]
        if width is None:
            raise ShapeError(
                message(
                    f"{self.label} cannot be built: the number of features is unknown",
                    got=described(Symbol(input_shape, self.dtype)),
                    want=f"{self.dtype}[batch, features] with a number of features",
                    fix="give the Input the size of its last dimension",
                    where=True,
                )
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(width, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(
            min_ndim=2, axes={-1: width}, reason=f"its kernel is [{width}, {self.units}], built at first call"
        )

    def call(self, inputs):
        x = matmul(inputs, self.kernel)
        if self.use_bias:
            x = add(x, self.bias)
        return x if self.activation is None else self.activation(x)

    def compute_mask(self, inputs, previous_mask=None):
        """That of the input; MaskError where its last axis is that of the steps, which would be summed over."""
        if previous_mask is not None and previous_mask.ndim >= inputs.ndim:
            raise lost(self, inputs, "it sums over the axis of the steps")
        return previous_mask
