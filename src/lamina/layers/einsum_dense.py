"""A fully connected layer over any axes, told by an equation."""

from __future__ import annotations

import re
from math import prod
from typing import Any

import numpy as np

from .. import activations, constraints, initializers, ops, regularizers
from ..errors import ArgumentError, ShapeError, about, message
from .calling import lost
from .input_spec import InputSpec
from .layer import Layer

EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(Layer):
    """``activation(einsum(equation, x, kernel) + bias)``: which axes are summed and which are new says an equation.

    equation      such as "abc,cd->abd": letters of the input, of the kernel, of the output; "..." for axes in front
    output_shape  sizes of the output without the batch, None for those that the input has
    activation    name or function; None is the identity
    bias_axes     letters of the output that have a bias; None for none
    *_initializer, *_regularizer, *_constraint   of kernel and bias

    Initial values count all inputs and all outputs of a unit. Raises ArgumentError for an equation of another form,
    ShapeError where the input does not fit it.

    >>> lamina.layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")(np.ones((1, 5, 4), "float32")).shape
    (1, 5, 2, 3)
    """

    supports_masking = True

    def __init__(self, equation, output_shape, activation=None, bias_axes=None,
                 kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer=None,
                 bias_regularizer=None, kernel_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(**kwargs)
        parts = EQUATION.fullmatch(equation.replace(" ", ""))
        if parts is None or parts[1] != parts[5] or parts[3] != parts[7]:
            raise ArgumentError(message("EinsumDense cannot read this equation", got=repr(equation),
                                        want='"ab,bc->ac", or "...b,bc->...c" with dots in front of input and output'))
        self.equation, self.bias_axes = equation, bias_axes
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.output_shape = list(self.partial_output_shape)
        with about(self.label):
            self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))
        self.kernel_constraint, self.bias_constraint = map(constraints.get, (kernel_constraint, bias_constraint))
        self._letters = parts[2], parts[4], parts[6], bool(parts[1]), bool(parts[3])

    def sizes(self, input_shape) -> dict[str, int | None]:
        """The size that each letter stands for."""
        given, kernel, result, front, behind = self._letters
        hidden = len(input_shape) - len(given)
        if hidden < 0 or (hidden and not (front or behind)):
            raise ShapeError(message(f"{self.label}: {self.equation!r} does not name the axes of the input",
                                     got=f"input shape {tuple(input_shape)}", where=True))
        seen = input_shape[hidden:] if front else input_shape[: len(given)]
        size = dict(zip(given, seen, strict=True))
        letters = result if front and hidden else result[1:]
        known = self.output_shape[-len(letters):] if front else self.output_shape
        for letter, n in zip(letters, known, strict=False):
            if n is None:
                continue
            if size.setdefault(letter, n) not in (None, n):
                raise ShapeError(message(f"{self.label}: axis {letter!r} has size {size[letter]} in the input",
                                         want=f"{n}, as output_shape says", where=True))
        missing = [c for c in kernel if size.get(c) is None]
        if missing:
            raise ShapeError(message(f"{self.label}: the size of axis {missing[0]!r} of the kernel is unknown",
                                     got=f"input shape {tuple(input_shape)}, output_shape {tuple(self.output_shape)}",
                                     where=True))
        return size

    def build(self, input_shape):
        _, kernel, result, _, _ = self._letters
        size = self.sizes(input_shape)
        self.kernel = self.add_weight([size[c] for c in kernel], self.spread(kernel, result), name="kernel",
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self.bias = None
        if self.bias_axes is not None:
            stray = [c for c in self.bias_axes if c not in result]
            if stray:
                raise ArgumentError(message(f"{self.label}: the output has no axis {stray[0]!r} for a bias",
                                            got=f"bias_axes={self.bias_axes!r}", want=f"letters of {result!r}"))
            first = min(result.index(c) for c in self.bias_axes)
            shape = [size[c] if c in self.bias_axes else 1 for c in result[first:]]
            self.bias = self.add_weight(shape, self.bias_initializer, regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint, name="bias")
        self.input_spec = InputSpec(ndim=len(input_shape))

    def spread(self, kernel: str, result: str):
        """The initializer of the kernel: of the matrix of all its inputs and all its outputs, where one has fans."""
        made = self.kernel_initializer
        if not isinstance(made, initializers.VarianceScaling | initializers.Orthogonal):
            return made
        order = sorted(range(len(kernel)), key=lambda i: kernel[i] in result)          # inputs first
        inputs = sum(c not in result for c in kernel)

        def drawn(shape, dtype=None):
            sizes = [shape[i] for i in order]
            matrix = made((prod(sizes[:inputs]), prod(sizes[inputs:])), dtype=dtype)
            return np.transpose(matrix.reshape(sizes), np.argsort(order))

        return drawn

    def call(self, inputs):
        y = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            hidden = inputs.ndim - len(self._letters[0])
            y = y + (ops.reshape(self.bias, (*self.bias.shape, *(1,) * hidden)) if self._letters[4] else self.bias)
        return y if self.activation is None else self.activation(y)

    def compute_mask(self, inputs, previous_mask=None):
        """That of the input; MaskError where the equation does not leave its steps in front."""
        if previous_mask is None:
            return None
        given, _, result, front, _ = self._letters
        axes = previous_mask.ndim - (inputs.ndim - len(given) if front else 0)
        if axes > 0 and (given[:axes] != result[:axes] or axes > len(given)):
            raise lost(self, inputs, f"{self.equation!r} does not leave the steps where they are")
        return previous_mask
