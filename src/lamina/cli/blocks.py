"""Pictures and numbers drawn with letters."""

from __future__ import annotations

import numpy as np

from .console import colourful

UPPER, LOWER, FULL = "▀", "▄", "█"
EIGHTHS = " ▏▎▍▌▋▊▉█"
DARKEST, LIGHTEST = 232, 255  # the grey ramp of terminals with 256 colours


def picture(values: np.ndarray) -> list[str]:
    """A picture of values 0 to 1, two pixels in each letter: greys where there are colours, else drawn or not.

    >>> from lamina.cli import blocks
    >>> blocks.picture(np.array([[1.0, 0.0], [1.0, 1.0]]))
    ['█▄']
    """
    if len(values) % 2:
        values = np.concatenate([values, np.zeros((1, values.shape[1]), values.dtype)])
    pairs = zip(values[0::2], values[1::2])
    if colourful():
        return ["".join(grey(a, b) for a, b in zip(*pair)) + "\x1b[0m" for pair in pairs]
    return ["".join(letter(a, b) for a, b in zip(*pair)).rstrip() for pair in pairs]


def grey(upper: float, lower: float) -> str:
    """One letter whose halves have two greys."""
    a, b = (DARKEST + round(float(np.clip(v, 0, 1)) * (LIGHTEST - DARKEST)) for v in (upper, lower))
    return f"\x1b[38;5;{a};48;5;{b}m{UPPER}"


def letter(upper: float, lower: float) -> str:
    """One letter whose halves are drawn or not."""
    return (" ", LOWER, UPPER, FULL)[2 * (upper > 0.35) + (lower > 0.35)]


def bar(share: float, width: int) -> str:
    """A bar as long as a share of ``width`` letters, to an eighth of a letter.

    >>> from lamina.cli import blocks
    >>> blocks.bar(0.5, 4)
    '██'
    """
    eighths = round(float(np.clip(share, 0, 1)) * width * 8)
    return FULL * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
