"""What the functions of ``ops.image`` ask of their images: which axes they have, and how large they are."""

from __future__ import annotations

from ..errors import ArgumentError, ShapeError, message, unknown
from ..op import as_value
from .axes import spelled
from .shape import reshape, transpose

FORMATS = ("channels_last", "channels_first")


def checked_format(data_format: str | None) -> str:
    """``data_format``, "channels_last" where none is given; ArgumentError for any other word."""
    if data_format not in (None, *FORMATS):
        raise unknown("data_format", data_format, FORMATS)
    return data_format or "channels_last"


def checked_images(name: str, images):
    """The images as a tensor; ShapeError unless it is one image, or a batch of them."""
    x = as_value(images)
    if len(x.shape) not in (3, 4):
        raise ShapeError(
            message(
                f"{name} takes one image, or a batch of them",
                got=spelled(x),
                want="(height, width, channels), or (batch, height, width, channels)",
            )
        )
    return x


def spatial_axes(x, data_format: str) -> tuple[int, int]:
    """The axes of height and width."""
    rank = len(x.shape)
    return (rank - 3, rank - 2) if data_format == "channels_last" else (rank - 2, rank - 1)


def batch_last(x, data_format: str):
    """The images as (batch, height, width, channels)."""
    x = x if len(x.shape) == 4 else reshape(x, shape=(1, *x.shape))
    return x if data_format == "channels_last" else transpose(x, axes=(0, 2, 3, 1))


def as_they_came(y, data_format: str, rank: int):
    """What ``batch_last`` made, with its axes where they were."""
    y = y if data_format == "channels_last" else transpose(y, axes=(0, 3, 1, 2))
    return y if rank == 4 else reshape(y, shape=tuple(y.shape[1:]))


def fitted_pair(name: str, what: str, before, behind, target, size: int) -> tuple[int, int]:
    """How many cells before and behind: two of the numbers before, behind and target size say the third."""
    cropping = what == "cropping"
    if [before, behind, target].count(None) != 1 or min(n for n in (before, behind, target) if n is not None) < 0:
        raise ArgumentError(
            message(
                f"{name}: two of three whole numbers along an axis say the third",
                got=f"{what} before {before}, behind {behind}, target size {target}",
                want="exactly two of them, neither negative",
            )
        )
    change = None if target is None else size - target if cropping else target - size
    low = change - behind if before is None else before
    high = change - low if behind is None else behind
    left = size - low - high if cropping else size
    if low < 0 or high < 0 or left < 1:
        raise ShapeError(
            message(
                f"{name}: {what} of {low} and {high} does not fit {size} cells",
                want="a target size "
                + ("no larger" if cropping else "no smaller")
                + " than the image, and some of it left",
            )
        )
    return low, high
