"""Targets looked at before the first step: labels that no output stands for, and probabilities that are none."""

from __future__ import annotations

import numpy as np

from ..errors import DataError, message
from ..losses import (
    BinaryCrossentropy,
    LossFunctionWrapper,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    check_labels,
    sparse_categorical_crossentropy,
)
from .arrays import position


def check_targets(loss, y: np.ndarray, output_shape: tuple[int, ...], name: str) -> None:
    """DataError where the values of y cannot go with a loss; ``name`` is what y is called in the message."""
    if hasattr(loss, "check_targets"):
        loss.check_targets(y, output_shape, name)
        return
    function = loss.fn if isinstance(loss, LossFunctionWrapper) else None
    if isinstance(loss, SparseCategoricalCrossentropy) or function is sparse_categorical_crossentropy:
        ignored = getattr(loss, "ignore_class", None)
        if ignored is None and isinstance(loss, LossFunctionWrapper):
            ignored = loss.arguments.get("ignore_class")
        check_labels(y, output_shape[-1], ignored, name)
    elif isinstance(loss, BinaryCrossentropy) or function is binary_crossentropy:
        wrong = (y < 0) | (y > 1) if y.dtype != bool else np.zeros(0, bool)
        if wrong.any():
            place = np.unravel_index(int(wrong.reshape(-1).argmax()), y.shape)
            raise DataError(
                message(
                    f"{name} holds {y[place]} at {position(place)}, binary cross-entropy wants 0 or 1",
                    want="numbers within 0..1",
                    got=f"values from {y.min()} to {y.max()}",
                    fix="labels of -1 and 1 go with hinge; of more than two classes "
                    "with sparse_categorical_crossentropy and one output for each class",
                )
            )
