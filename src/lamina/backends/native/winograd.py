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

TILES = {  # window and stride: outputs along an axis, products, channels and filters below which transforms cost more
    (3, 1): (4, 36, 8),
    (5, 1): (2, 36, 16),
    (3, 2): (4, 81, 32),
}
LEAST = 32  # fewer tiles do not repay that of the kernel
SHARE = 0.65  # of the direct form's multiplications at most


def pays(ints: list[int], images: int, kernel: tuple[int, ...], backward: bool) -> bool:
    """Whether a convolution of this geometry (see ``window``) takes far fewer multiplications in tiles."""
    axes = [ints[i : i + 6] for i in range(1, len(ints), 6)]
    if len(axes) != 2 or os.environ.get("LAMINA_WINOGRAD") == "0":
        return False
    _, window, stride, *_ = axes[0]
    if (window, stride) not in TILES or any((a[1], a[2], a[3]) != (window, stride, 1) for a in axes):
        return False
    size, points, channels = TILES[window, stride]
    if min(kernel[-2], kernel[-1] // ints[0]) < channels:
        return False
    windows = [-(-a[0] // stride) if backward else a[5] for a in axes]
    tiles = prod(-(-n // size) for n in windows)
    return images * tiles >= LEAST and points * tiles <= SHARE * window**2 * prod(windows)


def tiling(ints: list[int], backward: bool) -> list[int]:
    """The engine's integers: groups, window, form, and for each axis cells that are read, padding before, outputs."""
    strided = ints[3] == 2
    found = [ints[0], ints[2], (2 if backward else 1) if strided else 0]
    for i in range(1, len(ints), 6):
        image, size, _, _, low, windows = ints[i : i + 6]
        found += [windows, low if strided else size - 1 - low, image] if backward else [image, low, windows]
    return found


def convolution(
    planner: Planner, source: View, kernel: View, ints: list[int], shape: tuple[int, int], backward: bool
) -> Product:
    """A convolution, or its derivative by the input: a convolution with the kernel turned."""
    form = turned if backward else grouped
    packed = planner.pack(form(kernel, ints[0]), transient=True, ints=(int(ints[3] == 2),))
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
