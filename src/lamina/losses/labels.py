"""Labels looked at before the first batch, so that a wrong one is named instead of trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, message


def check_labels(y, classes: int, ignore_class: int | None = None, name: str = "y") -> None:
    """Raises a DataError for the first label that is no whole number within 0..classes-1.

    y             class numbers, of any shape; the first axis counts samples
    classes       how many outputs the model has
    ignore_class  a label that is let through

    >>> lamina.losses.check_labels(np.array([0, 1, 9]), 10)
    """
    labels = np.asarray(y)
    whole = labels == np.floor(labels) if labels.dtype.kind == "f" else np.ones(labels.shape, bool)
    good = whole & (labels >= 0) & (labels < classes)
    if ignore_class is not None:
        good |= labels == ignore_class
    if good.all():
        return
    place = np.argwhere(~good)[0].tolist()
    label: Any = labels[tuple(place)]
    row = f"row {place[0]}" if labels.size == len(labels) else f"row {place[0]}, place {tuple(place[1:])}"
    if np.isnan(label):
        problem, fix = "a label is NaN", "drop the samples that have no label"
    elif not whole[tuple(place)]:
        problem = f"label {label} is no class number"
        fix = "a regression takes another loss, such as mean_squared_error"
    elif label == classes and labels.min() >= 1:
        problem = f"label {label} is out of range: these labels start at {labels.min()}"
        fix = f"count classes from 0: {name} - {labels.min()}"
    else:
        problem = f"label {label} is out of range"
        fix = f"give the last layer {int(np.nanmax(labels)) + 1} units" if label >= classes else "count classes from 0"
    count = int((~good).sum())
    got = f"{name}[{', '.join(map(str, place))}] = {label}, in {row}" + (f", and {count - 1} more" if count > 1 else "")
    want = f"whole numbers within 0..{classes - 1}, for the {classes} classes of the model"
    raise DataError(message(problem, got=got, want=want, fix=fix))
