"""``fit``, ``evaluate``, ``predict`` and their kin: the face of training, mixed into ``Model``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks import CallbackList, History, ProgbarLogger
from ..errors import about
from .compiled import Compiled
from .feeds import ArrayFeed, Spec, batch_of, feed_of, is_iterable, unread
from .fitting import Outputs, Validation, check_plan, inspect_targets, plan_of, split_tail
from .loop import TrainingLoop, batches_of, test
from .position import Position
from .progress import Progress
from .step import Runner


class Trainer(Compiled):
    """What a model can do once ``compile`` has said how."""

    _position: Position
    _callbacks: CallbackList

    if TYPE_CHECKING:  # what Layer gives, the other base of Model

        @property
        def label(self) -> str: ...

        @property
        def reads_text(self) -> bool: ...

        def as_numbers(self, inputs) -> Any: ...

    def fit(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks=None,
        validation_split: float = 0.0,
        validation_data=None,
        shuffle: bool = True,
        class_weight=None,
        sample_weight=None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq=1,
    ) -> History:
        """Trains the model, and gives its ``History``.

        x                 an array, a list or a dict of them, or anything that gives batches (x, y, sample_weight)
        y                 the targets, one row for each of x; a list or a dict with several outputs
        batch_size        rows of a step, 32 unless given
        epochs            the number of the last epoch
        verbose           0: nothing; 1 or "auto": a bar on a terminal, else one line an epoch; 2: the lines only
        callbacks         a list of ``Callback``
        validation_split  the share of the data, below 1, taken from the end and not trained on
        validation_data   (x, y), (x, y, sample_weight), or anything that gives batches
        shuffle           whether each epoch has an order of its own: a pure function of seed and epoch
        class_weight      {class number: weight}, or such a dict by the name of an output
        sample_weight     one weight for each row (and step), or a list or dict of them
        initial_epoch     the number of the first epoch
        steps_per_epoch   steps of an epoch; all of the data unless given
        validation_steps  steps of a validation, ``validation_batch_size`` rows each
        validation_freq   after how many epochs to validate, or a list of epochs, counted from 1

        Ctrl-C lets the running step end, calls ``on_train_end`` of the callbacks, keeps the weights and
        ``model.history``, and raises KeyboardInterrupt. DataError where the data cannot be meant.

        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
        >>> model.compile(lamina.optimizers.SGD(0.1), loss="mse")
        >>> x = np.linspace(-1, 1, 32, dtype="float32").reshape(32, 1)
        >>> history = model.fit(x, 3 * x + 1, epochs=60, batch_size=8, verbose=0)
        >>> history.history["loss"][-1] < 0.01
        True
        """
        state = self._training_state()
        lint = state.arguments["lint"]
        check_plan(epochs, initial_epoch, steps_per_epoch, validation_split, class_weight)
        read: Callable = self.as_numbers
        if validation_split and validation_data is None:
            x, read = x if is_iterable(x) else self.as_numbers(x), unread
            (x, y, sample_weight), validation_data = split_tail(x, y, sample_weight, validation_split, lint)
        with about(self.label):
            feed = feed_of(x, y, sample_weight, batch_size, bool(shuffle), lint != "off", read)
        validation = Validation(
            self, validation_data, validation_batch_size or batch_size, validation_steps, validation_freq, read
        )
        some = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
        state.class_weight, state.watch = class_weight, any(getattr(c, "watches_loss", False) for c in some)
        state.first_bad.assign(-1)
        try:
            runner = self._prepared("train", self.train_step, feed)
            self._begin(feed, epochs, verbose, callbacks, initial_epoch, steps_per_epoch)
            return self._train(TrainingLoop(self, runner, feed, self._callbacks, epochs, steps_per_epoch, validation))
        finally:
            state.class_weight, state.watch = None, False

    def _begin(self, feed, epochs: int, verbose, callbacks, initial_epoch: int, steps: int | None) -> None:
        """The callbacks, the history and the position of a training that begins."""
        self.stop_training = self._interrupted = False
        self._position = Position(initial_epoch, start=int(self.training_generator.step.array))
        self._plan = plan_of(feed, steps)
        self.history = History()
        defaults = [*([ProgbarLogger()] if verbose else []), self.history]
        params = {"verbose": 1 if verbose == "auto" else int(verbose), "epochs": epochs, "steps": steps or feed.batches}
        self._callbacks = CallbackList(callbacks, defaults, self, params)
        self._callbacks.call("on_train_begin", {})

    def _train(self, loop: TrainingLoop) -> History:
        """All epochs; whatever happens, the terminal is left in order."""
        logs: dict = {}
        try:
            logs = loop.run()
            self.optimizer.finalize_variable_values(self.trainable_variables)
        except KeyboardInterrupt:
            self._interrupted = True
            self._callbacks.call("on_train_end", logs)
            raise
        finally:
            for callback in self._callbacks:
                if isinstance(callback, ProgbarLogger):
                    callback.progress.close()
        self._callbacks.call("on_train_end", logs)
        assert self.history is not None
        return self.history

    def _prepared(self, kind: str, function: Callable, feed) -> Runner:
        """The runner for a feed; weights, slots and metrics exist, and the targets were looked at."""
        state = self._training_state()
        state.listed = None
        runner = Runner(self, state, kind, function)
        if isinstance(feed, ArrayFeed):
            spec = feed.spec()
            runner.prepare(spec, lambda: feed.batch(0)[1])
            inspect_targets(state, spec, feed.sources)
        else:
            spec, arrays = feed.peek()
            runner.prepare(spec, lambda: arrays)
            inspect_targets(state, spec, arrays)
        state.listed = self.metrics
        return runner

    # ------------------------------------------------------------------------------------------------ evaluate, predict

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight=None,
        steps: int | None = None,
        callbacks=None,
        return_dict: bool = False,
        **kwargs,
    ):
        """Loss and metrics on data: a number if there is the loss only, else a list in the order of ``metrics_names``.

        x, y, sample_weight  as for ``fit``
        steps                how many batches; all unless given
        return_dict          whether to give a dict by name instead

        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(loss="mse")
        >>> model.evaluate(np.ones((4, 1), "float32"), 2 * np.ones((4, 1), "float32"), verbose=0)
        4.0
        """
        finite = self._training_state().arguments["lint"] != "off"
        with about(self.label):
            feed = feed_of(x, y, sample_weight, batch_size, finite=finite, read=self.as_numbers)
        progress = Progress(verbose)
        progress.begin("Evaluate", steps or feed.batches)
        try:
            every = (
                callbacks
                if isinstance(callbacks, CallbackList)
                else CallbackList(
                    callbacks,
                    (),
                    self,
                    {"verbose": 1 if verbose == "auto" else int(verbose), "steps": steps or feed.batches},
                )
            )
            logs = self._tested(feed, steps, every, progress)
        finally:
            progress.close()
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def _tested(self, feed, steps: int | None, callbacks: CallbackList, progress: Progress | None = None) -> dict:
        """Loss and metrics over a feed."""
        runner = self._prepared("test", self.test_step, feed)
        at = 0

        def show(step: int, logs: Callable) -> None:
            nonlocal at
            at = step
            if progress is not None and progress.live is not None:
                progress.update(step, logs())

        logs = test(self, runner, feed, callbacks, steps, show)
        if progress is not None:
            progress.end(at, logs)
        return logs

    def predict(self, x, batch_size: int | None = None, verbose: int | str = "auto", steps=None, callbacks=None) -> Any:
        """The outputs for data, as arrays in the nest of the model's outputs, rows in the order of x.

        >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
        >>> model.predict(np.zeros((5, 3), "float32")).shape
        (5, 2)
        """
        state = self._state_for_prediction()
        with about(self.label):
            feed = feed_of(x, batch_size=batch_size, finite=False, read=self.as_numbers)
        runner = Runner(self, state, "predict", self.predict_step)
        every = (
            callbacks
            if isinstance(callbacks, CallbackList)
            else CallbackList(callbacks, (), self, {"steps": steps or feed.batches})
        )
        rows = min(feed.size, (steps or feed.size) * feed.batch_size) if isinstance(feed, ArrayFeed) else None
        outputs, progress = Outputs(rows), Progress(verbose, lasting=False)
        every.call("on_predict_begin", {})
        progress.begin("Predict", steps or feed.batches)
        try:
            for i, (spec, arrays) in enumerate(batches_of(feed, steps)):
                every.batch("predict", "begin", i, {})
                result = runner.batch(*only_x(spec, arrays))
                outputs.add(result, spec.rows)
                every.batch("predict", "end", i, {"outputs": result})
                progress.update(i + 1, {})
        finally:
            progress.close()
        every.call("on_predict_end", {})
        return outputs.result()

    # ------------------------------------------------------------------------------------------------ one batch

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict: bool = False):
        """One step of training on one batch; gives the loss and the metrics gathered since ``reset_metrics``.

        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(loss="mse")
        >>> model.train_on_batch(np.ones((4, 1), "float32"), np.ones((4, 1), "float32"))
        1.0
        """
        return self._on_batch("train", self.train_step, (x, y, sample_weight), class_weight, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict: bool = False):
        """The loss and the metrics gathered since ``reset_metrics``, this batch among them."""
        return self._on_batch("test", self.test_step, (x, y, sample_weight), None, return_dict)

    def _on_batch(self, kind: str, function: Callable, data, class_weight, return_dict: bool):
        state = self._training_state()
        state.class_weight = class_weight
        try:
            with about(self.label):
                spec, arrays = batch_of(data, state.arguments["lint"] != "off", self.as_numbers)
            runner = Runner(self, state, kind, function)
            runner.prepare(spec, lambda: arrays)
            inspect_targets(state, spec, arrays)
            state.listed = self.metrics
            logs = self.logs_of(runner.batch(spec, arrays))
        finally:
            state.class_weight = None
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def predict_on_batch(self, x):
        """The outputs for one batch."""
        state = self._state_for_prediction()
        plain = type(x) is np.ndarray
        if plain and (road := state.quick.get(x.shape)) is not None and (known := road(x)) is not None:
            return known
        runner = Runner(self, state, "predict", self.predict_step)
        spec, arrays = batch_of((self.as_numbers(x),), finite=False)
        result = runner.batch(spec, arrays)
        if plain and not self.reads_text:
            runner.remember(x, spec)
        return result


def only_x(spec: Spec, arrays: list) -> tuple[Spec, list]:
    """A batch without targets and weights."""
    part = spec.part(0)
    if len(part) == len(arrays):
        return spec, arrays
    return Spec((spec.structures[0], None, None), [spec.names[i] for i in part], [spec.types[i] for i in part]), [
        arrays[i] for i in part
    ]
