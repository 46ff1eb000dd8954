"""Layers that bring raw numbers into a form that networks learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, DataError, ShapeError, message, unknown
from ..op import as_node, as_value
from ..ops.axes import canonical_axes
from .layer import Layer

EPSILON = 1e-7                                          # the least standard deviation, so that constants do not explode


class Rescaling(Layer):
    """``x * scale + offset``; ``1 / 255`` brings the brightness of pixels into 0..1.

    scale, offset   numbers, or arrays that broadcast to the input; offset is 0 unless given

    >>> lamina.layers.Rescaling(1 / 255)(np.array([[0, 255]], "uint8"))
    array([[0., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale, self.offset, self.built = scale, offset, True

    def call(self, inputs):
        x = ops.cast(inputs, self.dtype)
        scale, offset = (as_node(as_value(v, self.dtype)) for v in (self.scale, self.offset))
        return x * scale + offset


class Normalization(Layer):
    """Numbers brought to mean 0 and variance 1 by what is known of the data: ``(x - mean) / sqrt(variance)``.

    axis            the axis, or several, that keep statistics of their own, -1 unless given; None for one of all
    mean, variance  these statistics, where they are known; else ``adapt`` finds them
    invert          whether normal numbers are brought back instead

    Raises ArgumentError where only one of mean and variance is given.

    >>> layer = lamina.layers.Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]], "float32"))
    >>> layer(np.array([[3.0, 20.0]], "float32"))
    array([[1., 0.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, mean=None, variance=None, invert: bool = False, **kwargs):
        super().__init__(**kwargs)
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise ArgumentError(message("Normalization takes mean and variance together, of one shape",
                                        got=f"mean={mean!r}, variance={variance!r}"))
        self.axis = list(axis) if isinstance(axis, tuple | list) else axis
        self.invert = invert
        given = None if mean is None else tuple(np.asarray(v, "float64") for v in (mean, variance))
        self.__dict__["_given"] = given

    @property
    def mean(self):
        """The mean that is taken off, with the axes that keep it."""
        return self._given[0] if self._given else self.adapt_mean.numpy()

    @property
    def variance(self):
        """The variance that numbers are divided by the root of, with the axes that keep it."""
        return self._given[1] if self._given else self.adapt_variance.numpy()

    def kept(self, rank: int) -> tuple[int, ...]:
        """The axes that keep statistics of their own."""
        return () if self.axis is None else canonical_axes(self.axis, rank)

    def build(self, input_shape):
        axes = self.kept(len(input_shape))
        sizes = tuple(input_shape[a] for a in axes)
        if None in sizes:
            raise ShapeError(message(f"{self.label} needs to know the size of axis {self.axis}", where=True,
                                     got=f"input shape {tuple(input_shape)}", fix="give Input that size"))
        if self._given is None:
            self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")

    def adapt(self, data) -> None:
        """Finds mean and variance of an array, or of all batches of an iterable. DataError if there are no numbers."""
        batches = [data] if hasattr(data, "shape") else data
        count, mean, spread = 0, 0.0, 0.0
        for batch in batches:
            x = np.asarray(batch[0] if isinstance(batch, tuple) else batch, np.float64)
            if not self.built:
                self.build((None, *x.shape[1:]))
            others = tuple(i for i in range(x.ndim) if i not in self.kept(x.ndim))
            more = int(np.prod([x.shape[i] for i in others]))
            if not more:
                continue
            own = x.mean(axis=others)
            step, total = own - mean, count + more            # Chan, Golub, LeVeque (1979), equation 2.1
            spread = spread + x.var(axis=others) * more + step**2 * (count * more / total)
            mean, count = mean + step * (more / total), total
        if not count:
            raise DataError(message(f"{self.label}: there is nothing to adapt to", fix="pass an array, or batches"))
        if self._given is not None:
            raise ArgumentError(message(f"{self.label} was given its mean and variance", fix="leave them out to adapt"))
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(spread / count)
        self.count.assign(np.int32(min(count, 2**31 - 1)))

    def call(self, inputs):
        x = ops.cast(inputs, self.dtype)
        axes = self.kept(x.ndim)
        shape = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
        if self._given is None:
            mean, variance = (ops.reshape(v, shape) for v in (self.adapt_mean, self.adapt_variance))
        else:
            sizes = [x.shape[a] for a in axes]
            mean, variance = (as_node(np.broadcast_to(v, sizes).reshape(shape).astype(self.dtype)) for v in self._given)
        deviation = ops.maximum(ops.sqrt(variance), EPSILON)
        return mean + x * deviation if self.invert else (x - mean) / deviation


class CategoryEncoding(Layer):
    """Category numbers as vectors of a place for each of ``num_tokens`` categories.

    output_mode  "one_hot": a vector for each number; "multi_hot" (default): 1 at the places of all numbers of a sample;
                 "count": how often each occurs, times ``count_weights`` of the call

    Raises ArgumentError for another mode or weights in another mode than "count".

    >>> lamina.layers.CategoryEncoding(4)(np.array([[0, 2, 2]]))
    array([[1., 0., 1., 0.]], dtype=float32)
    >>> lamina.layers.CategoryEncoding(4, "count")(np.array([[0, 2, 2]]))
    array([[1., 0., 2., 0.]], dtype=float32)
    """

    input_dtype = "int32"

    def __init__(self, num_tokens=None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs):
        super().__init__(**kwargs)
        if isinstance(num_tokens, bool) or not isinstance(num_tokens, int) or num_tokens < 1:
            raise ArgumentError(message("CategoryEncoding: num_tokens is the number of categories",
                                        got=f"num_tokens={num_tokens!r}", want="a whole number above zero"))
        if output_mode not in ("one_hot", "multi_hot", "count"):
            raise unknown("output_mode of CategoryEncoding", output_mode, ("one_hot", "multi_hot", "count"))
        if sparse:
            raise ArgumentError(message("CategoryEncoding gives dense vectors only", got="sparse=True"))
        self.num_tokens, self.output_mode, self.sparse, self.built = num_tokens, output_mode, False, True

    def call(self, inputs, count_weights=None):
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(message(f"{self.label} has no use for count_weights",
                                        got=f"output_mode={self.output_mode!r}", want='output_mode="count"'))
        if self.output_mode == "one_hot":
            squeezed = inputs.ndim > 1 and inputs.shape[-1] == 1
            return ops.one_hot(ops.squeeze(inputs, -1) if squeezed else inputs, self.num_tokens, dtype=self.dtype)
        places = ops.one_hot(inputs, self.num_tokens, dtype=self.dtype)
        axis = 1 if inputs.ndim > 1 else 0
        if self.output_mode == "multi_hot":
            return ops.max(places, axis=axis)
        return ops.sum(places if count_weights is None else places * ops.expand_dims(count_weights, -1), axis=axis)
