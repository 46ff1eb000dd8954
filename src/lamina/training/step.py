"""Programs for batches: each kind of batch is traced once, and run by a backend or, for ``run_eagerly``, op by op.

Whatever a step changes is a variable: weights, optimizer state, the sums of the metrics, the step of the generator. So
a program can run many steps in a row without Python, and all programs of a model share their state.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import lint, ops
from ..errors import LaminaWarning, message
from ..gradients import gradients
from ..graph import Node
from ..op import as_node, as_value
from ..trace import Generator, Trace, Traced, Variable, concrete, current, run_concretely, trace
from . import nest
from .feeds import ArrayFeed, Spec
from .objective import Measures, Objective, class_weights, for_outputs, named_outputs, weighed_by_class

CACHE = 8


class State:
    """What ``compile`` decided, and what follows from it. The model does not own its variables.

    generation  grows with each ``compile``, so that programs of the one before are not used
    findings    what lint found in the program, until it is reported; ``straight`` names inputs that meet weights first
    first_bad   the generator's step at which the loss was first NaN or infinite, or -1; kept where someone watches it
    """

    def __init__(self, arguments: dict[str, Any], generation: int, loss_tracker):
        self.arguments, self.generation, self.loss_tracker = arguments, generation, loss_tracker
        self.objective: Objective | None = None
        self.measures: Measures | None = None
        self.listed: list | None = None  # the metrics, found once for each call of fit
        self.class_weight: dict | None = None
        self.watch = False
        self.findings: list[lint.Finding] | None = None
        self.straight: list[str] = []
        self.first_bad = Variable(np.int32(-1), trainable=False, name="first_bad_step")
        self.programs: OrderedDict[tuple, Traced] = OrderedDict()
        self.quick: dict[tuple, Callable] = {}  # for one plain array, by shape: see ``Program.quick``


def settle(model, state: State, y, y_pred, weight) -> tuple[list, list, list]:
    """y, prediction and sample weight of each output; losses and metrics are made when the first batch tells shapes."""
    names, outputs = named_outputs(model, y_pred)
    targets, weights = for_outputs(y, names, "y"), for_outputs(weight, names, "sample_weight")
    targets = [None if t is None else as_node(as_value(t)) for t in targets]
    told = state.arguments
    if state.objective is None:
        state.objective = Objective(told["loss"], told["loss_weights"], names, targets, outputs)
        state.measures = Measures(told["metrics"], told["weighted_metrics"], names, targets, outputs)
    if state.findings is None and told["lint"] != "off" and current().training:  # type: ignore[union-attr]
        state.findings = lint.of_network(outputs, state.objective.losses)
        state.straight = [x.name for x in lint.weighed_inputs(outputs)]
    tables = class_weights(state.class_weight, names, len(names) > 1)
    weights = [w if t is None else weighed_by_class(c, t, w) for c, t, w in zip(tables, targets, weights, strict=True)]
    return targets, outputs, weights


def penalties(model) -> list:
    """What the regularizers of the weights add to the loss, and what the layers added while they were called."""
    added = [v.regularizer(v.value) for v in model.trainable_variables if v.regularizer is not None]
    return [as_node(as_value(value)) for value in (*current().losses, *added)]  # type: ignore[union-attr]


def total_of(terms: list):
    """The sum of scalars."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def update_weights(model, state: State, loss, before: dict[int, Node]) -> None:
    """Gradients of the loss, and one step of the optimizer.

    before  the values that the variables had when the step began: the gradient is taken with respect to them
    """
    variables = model.trainable_variables
    optimizer = model.optimizer
    if not variables:
        return
    wrt = [before[id(v)] if id(v) in before else as_node(v.value) for v in variables]
    if not optimizer.built:
        optimizer.build(variables)
    optimizer.apply(gradients([optimizer.scale_loss(loss)], wrt), variables)
    if state.watch:
        finite, first, step = (
            ops.isfinite(loss),
            as_value(state.first_bad),
            ops.cast(model.training_generator.step, "int32"),
        )
        state.first_bad.assign(ops.where(ops.logical_or(finite, first >= 0), first, step))


def every_layer(model) -> list:
    """All layers inside, at any depth."""
    found = []
    for layer in model.sublayers():
        found += [layer, *every_layer(layer)]
    return found


