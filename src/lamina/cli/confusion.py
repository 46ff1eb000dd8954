"""What a network takes for what, as a table of numbers."""

from __future__ import annotations

import numpy as np

from . import console


def counted(y: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """[classes, classes]: how often each class (row) was taken for each class (column)."""
    return np.bincount(y.astype("int64") * classes + predicted, minlength=classes**2).reshape(classes, classes)


def table(counts: np.ndarray, names: list[str]) -> list[str]:
    """The table as lines; zeros are dots, so that mistakes stand out. Long names are numbered."""
    wide = max(map(len, names)) > 4
    heads = [str(k) for k in range(len(names))] if wide else names
    cell = max(4, len(str(counts.max())) + 1, max(map(len, heads)) + 1)
    side = min(14, max(map(len, names)) + (4 if wide else 0))
    lines = [" " * (side + 2) + "".join(h.rjust(cell) for h in heads) + "   right"]
    for k, (row, name) in enumerate(zip(counts, names)):
        numbers = "".join(painted(n, cell, k == j) for j, n in enumerate(row))
        share = console.percent(row[k] / max(1, row.sum()))
        lines.append(f"  {(f'{k} {name}' if wide else name)[:side]:<{side}}{numbers}{share:>8}")
    return lines


def painted(n: int, cell: int, right: bool) -> str:
    """One number of the table."""
    text = (str(n) if n else ".").rjust(cell)
    return (
        console.paint(text, fg="green")
        if right
        else console.paint(text, fg="yellow")
        if n
        else console.paint(text, dim=True)
    )


def worst(counts: np.ndarray, names: list[str]) -> str | None:
    """The most frequent mistake, in words; None if there is none."""
    wrong = counts - np.diag(np.diag(counts))
    if not wrong.any():
        return None
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    return f"{names[row]} taken for {names[column]}, {console.count(int(wrong.max()), 'time')}"
