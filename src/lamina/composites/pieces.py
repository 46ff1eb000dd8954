"""Tensors taken apart and put together in ways that NumPy and PyTorch have names for, under Keras's names."""

from __future__ import annotations

from math import prod

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value
from ..ops.arrange import concatenate, expand_dims, flip, pad, ravel, reshape, split, stack, swapaxes, transpose
from ..ops.axes import canonical_axis, spelled
from ..ops.creation import diag
from ..ops.defer import public
from ..ops.elementwise import mul
from ..ops.indexing import get_item
from ..ops.pictures import checked_format


def pair(value) -> tuple[int, int]:
    """One number for height and width, or one for each."""
    return (value, value) if isinstance(value, int) else tuple(value)


@public
def append(x1, x2, axis: int | None = None):
    """x2 behind x1 along an axis; without one, all elements in one row.

    >>> lamina.ops.append([1, 2], [[3], [4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    return concatenate([ravel(x1), ravel(x2)], 0) if axis is None else concatenate([x1, x2], axis)


@public
def array_split(x, indices_or_sections, axis: int = 0):
    """Parts along an axis: a number of them whose sizes differ by one at most, or cut before each index.

    >>> [part.tolist() for part in lamina.ops.array_split([1, 2, 3, 4, 5], 2)]
    [[1, 2, 3], [4, 5]]
    """
    x = as_value(x)
    if not isinstance(indices_or_sections, int):
        return split(x, indices_or_sections, axis)
    size, parts = x.shape[canonical_axis(axis, len(x.shape))], indices_or_sections
    if parts < 1:
        raise ArgumentError(message("array_split makes one part or more", got=str(parts)))
    ends = [(i + 1) * (size // parts) + min(i + 1, size % parts) for i in range(parts - 1)]
    return split(x, ends, axis)


@public
def vsplit(x, indices_or_sections):
    """Parts along the first axis."""
    return split(x, indices_or_sections, 0)


@public
def hsplit(x, indices_or_sections):
    """Parts along the second axis, of a vector along its only one."""
    return split(x, indices_or_sections, 0 if len(as_value(x).shape) == 1 else 1)


@public
def dsplit(x, indices_or_sections):
    """Parts along the third axis."""
    return split(x, indices_or_sections, 2)


@public
def dstack(xs):
    """Tensors end to end along the third axis, which vectors and matrices get first.

    >>> lamina.ops.dstack([[1, 2], [3, 4]]).tolist()
    [[[1, 3], [2, 4]]]
    """

    def deep(x):
        x = as_value(x)
        x = reshape(x, (1, -1)) if len(x.shape) < 2 else x
        return expand_dims(x, 2) if len(x.shape) == 2 else x

    return concatenate([deep(x) for x in xs], 2)


@public
def flipud(x):
    """The first axis turned round."""
    return flip(x, 0)


@public
def fliplr(x):
    """The second axis turned round."""
    return flip(x, 1)


@public
def rot90(array, k: int = 1, axes=(0, 1)):
    """Turned by k quarters, from the first of two axes towards the second.

    >>> lamina.ops.rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    x = as_value(array)
    first, second = (canonical_axis(a, len(x.shape)) for a in axes)
    if first == second:
        raise ArgumentError(message("rot90 turns between two axes", got=f"axes={tuple(axes)}"))
    turns = k % 4
    if turns == 2:
        return flip(flip(x, first), second)
    if turns == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second) if turns else x


@public
def diagflat(x, k: int = 0):
    """All elements of x on the k-th diagonal of a square matrix."""
    return diag(ravel(x), k)


@public
def kron(x1, x2):
    """The Kronecker product: each element of x1 times all of x2.

    >>> lamina.ops.kron([1, 10], [1, 2]).tolist()
    [1, 2, 10, 20]
    """
    a, b = as_value(x1), as_value(x2)
    rank = max(len(a.shape), len(b.shape))
    sizes = [(1,) * (rank - len(x.shape)) + tuple(x.shape) for x in (a, b)]
    a = reshape(a, [m for n in sizes[0] for m in (n, 1)])
    b = reshape(b, [m for n in sizes[1] for m in (1, n)])
    return reshape(mul(a, b), [n * m for n, m in zip(*sizes, strict=True)])


