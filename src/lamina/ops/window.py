"""Windows that slide over the spatial axes of (batch, spatial…, channels): their number, and the cells of each."""

from __future__ import annotations

import itertools

import numpy as np

from ..errors import shape_error


def output_sizes(op, x, size, strides, padding, dilation) -> tuple[int, ...]:
    """How many windows fit along each spatial axis; an error where not even one does."""
    spatial = x.shape[1:-1]
    if not len(size) == len(strides) == len(padding) == len(dilation) == len(spatial):
        raise shape_error(
            op,
            f"a window of {len(size)} axes over {len(spatial)} spatial axes",
            got=[x],
            want=f"(batch, {len(size)} spatial axes, channels), and strides, padding and dilation for each",
        )
    if min((*size, *strides, *dilation), default=1) < 1 or min((n for pair in padding for n in pair), default=0) < 0:
        raise shape_error(
            op, f"window {size}, strides {strides}, dilation {dilation} and padding {padding} must be positive", got=[x]
        )
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    padded = [n + low + high for n, (low, high) in zip(spatial, padding, strict=True)]
    if any(r > n for r, n in zip(reach, padded, strict=True)):
        raise shape_error(
            op,
            f"a window that reaches over {tuple(reach)} does not fit into {tuple(padded)} cells",
            got=[x],
            fix='use a smaller window, or padding="same"',
        )
    return tuple((n - r) // s + 1 for n, r, s in zip(padded, reach, strides, strict=True))


def padded_shape(shape, padding) -> tuple[int, ...]:
    """The shape with the padding put around its spatial axes."""
    return (shape[0], *(n + low + high for n, (low, high) in zip(shape[1:-1], padding, strict=True)), shape[-1])


def padded(xp, x, padding, value=0):
    return xp.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def unpadded(x, padding):
    """x without what ``padded`` put around it."""
    inner = (slice(low, n - high) for n, (low, high) in zip(x.shape[1:-1], padding, strict=True))
    return x[(slice(None), *inner)]


def cells(size, strides, dilation, outputs):
    """For each place in a window, in row-major order: the place, and the index that reads it in all windows at once."""
    for place in itertools.product(*map(range, size)):
        axes = zip(place, strides, dilation, outputs, strict=True)
        yield place, (slice(None), *(slice(p * d, p * d + (n - 1) * s + 1, s) for p, s, d, n in axes))


def add_at(xp, out, where, values):
    """out with values added to a part of it; NumPy does it in place."""
    if xp is np:
        out[where] += values
        return out
    return out.at[where].add(values)


def same_padding(sizes, size, strides, dilation) -> tuple[tuple[int, int], ...]:
    """Padding that gives ceil(n / stride) windows, the odd cell behind, as in Keras."""
    pairs = []
    for n, k, s, d in zip(sizes, size, strides, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)
