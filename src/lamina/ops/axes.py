"""What the public functions do with an ``axis``: negative, None or several, it becomes what the ops take."""

from __future__ import annotations

from ..errors import ArgumentError, message


def canonical_axis(axis: int, rank: int, what: str = "axis") -> int:
    """The axis counted from the front; an error that says which there are."""
    if not -rank <= axis < rank:
        raise ArgumentError(
            message(f"{what} {axis} is out of range", got=f"a tensor of {rank} dimensions", want=f"{-rank}..{rank - 1}")
        )
    return int(axis) % rank


def canonical_axes(axis, rank: int) -> tuple[int, ...]:
    """None, one axis or several as a sorted tuple."""
    if axis is None:
        return tuple(range(rank))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(sorted({canonical_axis(a, rank) for a in axes}))


def spelled(x) -> str:
    """The type of a tensor, for messages."""
    return f"{x.dtype}[{','.join(map(str, x.shape))}]"
