"""Layers that read their input on the host, before the program runs."""

from __future__ import annotations

import numpy as np

from .layer import Layer
from .reading import TEXT
from .symbol import Symbol, leaves


class Reader(Layer):
    """The base of the layers that read text.

    A subclass says ``read``, ``read_shape`` and ``call``; ``call`` gets what ``read`` gave.
    """

    input_dtype = TEXT
    reads_text = True

    def read(self, inputs) -> np.ndarray:
        """The numbers of the inputs."""
        raise NotImplementedError

    def read_shape(self, inputs) -> tuple:
        """The shape of what ``read`` gives for symbols; None for sizes that are not known."""
        return inputs.shape

    def read_symbols(self, inputs) -> Symbol:
        """What ``read`` gives, as a symbol."""
        return Symbol(self.read_shape(inputs), "int32")

    def read_inputs(self, inputs) -> list:
        """The inputs that are read: all of them."""
        return list(leaves(inputs))

    def stand_in(self, inputs, numbers):
        """What ``call`` gets in place of the inputs."""
        return numbers
