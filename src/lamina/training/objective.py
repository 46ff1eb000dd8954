"""What is made small and what is measured: the losses and metrics of ``compile``, matched with the model's outputs.

All of this runs inside of the traced step: losses give nodes, and metrics keep their sums in variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import losses as losses_module
from .. import metrics as metrics_module
from .. import ops
from ..errors import ArgumentError, DataError, ShapeError, message
from ..op import as_value
from . import nest


def complaint(problem: str, *, got: str, want: str) -> ArgumentError:
    return ArgumentError(
        message(problem, got=got, want=want, fix="say it for each output: a list in order, or a dict by name")
    )


def check_told(loss, loss_weights, metrics, weighted_metrics) -> None:
    """Refuses at once what ``compile`` was told and no output can mean: unknown names, weights that are no numbers."""
    for factor in told_leaves(loss_weights):
        if not hasattr(factor, "__float__"):  # before the names: the third argument of compile is not the metrics
            told = loss_weights if isinstance(loss_weights, list | tuple | dict) else [loss_weights]
            named = all(isinstance(name, str) for name in told) and not isinstance(told, dict)
            raise ArgumentError(
                message(
                    "loss_weights, the third argument of compile, are numbers",
                    got=repr(loss_weights),
                    want="one number for each output",
                    fix=f"compile(optimizer, loss, metrics={list(told) if named else '[…]'})",
                )
            )
    for check, told in (
        (losses_module.check_name, loss),
        (metrics_module.check_name, metrics),
        (metrics_module.check_name, weighted_metrics),
    ):
        for name in told_leaves(told):
            if isinstance(name, str):
                check(name)


def told_leaves(told) -> Iterator[Any]:
    """Everything said about outputs, whether for all of them, in a list or in a dict by name."""
    if isinstance(told, dict | list | tuple):
        for inner in told.values() if isinstance(told, dict) else told:
            yield from told_leaves(inner)
    elif told is not None:
        yield told


@contextmanager
def naming(output: str):
    """Puts the name of an output, and the user's line, to a refusal of what came for it."""
    try:
        yield
    except (DataError, ShapeError) as problem:
        raise type(problem)(message(f"output {output!r}: {problem}", where=True)) from None


def named_outputs(model, y_pred) -> tuple[list[str], list]:
    """The outputs of a model in order, with their names: the keys of a dict, or what the model calls them."""
    _, leaves = nest.flatten(y_pred)
    if isinstance(y_pred, dict):
        return list(y_pred), [x for _, x in leaves]
    known: list[str] = list(getattr(model, "output_names", None) or ())
    if len(known) != len(leaves) or len(set(known)) != len(known):
        known = ["output"] if len(leaves) == 1 else [f"output_{i}" for i in range(len(leaves))]
    return known, [x for _, x in leaves]


def for_outputs(value, names: list[str], what: str) -> list:
    """y or sample_weight for each output: None where there is none."""
    if value is None:
        return [None] * len(names)
    if isinstance(value, dict):
        for key in value:
            if key not in names:
                raise DataError(
                    message(f"{what} names no output of the model", got=repr(key), want=", ".join(map(repr, names)))
                )
        return [value.get(name) for name in names]
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise DataError(
                message(
                    f"{what} is a list of another length than the model has outputs",
                    got=f"{len(value)} arrays",
                    want=f"{len(names)}: {', '.join(names)}",
                    fix=f"make one array of it: np.array({what})" if len(names) == 1 else None,
                )
            )
        return list(value)
    if len(names) > 1 and what == "y":
        raise DataError(
            message(
                "y is one array, the model has several outputs",
                got="1 array",
                want=", ".join(names),
                fix="give a list in order, or a dict by name",
            )
        )
    return [value] * len(names)


class Objective:
    """The losses of a model, one for each output, as ``compile`` told them.

    loss     a loss for all outputs, a list in order, or a dict by name; None where an output has no loss
    weights  factors of the losses, told in the same way
    """

    def __init__(self, loss, weights, names: list[str], y: list, y_pred: list):
        self.names, self.shapes = names, [p.shape for p in y_pred]
        told = nest.by_output(loss, names, "loss", complaint)
        self.losses: list = []
        for identifier, t, p in zip(told, y, y_pred, strict=True):
            self.losses.append(None if identifier is None or t is None else losses_module.for_output(identifier, t, p))
        self.weights = (
            nest.by_output(weights, names, "loss_weights", complaint) if weights is not None else [None] * len(names)
        )
        for name, identifier, t in zip(names, told, y, strict=True):
            if identifier is not None and t is None:
                raise DataError(
                    message(
                        f"the output {name!r} has a loss, but no y came for it",
                        got=f"loss {identifier!r}",
                        want="y, one array for each output with a loss",
                    )
                )
        several = len(names) > 1
        self.trackers = [
            metrics_module.Mean(name=f"{n}_loss") if several and loss is not None else None
            for n, loss in zip(names, self.losses, strict=True)
        ]

    def terms(self, y: list, y_pred: list, weights: list, rows: int) -> list:
        """The losses of the outputs as nodes, times their weights; what they are without weights is tracked."""
        found = []
        for name, loss, t, p, w, factor, tracker in zip(
            self.names, self.losses, y, y_pred, weights, self.weights, self.trackers, strict=True
        ):
            if loss is None:
                continue
            with naming(name):
                value = loss(t, p, w)
            value = ops.mean(value) if value.ndim else value
            if tracker is not None:
                tracker.update_state(value, sample_weight=float(rows))
            found.append(value if factor is None else value * float(factor))
        return found


