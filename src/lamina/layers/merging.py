"""Layers that make one tensor of several: where the branches of a network meet."""

from __future__ import annotations

import functools

from .. import ops
from ..errors import ArgumentError, ShapeError, message
from .calling import lost
from .layer import Layer


class Merge(Layer):
    """A layer of a list of tensors. A subclass says how two of them become one."""

    supports_masking = True
    fewest, most = 1, None

    def call(self, inputs, mask=None):
        values = self.aligned(inputs)
        return functools.reduce(self.merged, values)

    def merged(self, a, b):
        """One tensor of two of one shape."""
        raise NotImplementedError

    def listed(self, inputs) -> list:
        """The inputs, of which there must be the right number."""
        values = list(inputs) if isinstance(inputs, list | tuple) else None
        if values is None or not self.fewest <= len(values) <= (self.most or len(values)):
            count = f"{self.fewest} tensors" if self.most == self.fewest else "tensors"
            raise ArgumentError(message(f"{self.label} merges a list of {count}",
                                        got="one tensor" if values is None else f"{len(values)} tensors",
                                        fix="call it on a list: layer([a, b])", where=True))
        return values

    def aligned(self, inputs) -> list:
        """The inputs with equal ranks: dimensions of size 1 are put in after the batch, as in Keras."""
        values = self.listed(inputs)
        rank = max(x.ndim for x in values)
        values = [ops.expand_dims(x, tuple(range(1, 1 + rank - x.ndim))) if x.ndim < rank else x for x in values]
        for sizes in zip(*(x.shape for x in values), strict=True):
            if len(set(sizes) - {1}) > 1:
                raise ShapeError(message("the inputs have shapes that do not fit together",
                                         want="equal sizes, or size 1, in every dimension",
                                         fix="bring the branches to one shape, for example with a Dense layer"))
        if len({x.shape[0] for x in values if x.ndim}) > 1:
            raise ShapeError(message("the inputs have different batch sizes", want="one sample in each for each other"))
        return values

    def compute_mask(self, inputs, previous_mask=None):
        """A step is real where it is real in any of the inputs that have a mask; those without have no say."""
        known = [m for m in previous_mask if m is not None] if isinstance(previous_mask, list | tuple) else []
        if not known:
            return None
        mask = functools.reduce(ops.logical_or, known)
        sizes = [x.shape[: mask.ndim] for x in inputs if x.ndim > mask.ndim]
        return ops.broadcast_to(mask, tuple(map(max, zip(*sizes, strict=True)))) if sizes else mask


def incomplete(masks) -> bool:
    """Whether one of several masks is not there."""
    return any(m is None for m in masks)


def spread(mask, x):
    """A mask of steps as a mask of every element of x; None where there is none."""
    if mask is None or mask.ndim != x.ndim - 1:
        return None
    return ops.broadcast_to(ops.expand_dims(mask, -1), x.shape)


class Add(Merge):
    """The sum of tensors of one shape; dimensions of size 1 are repeated.

    Takes a list. Raises ShapeError, naming each input and the layer it comes from, where the shapes do not fit.

    >>> lamina.layers.Add()([np.array([[1.0, 2.0]], "float32"), np.array([[10.0, 20.0]], "float32")])
    array([[11., 22.]], dtype=float32)
    """

    def merged(self, a, b):
        return ops.add(a, b)


class Subtract(Merge):
    """The first of two tensors minus the second.

    Takes a list of exactly two. Raises ArgumentError for another number, ShapeError where the shapes do not fit.

    >>> lamina.layers.Subtract()([np.array([[1.0, 2.0]], "float32"), np.array([[10.0, 20.0]], "float32")])
    array([[ -9., -18.]], dtype=float32)
    """

    fewest = most = 2

    def merged(self, a, b):
        return ops.subtract(a, b)


