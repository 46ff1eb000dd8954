"""Layers that give the elements of a sample another shape or order."""

from __future__ import annotations

from math import prod

from ..errors import ArgumentError, ShapeError, message
from ..ops import expand_dims, reshape, transpose
from ..ops.broadcast import expand
from .input_spec import InputSpec
from .layer import Layer
from .symbol import described


class Flatten(Layer):
    """All elements of a sample in one row: (batch, …) becomes (batch, features).

    data_format  "channels_last" (default) or "channels_first": the second puts the channels last before flattening

    >>> lamina.layers.Flatten()(np.zeros((2, 28, 28), "float32")).shape
    (2, 784)
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ArgumentError(
                message("Flatten: unknown data_format", got=repr(data_format), want="channels_last or channels_first")
            )
        self.data_format = data_format or "channels_last"
        self.input_spec, self.built = InputSpec(min_ndim=1), True

    def call(self, inputs):
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = transpose(inputs, (0, *range(2, rank), 1))
        return reshape(inputs, (inputs.shape[0], prod(inputs.shape[1:])))


class Reshape(Layer):
    """The elements of a sample under another shape.

    target_shape  of one sample; one size may be -1 and follows from the others

    ShapeError if the elements do not fill the shape, MaskError if the steps of a masked sequence do not stay whole.

    >>> lamina.layers.Reshape((28, 28, 1))(np.zeros((2, 784), "float32")).shape
    (2, 28, 28, 1)
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        self.target_shape, self.built = tuple(target_shape), True

    def call(self, inputs):
        have, known = prod(inputs.shape[1:]), prod(n for n in self.target_shape if n != -1)
        fits = have == known if -1 not in self.target_shape else known > 0 and have % known == 0
        if not fits or self.target_shape.count(-1) > 1:
            raise ShapeError(
                message(
                    f"{self.label} cannot give a sample the shape {self.target_shape}",
                    got=described(inputs),
                    want=f"samples of {known} elements"
                    if -1 not in self.target_shape
                    else f"a multiple of {known} elements",
                    fix=f"these samples have {have} elements; let one size be -1",
                    where=True,
                )
            )
        sizes = [have // known if n == -1 else n for n in self.target_shape]
        return reshape(inputs, (inputs.shape[0], *sizes))


class Permute(Layer):
    """The dimensions of a sample in another order.

    dims  the dimensions, counted from 1, as (2, 1) for the two swapped

    MaskError if the steps of a masked sequence do not stay first.

    >>> lamina.layers.Permute((2, 1))(np.zeros((5, 3, 4), "float32")).shape
    (5, 4, 3)
    """

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(
                message("Permute: dims names each dimension of a sample once, counted from 1", got=str(self.dims))
            )
        self.input_spec, self.built = InputSpec(ndim=len(self.dims) + 1), True

    def call(self, inputs):
        return transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """A vector repeated n times: (batch, features) becomes (batch, n, features).

    >>> lamina.layers.RepeatVector(2)(np.array([[1.0, 2.0]], "float32")).tolist()
    [[[1.0, 2.0], [1.0, 2.0]]]
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ArgumentError(message("RepeatVector: n is a whole number above zero", got=repr(n)))
        self.n, self.input_spec, self.built = n, InputSpec(ndim=2), True

    def call(self, inputs):
        batch, features = inputs.shape
        return expand(expand_dims(inputs, 1), shape=(batch, self.n, features))
