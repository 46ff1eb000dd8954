"""Convolutions with fewer multiplications: where Winograd's products pay, and their operands.

A tile of 4 x 4 outputs of a 3 x 3 window takes 36 multiplications instead of 144, one of 2 x 2 outputs of a 5 x 5
window 36 instead of 100 (docs/decisions/0008-winograd.md).
The choice follows from shapes alone; ``LAMINA_WINOGRAD=0`` in the environment turns it off.
"""

from __future__ import annotations

import os
from math import prod
from typing import TYPE_CHECKING

from .draft import Product
from .views import View

if TYPE_CHECKING:
    from .plan import Planner

POINTS = 36  # products of a tile, for each channel and filter
WINDOWS = (3, 5)  # 4 x 4 and 2 x 2 outputs a tile
CHANNELS = 8  # fewer of a group do not repay the transforms
TILES = 32  # fewer do not repay that of the kernel
SHARE = 0.6  # of the direct form's multiplications at most


def pays(ints: list[int], images: int, kernel: tuple[int, ...], backward: bool) -> bool:
    """Whether a convolution of this geometry (see ``window``) takes far fewer multiplications in tiles."""
    axes = [ints[i : i + 6] for i in range(1, len(ints), 6)]
    if len(axes) != 2 or os.environ.get("LAMINA_WINOGRAD") == "0":
        return False
    window = axes[0][1]
    if window not in WINDOWS or any((a[1], a[2], a[3]) != (window, 1, 1) for a in axes):
        return False
    if min(kernel[-2], kernel[-1] // ints[0]) < CHANNELS:
        return False
    outputs = [a[0] if backward else a[5] for a in axes]
    tiles = prod(-(-n // (7 - window)) for n in outputs)
    return images * tiles >= TILES and POINTS * tiles <= SHARE * window**2 * prod(outputs)


def tiling(ints: list[int], backward: bool) -> list[int]:
    """The engine's integers: groups, window, and for each axis the cells that are read, padding before, and outputs."""
    found = [ints[0], ints[2]]
    for i in range(1, len(ints), 6):
        image, size, _, _, low, windows = ints[i : i + 6]
        found += [windows, size - 1 - low, image] if backward else [image, low, windows]
    return found


def convolution(
    planner: Planner, source: View, kernel: View, ints: list[int], shape: tuple[int, int], backward: bool
) -> Product:
    """A convolution, or its derivative by the input: a convolution with the kernel turned."""
    form = turned if backward else grouped
    packed = planner.pack(form(kernel, ints[0]), transient=True)
    assert packed is not None
    return Product("winograd", [source, packed], tiling(ints, backward), shape)


def grouped(kernel: View, groups: int) -> View:
    """(window, window, channels, filters) as (groups, window, window, channels, filters of a group)."""
    rows, columns, channels, filters = kernel.shape
    each = filters // groups
    pixel = channels * filters
    return kernel.with_layout((groups, rows, columns, channels, each), (each, columns * pixel, pixel, filters, 1))


def turned(kernel: View, groups: int) -> View:
    """The same from the window's last place to its first, filters by channels."""
    rows, columns, channels, filters = kernel.shape
    each = filters // groups
    pixel = channels * filters
    return kernel.with_layout(
        (groups, rows, columns, each, channels),
        (each, -columns * pixel, -pixel, 1, filters),
        kernel.offset + (rows * columns - 1) * pixel,
    )