class Average(Merge):
    """The mean of tensors of one shape, element by element; dimensions of size 1 are repeated.

    Takes a list. Raises ShapeError where the shapes do not fit.

    >>> lamina.layers.Average()([np.array([[1.0, 2.0]], "float32"), np.array([[10.0, 20.0]], "float32")])
    array([[ 5.5, 11. ]], dtype=float32)
    """

    def call(self, inputs, mask=None):
        values = self.aligned(inputs)
        return ops.divide(functools.reduce(ops.add, values), float(len(values)))


class Multiply(Merge):
    """The product of tensors of one shape, element by element; dimensions of size 1 are repeated.

    Takes a list. A masked step counts as 1, and gives 0 where it is masked in all inputs. Raises ShapeError where the
    shapes do not fit.

    >>> lamina.layers.Multiply()([np.array([[1.0, 2.0]], "float32"), np.array([[10.0, 20.0]], "float32")])
    array([[10., 40.]], dtype=float32)
    """

    def call(self, inputs, mask=None):
        values = self.aligned(inputs)
        masks = [spread(m, x) for m, x in zip(mask or [None] * len(values), values, strict=True)]
        values = [x if m is None else ops.where(m, x, 1.0) for m, x in zip(masks, values, strict=True)]
        product = functools.reduce(ops.multiply, values)
        if incomplete(masks):
            return product
        return ops.where(ops.broadcast_to(functools.reduce(ops.logical_or, masks), product.shape), product, 0.0)


class Extreme(Merge):
    """The largest or smallest of tensors; a masked step is left out where another input has a real one."""

    def call(self, inputs, mask=None):
        values = self.aligned(inputs)
        masks = [spread(m, x) for m, x in zip(mask or [None] * len(values), values, strict=True)]
        best, real = values[0], masks[0]
        for x, m in zip(values[1:], masks[1:], strict=True):
            x = x if m is None else ops.where(m, x, best)              # padding of one gives way to the other
            best = best if real is None else ops.where(real, best, x)
            best, real = self.merged(best, x), None if m is None or real is None else ops.logical_or(real, m)
        return best


class Maximum(Extreme):
    """The largest of tensors of one shape, element by element; dimensions of size 1 are repeated.

    Takes a list. Where elements are equal they share the gradient. Raises ShapeError where the shapes do not fit.

    >>> lamina.layers.Maximum()([np.array([[1.0, 20.0]], "float32"), np.array([[10.0, 2.0]], "float32")])
    array([[10., 20.]], dtype=float32)
    """

    def merged(self, a, b):
        return ops.maximum(a, b)


class Minimum(Extreme):
    """The smallest of tensors of one shape, element by element; dimensions of size 1 are repeated.

    Takes a list. Where elements are equal they share the gradient. Raises ShapeError where the shapes do not fit.

    >>> lamina.layers.Minimum()([np.array([[1.0, 20.0]], "float32"), np.array([[10.0, 2.0]], "float32")])
    array([[1., 2.]], dtype=float32)
    """

    def merged(self, a, b):
        return ops.minimum(a, b)