class Measures:
    """The metrics of a model: for each output those that ignore sample weights, and those that use them."""

    def __init__(self, metrics, weighted, names: list[str], y: list, y_pred: list):
        self.plain = self.made(metrics, "metrics", names, y, y_pred)
        self.weighted = self.made(weighted, "weighted_metrics", names, y, y_pred)
        self.names: dict[int, str] = {}
        for some, also in ((self.plain, ""), (self.weighted, "weighted_")):
            for output, metrics_ in zip(names, some, strict=True):
                for metric in metrics_:
                    self.names[id(metric)] = self.free(f"{output}_" if len(names) > 1 else "", metric.name, also)

    def free(self, output: str, name: str, also: str) -> str:
        """A name that no other metric has, in Keras's words: accuracy, weighted_accuracy, accuracy_1."""
        taken = set(self.names.values())
        if also and output + name in taken:
            name = also + name
        numbered = [output + name, *(f"{output}{name}_{i}" for i in range(1, len(taken) + 1))]
        return next(n for n in numbered if n not in taken)

    @staticmethod
    def made(spec, what: str, names: list[str], y: list, y_pred: list) -> list[list]:
        """The metric objects of each output."""
        if isinstance(spec, list | tuple) and not any(isinstance(s, list | tuple | dict) for s in spec):
            spec = (
                [list(spec)]
                if len(names) == 1
                else [[s] for s in spec]
                if len(spec) == len(names)
                else [list(spec)] * len(names)
            )
        elif spec is not None and not isinstance(spec, list | tuple | dict):
            spec = [[spec]] * len(names)
        told = nest.by_output(spec, names, what, complaint)
        found: list[list] = []
        for identifiers, t, p in zip(told, y, y_pred, strict=True):
            some = (
                identifiers if isinstance(identifiers, list | tuple) else [] if identifiers is None else [identifiers]
            )
            found.append([] if t is None else [metrics_module.for_output(m, t, p) for m in some if m is not None])
        seen: set[int] = set()
        for metric in [m for some in found for m in some]:
            if id(metric) in seen:
                raise ArgumentError(
                    message(
                        f"the metric {metric.name!r} stands for two outputs, and has one state",
                        fix="make one metric object for each output",
                    )
                )
            seen.add(id(metric))
        return found

    @property
    def all(self) -> list:
        """Every metric, in the order of the outputs."""
        return [m for i in range(len(self.plain)) for m in (*self.plain[i], *self.weighted[i])]

    def update(self, y: list, y_pred: list, weights: list) -> None:
        """One batch more."""
        for i, (t, p, w) in enumerate(zip(y, y_pred, weights, strict=True)):
            for metric in self.plain[i]:
                metric.update_state(t, p)
            for metric in self.weighted[i]:
                metric.update_state(t, p, sample_weight=w)


def class_weights(class_weight, names: list[str], several: bool) -> list[dict[int, float] | None]:
    """The weights of the classes for each output: ``{0: 1.0, 1: 5.0}``, or such a dict by the name of an output."""
    if class_weight is None:
        return [None] * len(names)
    if not isinstance(class_weight, dict) or not class_weight:
        raise ArgumentError(
            message(
                "class_weight is a dict",
                got=repr(class_weight)[:60],
                want="{class number: weight}",
                fix="with several outputs: {name of the output: {class number: weight}}",
            )
        )
    if any(isinstance(v, dict) for v in class_weight.values()):
        return [
            None if w is None else checked(w) for w in nest.by_output(class_weight, names, "class_weight", complaint)
        ]
    if several:
        raise complaint(
            "class_weight is meant for one output, the model has several",
            got=repr(class_weight)[:60],
            want=f"{{name: {{class number: weight}}}} with names among {', '.join(names)}",
        )
    return [checked(class_weight)]


def checked(weights: dict) -> dict[int, float]:
    for key in weights:
        if int(key) != key or int(key) < 0:
            raise ArgumentError(
                message("class_weight names classes by their numbers", got=repr(key), want="0, 1, 2, …")
            )
    return {int(k): float(v) for k, v in weights.items()}


def weighed_by_class(table: dict[int, float] | None, y, weight) -> Any:
    """The sample weights times the weight of each sample's class, looked up inside of the program.

    y holds class numbers, of shape (batch,) or (batch, 1), or one-hot rows. A class without a weight counts as 1.
    """
    if table is None:
        return weight
    y = as_value(y)
    if len(y.shape) > 1 and y.shape[-1] > 1:
        numbers = ops.argmax(y, axis=-1)
    else:
        numbers = ops.cast(
            ops.round(ops.squeeze(y, -1) if len(y.shape) > 1 else y)
            if str(y.dtype).startswith("float")
            else (ops.squeeze(y, -1) if len(y.shape) > 1 else y),
            "int32",
        )
    last = max(table) + 1
    known = [table.get(i, 1.0) for i in range(last)] + [1.0]
    row = ops.where(ops.logical_and(numbers >= 0, numbers < last), ops.cast(numbers, "int32"), last)
    factor = ops.take(as_value(known), row, axis=0)
    if weight is None:
        return factor
    weight = ops.cast(as_value(weight), "float32")
    missing = len(weight.shape) - len(factor.shape)
    return weight * (ops.reshape(factor, (*factor.shape, *(1,) * missing)) if missing > 0 else factor)
