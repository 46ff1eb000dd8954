"""Rows of zeros and ones, or counts, for the numbers of categories: the last step of the layers that look things up."""

from __future__ import annotations

from math import prod

from ..errors import ArgumentError, message, unknown
from ..ops import add, arange, cast, full_like, greater, less, logical_and, multiply, one_hot, reshape, segment_sum
from ..ops import where as select

OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def checked_mode(layer: str, mode: str, modes: tuple[str, ...], sparse: bool) -> str:
    """The output mode under its name of today; ArgumentError for one that there is not, and for sparse results."""
    mode = OLD_NAMES.get(mode, mode)
    if mode not in modes:
        raise unknown(f"output_mode of {layer}", mode, modes)
    if sparse:
        raise ArgumentError(message(f"{layer}: there are no sparse tensors", fix="leave sparse=False"))
    return mode


def rows(numbers, mode: str, depth: int, dtype: str):
    """The numbers as rows of ``depth``. A number outside of 0 .. depth - 1 stands in no row.

    mode  "one_hot": a row for each number, a last dimension of 1 is dropped; "multi_hot": one row for the numbers
          along the last axis, 1 for what occurs; "count": how often it occurs
    """
    if mode == "one_hot":
        shape = tuple(numbers.shape)
        numbers = reshape(numbers, shape[:-1]) if len(shape) > 1 and shape[-1] == 1 else numbers
        return one_hot(numbers, depth, dtype=dtype)
    counted = counts(numbers, depth, dtype)
    return cast(greater(counted, 0), dtype) if mode == "multi_hot" else counted


def counts(numbers, depth: int, dtype: str):
    """How often each number occurs along the last axis. What stands in no row is added to a place that is cut off."""
    *before, length = numbers.shape or (1,)
    samples = prod(before)
    table = reshape(cast(numbers, "int32"), (samples, length))
    known = logical_and(greater(table, -1), less(table, depth))
    first = reshape(multiply(arange(samples, dtype="int32"), depth), (samples, 1))
    places = reshape(select(known, add(table, first), samples * depth), (samples * length,))
    summed = segment_sum(full_like(cast(places, dtype), 1.0), places, samples * depth + 1)
    return reshape(summed[: samples * depth], (*before, depth))
