"""What ``fit`` settles before the first step: the plan, the tail for validation, and whether targets can be meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message
from ..lint import of_input, of_split, report
from . import nest
from .arrays import check_lengths, to_array
from .feeds import ArrayFeed, Spec, arrays_of, feed_of, is_iterable
from .objective import for_outputs, naming
from .step import State
from .targets import check_targets


def check_plan(epochs: int, initial_epoch: int, steps: int | None, split: float, class_weight) -> None:
    """ArgumentError for numbers that make no training."""
    for name, value, least in (
        ("epochs", epochs, 0),
        ("initial_epoch", initial_epoch, 0),
        ("steps_per_epoch", steps, 1),
    ):
        if value is not None and (not isinstance(value, int | np.integer) or value < least):
            raise ArgumentError(message(f"{name} is a whole number", got=repr(value), want=f"{least} or more"))
    if not 0 <= split < 1:
        raise ArgumentError(
            message("validation_split is a share of the data", got=repr(split), want="0 <= validation_split < 1")
        )
    if class_weight is not None and not isinstance(class_weight, dict):
        raise ArgumentError(
            message("class_weight is a dict", got=repr(class_weight)[:60], want="{class number: weight}")
        )


def plan_of(feed, steps: int | None) -> dict[str, Any]:
    """What must be the same where a training is resumed."""
    if isinstance(feed, ArrayFeed):
        return {"rows": feed.size, "batch_size": feed.batch_size, "shuffle": feed.shuffle, "steps_per_epoch": steps}
    return {"batches": feed.batches, "shuffle": feed.shuffle, "steps_per_epoch": steps}


def split_tail(x, y, sample_weight, share: float, lint: str):
    """(x, y, sample_weight) without the last rows, and these rows. Shuffling comes later: sorted data split badly.

    Text among the inputs was read before.
    """
    if is_iterable(x):
        raise ArgumentError(message("validation_split needs arrays", got=type(x).__name__, fix="pass validation_data"))
    structures, names, arrays = arrays_of(x, y, sample_weight)
    rows = check_lengths(list(zip(names, arrays)))
    cut = int(rows * (1 - share))
    if cut in (0, rows):
        raise DataError(
            message(
                "validation_split leaves no rows to train on, or none to validate",
                got=f"{rows} rows, {share}",
                want="at least one row on each side",
            )
        )
    spec = Spec(structures, names, [])
    for i in spec.part(1):
        report(of_split(names[i], arrays[i][:cut], arrays[i][cut:]), lint, stacklevel=4)
    return spec.unpack([a[:cut] for a in arrays]), spec.unpack([a[cut:] for a in arrays])


def inspect_targets(state: State, spec: Spec, arrays: Sequence[np.ndarray]) -> None:
    """DataError where the targets cannot go with the losses of their outputs; and what lint found, once."""
    objective = state.objective
    if objective is None or state.arguments["lint"] == "off":
        return
    if state.findings is not None:
        inputs = [i for i in spec.part(0) if spec.names[i] in state.straight]
        found = [*state.findings, *(f for i in inputs for f in of_input(spec.names[i], arrays[i]))]
        report(found, state.arguments["lint"], stacklevel=5)
        state.findings, state.straight = [], []
    places = spec.unpack(range(len(spec.names)))[1]
    given = for_outputs(places, objective.names, "y")
    for name, place, loss, shape in zip(objective.names, given, objective.losses, objective.shapes):
        if place is not None and loss is not None:
            with naming(name):
                check_targets(loss, arrays[place], shape, spec.names[place])


class Validation:
    """The validation of a training: called with the number of an epoch, gives the logs as ``val_…``.

    data     (x, y), (x, y, sample_weight), whatever gives batches, or None
    steps    how many batches; all unless given
    every    after how many epochs, or the epochs, counted from 1
    read     gives numbers for text among the inputs
    """

    def __init__(self, model, data, batch_size: int | None, steps: int | None, every, read: Callable):
        self.model, self.steps, self.every = model, steps, every
        self.feed: Any = None
        self.parts: tuple | None = None
        if data is None:
            return
        if is_iterable(data):
            self.feed = feed_of(data, read=read)
        else:
            self.parts = validation_parts(data)
            self.feed = feed_of(
                *self.parts, batch_size=batch_size, finite=model._training_state().arguments["lint"] != "off", read=read
            )

    def due(self, epoch: int) -> bool:
        """Whether this epoch, counted from 0, is followed by a validation."""
        if isinstance(self.every, int):
            return (epoch + 1) % self.every == 0
        return epoch + 1 in self.every

    def __call__(self, epoch: int) -> dict[str, float]:
        if self.feed is None or not self.due(epoch):
            return {}
        logs = self.model._tested(self.feed, self.steps, self.model._callbacks)
        return {f"val_{name}": value for name, value in logs.items()}


def validation_parts(data) -> tuple:
    """x, y and sample_weight of ``validation_data``."""
    if isinstance(data, list) and len(data) in (2, 3) and nest.is_branch(data):
        data = tuple(data)
    if not isinstance(data, tuple) or not 1 <= len(data) <= 3:
        raise ArgumentError(
            message(
                "validation_data is (x, y), (x, y, sample_weight) or something that gives batches",
                got=type(data).__name__,
            )
        )
    return (*data, *(None,) * (3 - len(data)))


class Outputs:
    """Predictions gathered batch by batch; where the number of rows is known, into arrays of that size."""

    def __init__(self, rows: int | None):
        self.rows, self.at = rows, 0
        self.structure: Any = None
        self.arrays: list[np.ndarray] = []
        self.pieces: list[list[np.ndarray]] = []

    def add(self, outputs, rows: int) -> None:
        """The outputs of one batch."""
        self.structure, leaves = nest.flatten(outputs)
        values = [to_array(v, name) for name, v in leaves]
        if self.rows is None or any(v.ndim == 0 or len(v) != rows for v in values):
            self.pieces.append([np.atleast_1d(v) for v in values])
            return
        if not self.arrays:
            self.arrays = [np.empty((self.rows, *v.shape[1:]), v.dtype) for v in values]
        for array, v in zip(self.arrays, values):
            array[self.at : self.at + rows] = v
        self.at += rows

    def result(self):
        """The predictions for all rows, in the nest of the model's outputs."""
        if self.pieces:
            self.arrays = [np.concatenate(some) for some in zip(*self.pieces)]
        return nest.unflatten(self.structure, iter(self.arrays))
