"""Where data enter a model."""

from __future__ import annotations

from ..errors import ArgumentError, message
from .layer import Layer
from .naming import unique_name
from .reading import TEXT
from .symbol import Call, Symbol


class InputLayer(Layer):
    """The place of an input in the list of layers; ``Input`` makes it.

    shape        of one sample; batch_size or None; dtype "float32" unless given
    batch_shape  the same with the batch, instead of both

    >>> lamina.layers.InputLayer(shape=(28, 28)).output.shape
    (None, 28, 28)
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, sparse=None, batch_shape=None, name=None, **kwargs):
        if shape is None and batch_shape is None:
            raise ArgumentError(message("an Input needs a shape", fix="Input(shape=(784,)) for samples of 784 numbers"))
        text = dtype in (TEXT, str)
        super().__init__(name=name or unique_name("input_layer"), dtype=None if text else dtype)
        self.dtype = TEXT if text else self.dtype
        if shape is not None:
            batch_shape = (batch_size, *((shape,) if isinstance(shape, int) else shape))
        self.batch_shape, self.built = tuple(batch_shape or ()), True
        call = Call(self, (), {})
        call.outputs = Symbol(self.batch_shape, self.dtype, self.name, call)

    def call(self):
        raise AssertionError("an input layer is not called")

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype, "batch_shape": list(self.batch_shape)}


def Input(shape=None, batch_size=None, dtype=None, sparse=None, batch_shape=None, name=None, tensor=None) -> Symbol:
    """A tensor without numbers for each sample of a shape, from which a functional model starts.

    shape       of one sample, None where a size is not known; batch_shape is the same with the batch
    batch_size  None: any
    dtype       "float32" unless given; "int32" for word numbers; "string" for text, which goes to layers that read it

    ArgumentError if there is no shape, or for sparse tensors, which Lamina has not.

    >>> x = lamina.Input((784,))
    >>> lamina.Model(x, lamina.layers.Dense(10)(x)).count_params()
    7850
    """
    if sparse or tensor is not None:
        raise ArgumentError(message("Input takes a shape; there are no sparse or ready-made tensors"))
    return InputLayer(shape=shape, batch_size=batch_size, dtype=dtype, batch_shape=batch_shape, name=name).output
