"""What ``compile`` decides, and what one step does: the half of ``Trainer`` that runs inside of programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import metrics as metrics_module
from .. import optimizers
from ..callbacks.history import History
from ..errors import ArgumentError, message, unknown
from ..metrics import Metric
from ..op import as_node
from ..random import default_generator
from ..trace import Generator, Variable
from . import nest
from .objective import check_told
from .step import State, every_layer, generator_of, penalties, settle, total_of, update_weights

ACCEPTED = ("steps_per_execution", "jit_compile", "auto_scale_loss")
KNOWN = [
    "optimizer",
    "loss",
    "loss_weights",
    "metrics",
    "weighted_metrics",
    "run_eagerly",
    "backend",
    "lint",
    *ACCEPTED,
]
LINT = ("warn", "error", "off")
NOTHING = {
    "loss": None,
    "loss_weights": None,
    "metrics": None,
    "weighted_metrics": None,
    "run_eagerly": False,
    "backend": None,
    "lint": "warn",
}


class Compiled:
    """A model's optimizer, losses and metrics, and the steps made of them."""

    stop_training = False
    _interrupted = False
    optimizer: Any = None
    history: History | None = None
    name: str
    variables: list[Variable]
    trainable_variables: list[Variable]

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile="auto",
        auto_scale_loss: bool = True,
        backend: str | None = None,
        lint: str = "warn",
        **kwargs,
    ) -> None:
        """Says how the model is trained.

        optimizer         a name or an object
        loss              a name, a ``Loss`` or a function of (y_true, y_pred); with several outputs one for all, a list
                          in order or a dict by name
        loss_weights      factors of the losses, one for each output
        metrics           what is measured beside the loss: a list; with several outputs a list of lists or a dict
        weighted_metrics  metrics that use sample weights and class weights
        run_eagerly       whether each step runs op by op on the reference, for debugging: print and breakpoints work
        backend           "native", "reference" or "xla"; the default is the fastest there is
        lint              "warn", "error" or "off": what to do where data look wrong; "off" lets NaN and infinity in

        ``steps_per_execution``, ``jit_compile`` and ``auto_scale_loss`` are accepted for Keras's sake. ArgumentError
        for names that are not known, and for metrics in the place of loss_weights.

        >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])
        >>> model.compile("sgd", loss="mse")
        >>> history = model.fit(np.ones((8, 2), "float32"), np.ones((8, 1), "float32"), epochs=2, verbose=0)
        >>> len(history.history["loss"])
        2
        """
        for name in kwargs:
            raise unknown("argument of compile", name, KNOWN)
        if lint not in LINT:
            raise ArgumentError(
                message(
                    "lint says what to do where something looks wrong", got=repr(lint), want=", ".join(map(repr, LINT))
                )
            )
        check_told(loss, loss_weights, metrics, weighted_metrics)
        before = self.__dict__.get("_state")
        self.optimizer = optimizers.get(optimizer)
        arguments = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": bool(run_eagerly),
            "backend": backend,
            "lint": lint,
        }
        self.__dict__["_state"] = State(
            arguments, before.generation + 1 if before else 0, metrics_module.Mean(name="loss")
        )
        self.__dict__["loss"], self.stop_training = loss, False

    @property
    def compiled(self) -> bool:
        """Whether ``compile`` was called."""
        return "_state" in self.__dict__

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run op by op on the reference."""
        return self.compiled and self._training_state().arguments["run_eagerly"]

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        state = self._training_state()
        state.arguments["run_eagerly"] = bool(value)
        state.quick.clear()

    def _training_state(self) -> State:
        if not self.compiled:
            raise ArgumentError(
                message(
                    f"{self.name} does not know how to be trained",
                    where=True,
                    fix='call compile(optimizer="adam", loss=…) first',
                )
            )
        return self.__dict__["_state"]

    def _state_for_prediction(self) -> State:
        """The state of ``compile``, or one that can predict only."""
        if not self.compiled and "_bare" not in self.__dict__:
            self.__dict__["_bare"] = State(dict(NOTHING), 0, metrics_module.Mean(name="loss"))
        return self.__dict__["_state" if self.compiled else "_bare"]

    def forget_programs(self) -> None:
        """What was traced is traced again: the layers are others now."""
        for name in ("_state", "_bare"):
            if name in self.__dict__:
                self.__dict__[name].programs.clear()
                self.__dict__[name].quick.clear()

    @property
    def training_generator(self) -> Generator:
        """Where the model's random numbers come from: dropout, noise, the order of the samples.

        Its seed is the one of ``lamina.random.set_seed`` at the first use.
        """
        if "_generator" not in self.__dict__:
            self.__dict__["_generator"] = generator_of(int(default_generator().seed.array))
        return self.__dict__["_generator"]

    # ------------------------------------------------------------------------------------------------ metrics

    @property
    def metrics(self) -> list[Metric]:
        """The loss, the losses of several outputs, the metrics of ``compile``, and those that layers hold."""
        state = self.__dict__.get("_state")
        found: list[Metric] = [state.loss_tracker] if state else []
        if state and state.objective is not None and state.measures is not None:
            found += [t for t in state.objective.trackers if t is not None] + state.measures.all
        for owner in (self, *every_layer(self)):
            for value in vars(owner).values():
                for m in value if isinstance(value, list | tuple) else (value,):
                    if isinstance(m, Metric) and not any(m is other for other in found):
                        found.append(m)
        return found

    def _listed_metrics(self) -> list[Metric]:
        state = self._training_state()
        return self.metrics if state.listed is None else state.listed

    @property
    def metrics_names(self) -> list[str]:
        """The names of what ``evaluate`` gives, in order."""
        return list(self.get_metrics_result())

    def reset_metrics(self) -> None:
        """Forgets what all metrics have gathered."""
        for metric in self._listed_metrics():
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The loss and all metrics now, by name."""
        measures = self._training_state().measures
        names = measures.names if measures else {}
        found: dict[str, Any] = {}
        for metric in self._listed_metrics():
            value = result_of(metric)
            found.update(value if isinstance(value, dict) else {names.get(id(metric), metric.name): value})
        return found

    def logs_of(self, result) -> dict[str, Any]:
        """The logs after a step: what a ``train_step`` of the user's own gave, else loss and metrics."""
        logs = result if isinstance(result, dict) else self.get_metrics_result()
        return {name: plain(value) for name, value in logs.items()}

    # ------------------------------------------------------------------------------------------------ one step

    def train_step(self, data) -> dict | None:
        """What one step of training does, as nodes; a subclass may override it and give a dict of what to log.

        ``data`` is (x, y, sample_weight). Without a dict, the loss and the metrics are logged.
        """
        x, y, sample_weight = data
        before = {id(v): as_node(v.value) for v in self.trainable_variables}
        y_pred = self(x, training=True)  # type: ignore[operator]
        loss = self.compute_loss(x, y, y_pred, sample_weight)
        self._training_state().loss_tracker.update_state(loss, sample_weight=float(rows_of(x)))
        update_weights(self, self._training_state(), loss, before)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data) -> dict | None:
        """What one step of ``evaluate`` does; see ``train_step``."""
        x, y, sample_weight = data
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        self._training_state().loss_tracker.update_state(loss, sample_weight=float(rows_of(x)))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data):
        """What one step of ``predict`` does: gives the outputs."""
        return self(data[0], training=False)  # type: ignore[operator]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training: bool = True):
        """The number that is made small: the losses of the outputs, and what layers and regularizers add."""
        state = self._training_state()
        targets, outputs, weights = settle(self, state, y, y_pred, sample_weight)
        assert state.objective is not None
        terms = state.objective.terms(targets, outputs, weights, rows_of(x)) + penalties(self)
        if not terms:
            raise ArgumentError(message(f"{self.name} has no loss", fix='compile(loss="mse"), or add_loss in a layer'))
        return total_of(terms)

    def compute_metrics(self, x, y, y_pred, sample_weight=None) -> dict | None:
        """Brings the metrics up to date; a subclass may override it and give a dict of what to log."""
        state = self._training_state()
        targets, outputs, weights = settle(self, state, y, y_pred, sample_weight)
        assert state.measures is not None
        state.measures.update(targets, outputs, weights)
        return None

    # ------------------------------------------------------------------------------------------------ state

    def state_variables(self) -> list[Variable]:
        """Everything that a step of training may change, each variable once: what a checkpoint holds."""
        state = self._training_state()
        found = [
            *self.variables,
            *self.optimizer.variables,
            *(v for m in self.metrics for v in m.variables),
            self.training_generator.seed,
            self.training_generator.step,
            state.first_bad,
        ]
        for traced in state.programs.values():
            if traced.trace.training:
                found += traced.trace.assigned.values()
        return list({id(v): v for v in found}.values())

    @property
    def first_bad_step(self) -> int | None:
        """The step, counted from the model's first, at which the loss was first NaN or infinite; None if it never was.

        It is only kept while ``TerminateOnNaN`` watches.
        """
        step = int(self._training_state().first_bad.array)
        return None if step < 0 else step


def result_of(metric: Metric):
    """The result of a metric; a mean is one division: ops would be slow for a look at each batch."""
    if type(metric).result is not metrics_module.Mean.result:
        return metric.result()
    total, count = metric.total.array, metric.count.array  # type: ignore[attr-defined]
    return total / count if count else np.zeros_like(total)


def rows_of(x) -> int:
    """The rows of a batch, told by the first of its inputs."""
    _, leaves = nest.flatten(x)
    return leaves[0][1].shape[0] if leaves and leaves[0][1].ndim else 1


def plain(value):
    """A number as a Python float, an array as it is."""
    array = np.asarray(value)
    return array if array.ndim else array.item() if array.dtype.kind in "iub" else float(array)