@public
def extract_sequences(x, sequence_length: int, sequence_stride: int):
    """Windows along the last axis: (…, length) becomes (…, windows, sequence_length).

    >>> lamina.ops.extract_sequences([1, 2, 3, 4, 5], 3, 2).tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    x = as_value(x)
    if sequence_stride < 1:
        raise ArgumentError(message("extract_sequences: sequence_stride is 1 or more", got=str(sequence_stride)))
    windows = (x.shape[-1] - sequence_length) // sequence_stride + 1
    if windows < 1:
        raise ShapeError(message(f"extract_sequences: no window of {sequence_length} fits", got=spelled(x)))
    reach = (windows - 1) * sequence_stride + 1
    columns = [get_item(x, (..., slice(i, i + reach, sequence_stride))) for i in range(sequence_length)]
    return stack(columns, -1)


@public
def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    """Windows of images (batch, channels, height, width) as columns: (batch, channels * cells, windows), as in PyTorch.

    >>> lamina.ops.unfold(np.arange(9.0).reshape(1, 1, 3, 3), 2)[0, :, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    x = as_value(x)
    if len(x.shape) != 4:
        raise ShapeError(message("unfold takes images", got=spelled(x), want="(batch, channels, height, width)"))
    (high, wide), (down, right), around, steps = map(pair, (kernel_size, dilation, padding, stride))
    x = pad(x, [(0, 0), (0, 0), (around[0],) * 2, (around[1],) * 2]) if any(around) else x
    batch, channels, height, width = x.shape
    rows, columns = (
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip((height, width), (down, right), (high, wide), steps, strict=True)
    )
    if rows < 1 or columns < 1:
        raise ShapeError(message(f"unfold: no window of {high} by {wide} fits", got=spelled(x)))
    cells = []
    for i in range(high):
        for j in range(wide):
            tall = slice(i * down, i * down + (rows - 1) * steps[0] + 1, steps[0])
            across = slice(j * right, j * right + (columns - 1) * steps[1] + 1, steps[1])
            cells.append(get_item(x, (slice(None), slice(None), tall, across)))
    return reshape(stack(cells, 2), (batch, channels * high * wide, rows * columns))


def blocks(x, block_size: int, data_format: str, name: str):
    """Images with the channels last, and whether they came with the channels first."""
    x = as_value(x)
    if len(x.shape) != 4 or block_size < 2:
        want = "images (batch, height, width, channels) and block_size 2 or more"
        raise ShapeError(message(f"{name} rearranges images", got=[spelled(x), f"block_size={block_size}"], want=want))
    first = checked_format(data_format) == "channels_first"
    return (transpose(x, (0, 2, 3, 1)) if first else x), first


@public
def depth_to_space(x, block_size: int, data_format: str = "channels_last"):
    """Channels laid out as blocks of cells: (batch, h, w, c) becomes (batch, h * block, w * block, c / block²).

    >>> lamina.ops.depth_to_space(np.arange(4.0).reshape(1, 1, 1, 4), 2)[0, :, :, 0].tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    x, first = blocks(x, block_size, data_format, "depth_to_space")
    batch, height, width, channels = x.shape
    if channels % block_size**2:
        raise ShapeError(
            message(
                "depth_to_space: the channels fill no blocks",
                got=spelled(x),
                want=f"a multiple of {block_size**2} channels",
            )
        )
    fewer, block = (
        channels // block_size**2,
        (block_size, block_size),
    )  # which comes first differs by format, as in Keras
    x = reshape(x, (batch, height, width, *((fewer, *block) if first else (*block, fewer))))
    x = transpose(x, (0, 1, 4, 2, 5, 3) if first else (0, 1, 3, 2, 4, 5))
    x = reshape(x, (batch, height * block_size, width * block_size, fewer))
    return transpose(x, (0, 3, 1, 2)) if first else x


@public
def space_to_depth(x, block_size: int, data_format: str = "channels_last"):
    """Blocks of cells as channels: (batch, h, w, c) becomes (batch, h / block, w / block, c * block²).

    >>> lamina.ops.space_to_depth(np.arange(4.0).reshape(1, 2, 2, 1), 2).tolist()
    [[[[0.0, 1.0, 2.0, 3.0]]]]
    """
    x, first = blocks(x, block_size, data_format, "space_to_depth")
    batch, height, width, channels = x.shape
    if height % block_size or width % block_size:
        raise ShapeError(
            message(
                "space_to_depth: blocks do not fill the image",
                got=spelled(x),
                want=f"height and width that {block_size} divides",
            )
        )
    rows, columns = height // block_size, width // block_size
    x = reshape(x, (batch, rows, block_size, columns, block_size, channels))
    x = transpose(x, (0, 1, 3, 5, 2, 4) if first else (0, 1, 3, 2, 4, 5))
    x = reshape(x, (batch, rows, columns, prod((block_size, block_size, channels))))
    return transpose(x, (0, 3, 1, 2)) if first else x


__all__ = [
    "append",
    "array_split",
    "depth_to_space",
    "diagflat",
    "dsplit",
    "dstack",
    "extract_sequences",
    "fliplr",
    "flipud",
    "hsplit",
    "kron",
    "rot90",
    "space_to_depth",
    "unfold",
    "vsplit",
]