class Concatenate(Merge):
    """Tensors end to end along an axis, by default the last.

    Takes a list of tensors whose sizes differ along that axis only; else ShapeError names each of them. Where steps
    follow each other, those of an input without a mask count as real; where features do, it has no say.

    >>> lamina.layers.Concatenate()([np.array([[1.0]], "float32"), np.array([[2.0, 3.0]], "float32")])
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs):
        values = self.listed(inputs)
        ranks = {x.ndim for x in values}
        axis = self.axis % max(ranks) if max(ranks) else 0
        others = {tuple(n for i, n in enumerate(x.shape) if i != axis) for x in values}
        if len(ranks) > 1 or len(others) > 1:
            raise ShapeError(message(f"the inputs have shapes that differ outside of axis {self.axis}",
                                     want=f"one number of dimensions, and equal sizes but for axis {self.axis}",
                                     fix="bring the branches to one shape, or concatenate along another axis"))
        return ops.concatenate(values, axis=self.axis)

    def compute_mask(self, inputs, previous_mask=None):
        """The masks end to end where steps are; where features are, a step is real if it is in any of the inputs."""
        if not isinstance(previous_mask, list | tuple):
            return None
        if self.axis % inputs[0].ndim >= max(m.ndim for m in previous_mask if m is not None):
            return super().compute_mask(inputs, previous_mask)
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            real = ops.ones_like(x, "bool")
            if mask is not None:
                real = mask if mask.ndim == x.ndim else ops.broadcast_to(ops.expand_dims(mask, -1), x.shape)
            masks.append(real)
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)


class Dot(Merge):
    """Sums of products over one axis of each of two tensors, sample by sample.

    axes       the axis of both, or one for each; not 0, the batch
    normalize  whether vectors along these axes are brought to length 1 first: then the result is their cosine

    Takes a list of two; the remaining axes of both follow each other, and (batch, 1) comes out where none remain.
    Masked steps do not count in a sum over steps.
    Raises ShapeError where the two axes differ in size.

    >>> lamina.layers.Dot(axes=1)([np.array([[1.0, 2.0]], "float32"), np.array([[10.0, 20.0]], "float32")])
    array([[50.]], dtype=float32)
    """

    fewest = most = 2

    def __init__(self, axes, normalize: bool = False, **kwargs):
        super().__init__(**kwargs)
        pair = [axes, axes] if isinstance(axes, int) else list(axes) if isinstance(axes, list | tuple) else []
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair) or 0 in pair:
            raise ArgumentError(message("Dot sums over one axis of each tensor, not over the batch",
                                        got=f"axes={axes!r}", want="a number other than 0, or two of them"))
        self.axes, self.normalize = axes if isinstance(axes, int) else pair, normalize

    def call(self, inputs, mask=None):
        a, b = self.listed(inputs)
        if a.ndim < 2 or b.ndim < 2 or a.shape[0] != b.shape[0]:
            raise ShapeError(message("the inputs are no two batches of one size", want="(batch, …) and (batch, …)"))
        first, second = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        if not (-a.ndim < first < a.ndim and -b.ndim < second < b.ndim):
            raise ShapeError(message(f"the inputs have no axes {self.axes}", want="axes of the two inputs"))
        first, second = first % a.ndim, second % b.ndim
        if a.shape[first] != b.shape[second]:
            raise ShapeError(message(f"axis {first} of the first input has size {a.shape[first]}, "
                                     f"axis {second} of the second has size {b.shape[second]}",
                                     want="equal sizes", fix="choose other axes, or bring the branches to one size"))
        a, b = (ops.where(ops.expand_dims(m, tuple(range(m.ndim, x.ndim))), x, 0.0)
                if m is not None and axis < m.ndim < x.ndim else x
                for x, m, axis in zip((a, b), mask or (None, None), (first, second), strict=True))
        if self.normalize:
            a, b = ops.normalize(a, axis=first), ops.normalize(b, axis=second)
        rest = [i for i in range(1, a.ndim) if i != first], [i for i in range(1, b.ndim) if i != second]
        sizes = [a.shape[i] for i in rest[0]] + [b.shape[i] for i in rest[1]]
        rows = ops.reshape(ops.transpose(a, (0, *rest[0], first)), (a.shape[0], -1, a.shape[first]))
        columns = ops.reshape(ops.transpose(b, (0, second, *rest[1])), (b.shape[0], b.shape[second], -1))
        return ops.reshape(ops.matmul(rows, columns), (a.shape[0], *(sizes or [1])))

    def compute_mask(self, inputs, previous_mask=None):
        """Steps that are summed over are used up; those of the first input stay steps, those of the second cannot."""
        if not isinstance(previous_mask, list | tuple):
            return None
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        first, second = (m if m is not None and a % x.ndim >= m.ndim else None
                         for a, x, m in zip(axes, inputs, previous_mask, strict=True))
        if second is not None:
            raise lost(self, inputs, "the steps of the second input would become features")
        return first


def add(inputs, **kwargs):
    """``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis: int = -1, **kwargs):
    """``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes=-1, **kwargs):
    """``Dot(axes, **kwargs)(inputs)``."""
    return Dot(axes=axes, **kwargs)(inputs)
