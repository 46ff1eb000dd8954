"""``explain``: every operation of a model's programs, what it costs, and which backend runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends import Program
from ..errors import ArgumentError, message
from ..layers.symbol import mapped
from ..trace import Traced, trace
from ..training.feeds import Spec, arrays_of
from ..training.step import Runner
from ..types import Type
from . import cost


@dataclass(frozen=True)
class Line:
    """One node of a program.

    instruction  the instruction of the program that it is part of; nodes of one instruction are fused
    path         the layer that it came from
    op, shape    what it does, and what it gives
    flops        multiplications, additions and functions, each counted as one
    bytes        what it reads and writes if it runs alone
    backend      who runs it
    """

    instruction: int
    path: str
    op: str
    shape: str
    flops: int
    bytes: int
    backend: str


@dataclass(frozen=True)
class Table:
    """The nodes of one program, and its graph as text."""

    title: str
    lines: list[Line]
    graph: str

    @property
    def elsewhere(self) -> list[Line]:
        """The nodes that run on the reference although the program runs on another backend."""
        native = any(line.backend != "reference" for line in self.lines)
        return [line for line in self.lines if native and line.backend == "reference"]

    def __str__(self) -> str:
        return "\n".join([self.heading(), "", *(f"{text}" for text in rows(self.lines))])

    def heading(self) -> str:
        """How much it is, in one or two lines."""
        steps = len({line.instruction for line in self.lines})
        places = sorted({line.backend for line in self.lines})
        total, moved = sum(line.flops for line in self.lines), sum(line.bytes for line in self.lines)
        where = (
            f"all on {places[0]}"
            if len(places) == 1
            else f"{len(self.elsewhere)} on the reference: {', '.join(sorted({x.op for x in self.elsewhere}))}"
        )
        return (
            f"{self.title}: {len(self.lines)} operations in {steps} instructions\n"
            f"{amount(total)}flop, {amount(moved)}byte, {where if places else 'nothing to do'}"
        )


@dataclass(frozen=True)
class Explanation:
    """What ``explain`` gives; printing it shows both tables.

    training   the step of ``fit``; None for a model that is not compiled
    inference  what ``predict`` runs
    read       the layers that read text before either of them
    """

    training: Table | None
    inference: Table
    read: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = [f"Read on the host, before the program: {', '.join(self.read)}"] if self.read else []
        return "\n\n".join([*first, *(str(table) for table in (self.training, self.inference) if table is not None)])

    __repr__ = __str__


def explain(model, batch_size: int = 32, x=None, y=None, backend: str | None = None) -> Explanation:
    """Every operation of a model's training step and of its inference: layer, shape, cost, and which backend runs it.

    model       a built model; the step of training is explained where it is compiled
    batch_size  rows of a batch, where no data are given
    x, y        a batch of data, for models whose inputs or targets cannot be guessed
    backend     "native", "reference" or "xla"; else the one that the model was compiled for

    ArgumentError for a model that does not know its inputs yet.

    >>> model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(2, activation="relu", name="hidden")])
    >>> [line.op for line in lamina.explain(model).inference.lines if line.path == "hidden"][0]
    'matmul'
    """
    if x is None and not model.inputs:
        raise ArgumentError(message(f"{model.label} does not know its inputs yet", fix="explain(model, x=a_batch)"))
    inputs = guessed_inputs(model, batch_size) if x is None else model.as_numbers(x)
    told = model._state.arguments if model.compiled else {"backend": None}
    backend = backend or told["backend"]
    structures, names, arrays = arrays_of(inputs, None, None)
    spec = Spec(structures, names, [Type(str(a.dtype), a.shape) for a in arrays])
    program = trace(
        lambda *leaves: model(spec.unpack(leaves)[0], training=False),
        spec.types,
        names=names,
        generator=model.training_generator,
    )
    rows = len(arrays[0])
    inference = table(f"Inference, batch {rows}", program, backend)
    read = () if model.front is None else tuple(layer.name for layer in model.layers if layer.reads_text)
    return Explanation(training_table(model, inputs, y, rows, backend), inference, read)


def training_table(model, x, y, rows: int, backend: str | None) -> Table | None:
    if not model.compiled or not model.trainable_variables:
        return None
    y = guessed_targets(model, rows) if y is None else y
    structures, names, arrays = arrays_of(x, y, None)
    spec = Spec(structures, names, [Type(str(a.dtype), a.shape) for a in arrays])
    traced = Runner(model, model._state, "train", model.train_step).traced(spec)
    return table(f"Training step, batch {rows}", traced, backend)


def guessed_inputs(model, rows: int):
    """Zeros in the shapes of the inputs; sizes that are not known become the number of rows."""
    inputs = model.inputs[0] if len(model.inputs) == 1 else list(model.inputs)
    if model.front is not None:
        inputs = model.stand_in(inputs, model.read_symbols(inputs))

    def zeros(s):
        return s if s is None else np.zeros([rows if n is None else n for n in s.shape], s.dtype)

    return mapped(zeros, inputs)


def guessed_targets(model, rows: int):
    """Zeros as targets: class numbers where the loss is sparse, else in the shape of the output."""
    told, made = model._state.arguments["loss"], []
    losses = (
        list(told.values())
        if isinstance(told, dict)
        else told
        if isinstance(told, list | tuple)
        else [told] * len(model.outputs)
    )
    for symbol, loss in zip(model.outputs, losses):
        name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
        shape = [rows if n is None else n for n in symbol.shape]
        sparse = name.lower().startswith("sparse")
        made.append(np.zeros(shape[:-1], "int32") if sparse else np.zeros(shape, "float32"))
    return made[0] if len(made) == 1 else made


def table(title: str, traced: Traced, backend: str | None) -> Table:
    program: Program = traced.program(backend)
    return Table(title, [line_of(p) for p in program.placement()], str(traced.graph))


def line_of(placed: Any) -> Line:
    node = placed.node
    shape = ", ".join(f"{t.dtype}[{','.join(map(str, t.shape))}]" for t in node.types)
    return Line(
        placed.instruction, node.path, node.op.name, shape, cost.flops(node), cost.traffic(node), placed.backend
    )


def rows(lines: list[Line], width: int = 80) -> list[str]:
    """The table as text; a node that is fused with the one above it has no number."""
    heads = ("", "layer", "op", "result", "flop", "byte", "on")
    cells: list[tuple[str, ...]] = [heads]
    last = -1
    for line in lines:
        number = "" if line.instruction == last else str(line.instruction + 1)
        last = line.instruction
        cells.append(
            (
                number,
                line.path,
                line.op,
                line.shape,
                amount(line.flops).strip(),
                amount(line.bytes).strip(),
                line.backend,
            )
        )
    sizes = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    room = width - sum(sizes) - 2 * len(heads) + sizes[1] + 2
    sizes[1] = max(8, min(sizes[1], room))
    return [
        "  ".join(
            (text.rjust(n) if i in (0, 4, 5) else cut(text, n).ljust(n)) for i, (text, n) in enumerate(zip(row, sizes))
        ).rstrip()
        for row in cells
    ]


def cut(text: str, size: int) -> str:
    """The end of a text that is too long: of a path the end tells more."""
    return text if len(text) <= size else "…" + text[len(text) - size + 1 :]


def amount(number: float) -> str:
    """``1.2 M``: a number with three digits and the letter of its thousands."""
    for letter in ("", "K", "M", "G"):
        if number < 999.5 or letter == "G":
            return f"{number:.0f} {letter}" if number >= 99.5 or number == int(number) else f"{number:.1f} {letter}"
        number /= 1000
    raise AssertionError("unreachable")