class Runner:
    """Runs batches of one kind: "train", "test" or "predict".

    function  takes (x, y, sample_weight) as nests of nodes and gives a nest of nodes: see ``Trainer.train_step``
    """

    def __init__(self, model, state: State, kind: str, function: Callable):
        self.model, self.state, self.kind, self.function = model, state, kind, function
        self.training = kind == "train"
        self.eagerly, self.backend = state.arguments["run_eagerly"], state.arguments["backend"]
        self.parts: tuple[list, list] | None = None  # all variables and layers, since the last trace

    def step(self, spec: Spec) -> Callable:
        """The function that is traced: takes the leaves of a batch."""

        def run(*leaves):
            known = self.state.objective
            try:
                result = self.function(spec.unpack(leaves))
            except Exception:
                self.state.objective = known  # losses and metrics were chosen by shapes that do not fit
                raise
            if self.training:
                generator = self.model.training_generator
                generator.step.assign(as_value(generator.step) + np.uint32(1))
            return result

        return run

    def key(self, spec: Spec) -> tuple:
        trained = (self.state.watch, repr(self.state.class_weight), *self.pattern()) if self.training else ()
        return self.kind, self.state.generation, trained, spec.key

    def pattern(self) -> tuple:
        """Which variables are trained, and which layers: a change of it makes another program."""
        if self.parts is None:
            self.parts = self.model.variables, every_layer(self.model)
        variables, layers = self.parts
        return (*(id(v) for v in variables if v.trainable), *(layer.trainable for layer in layers))

    def traced(self, spec: Spec) -> Traced:
        """The program for a kind of batch, from the cache of the ``CACHE`` that were used last."""
        programs, key = self.state.programs, self.key(spec)
        if key not in programs:
            generator = self.model.training_generator
            made = trace(self.step(spec), spec.types, names=spec.names, training=self.training, generator=generator)
            if self.training and not made.trace.assigned.keys() & {id(v) for v in self.model.trainable_variables}:
                warn_untrained(self.model)
            self.parts = None  # the trace may have made the weights
            key = self.key(spec)
            programs[key] = made
        programs.move_to_end(key)
        while len(programs) > CACHE:
            programs.popitem(last=False)
        return programs[key]

    def prepare(self, spec: Spec, arrays: Callable) -> None:
        """Makes whatever a first step makes (weights, slots, metrics), without taking it."""
        if not self.eagerly:
            self.traced(spec)
        elif not self.model.built or self.state.objective is None or self.unseen:
            with Trace(self.training, self.model.training_generator, concrete=True):
                self.step(spec)(*(concrete(a) for a in arrays()))

    @property
    def unseen(self) -> bool:
        """Whether lint has yet to look at this program."""
        return self.training and self.state.findings is None and self.state.arguments["lint"] != "off"

    def batch(self, spec: Spec, arrays: list[np.ndarray]):
        """One step on one batch; the results as a nest of arrays."""
        if self.eagerly:
            return run_concretely(
                self.step(spec), arrays, training=self.training, generator=self.model.training_generator
            )
        return self.traced(spec)(*arrays, backend=self.backend)

    def remember(self, x: np.ndarray, spec: Spec) -> None:
        """The next array of this shape takes the quick road, if there is one."""
        if self.eagerly or len(spec.types) != 1:
            return
        traced = self.traced(spec)
        road = traced.program(self.backend).quick() if traced.structure is ... else None
        if len(self.state.quick) >= CACHE:
            self.state.quick.clear()
        if road is not None:
            self.state.quick[x.shape] = road

    def steps(self, feed: ArrayFeed, order: np.ndarray, batch: int, steps: int):
        """Steps on consecutive batches of the order; what the last one gave. All but the last have all rows."""
        result = None
        full = min(steps, feed.full_batches() - batch)
        if self.eagerly:
            for i in range(batch, batch + steps):
                result = self.batch(*feed.gather(order, i))
            return result
        for first, rows, some in (
            (batch, feed.batch_size, full),
            (batch + full, feed.rows_of(batch + full), steps - full),
        ):
            if some > 0:
                traced = self.traced(feed.spec(rows))
                arrays = traced.program(self.backend).run_steps(feed.sources, order, first * feed.batch_size, some)
                result = nest_of(traced, arrays)
        return result


def nest_of(traced: Traced, arrays):
    """The results of a program in the nest that the traced function gave."""
    return nest.unflatten(traced.structure, iter(arrays)) if traced.structure is not None else None


def warn_untrained(model) -> None:
    if model.trainable_variables or not model.variables:
        return
    warnings.warn(
        LaminaWarning(
            message(
                f"{model.name} has no trainable weights, so that fit changes nothing",
                fix="set trainable = True on the layers that should learn",
            )
        ),
        stacklevel=2,
    )


def generator_of(seed: int) -> Generator:
    """The generator of a model."""
    generator = Generator(seed)
    generator.seed.path, generator.step.path = "generator/seed", "generator/step"
    return generator
