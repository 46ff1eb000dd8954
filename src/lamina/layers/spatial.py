"""The arguments of layers that slide over spatial axes: numbers for each axis, padding, where the channels are."""

from __future__ import annotations

from ..errors import ArgumentError, message, unknown
from .input_spec import InputSpec

FORMATS = ("channels_last", "channels_first")


def checked_format(layer: str, data_format: str | None) -> str:
    """``data_format``, "channels_last" where none is given; ArgumentError for any other word."""
    if data_format is None:
        return "channels_last"
    if data_format not in FORMATS:
        raise unknown(f"data_format of {layer}", data_format, FORMATS)
    return data_format


def each_axis(layer: str, name: str, value, rank: int, least: int = 1) -> tuple[int, ...]:
    """One whole number for all spatial axes, or one for each; ArgumentError for anything else."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if len(values) != rank or any(isinstance(v, bool) or not hasattr(v, "__index__") or v < least for v in values):
        many = f", or {rank} of them" if rank > 1 else ""
        raise ArgumentError(message(f"{layer}: {name} does not fit {rank} spatial ax{'is' if rank == 1 else 'es'}",
                                    got=f"{name}={value!r}", want=f"a whole number from {least} on{many}"))
    return tuple(int(v) for v in values)


def checked_padding(layer: str, padding: str, known=("valid", "same")) -> str:
    """A word for padding in small letters; ArgumentError for one that is unknown."""
    if not isinstance(padding, str) or padding.lower() not in known:
        raise unknown(f"padding of {layer}", padding, known)
    return padding.lower()


def spatial_spec(rank: int) -> InputSpec:
    """The input of a layer over ``rank`` spatial axes."""
    return InputSpec(ndim=rank + 2, reason=f"it slides over {rank} spatial ax{'is' if rank == 1 else 'es'}")
