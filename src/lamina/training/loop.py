"""The loops over epochs and batches. The arithmetic of a training never depends on how it is cut into pieces here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator

from ..callbacks.callback import CallbackList
from ..errors import LaminaWarning, message
from .feeds import ArrayFeed, IterableFeed
from .fitting import inspect_targets
from .interrupt import Finished, Interrupt
from .position import Position
from .step import Runner

VISIT = 0.05  # seconds between two visits to Python while arrays are trained on


class TrainingLoop:
    """One call of ``fit``: epochs, batches, callbacks, validation.

    steps     steps of an epoch; None is as many as the data give
    validate  called with the number of an epoch, gives the logs of a validation, or {} where none is due
    """

    def __init__(
        self,
        model,
        runner: Runner,
        feed,
        callbacks: CallbackList,
        epochs: int,
        steps: int | None,
        validate: Callable[[int], dict[str, float]],
    ):
        self.model, self.runner, self.feed, self.callbacks = model, runner, feed, callbacks
        self.epochs, self.steps, self.validate = epochs, steps, validate
        self.total = steps or feed.batches
        self.interrupt = Interrupt()
        self.by_batch = callbacks.wants_batches("train")
        self.shows = callbacks.wants_progress()
        self.strides = callbacks.strides()
        self.pieces = 1  # how many steps the next piece has
        self.stream: Iterator | None = None
        self.result = None

    @property
    def position(self) -> Position:
        return self.model._position

    def run(self) -> dict[str, float]:
        """All epochs that are left; gives the last logs."""
        logs: dict[str, float] = {}
        with self.interrupt:
            while self.position.epoch < self.epochs and not self.model.stop_training:
                epoch = self.position.epoch
                if self.position.step == 0:
                    self.model.reset_metrics()
                self.callbacks.call("on_epoch_begin", epoch, {})
                if not (self.train_arrays() if isinstance(self.feed, ArrayFeed) else self.train_stream()):
                    break
                logs = self.logs()
                if self.shows:
                    self.callbacks.progress(self.position.step, logs)
                logs.update(self.validate(epoch))
                self.position.epoch, self.position.step = epoch + 1, 0
                self.callbacks.call("on_epoch_end", epoch, logs)
        return logs

    def logs(self) -> dict[str, float]:
        return self.model.logs_of(self.result)

    def piece(self, limit: int) -> int:
        """How many steps to make before Python is entered again: at most ``limit``."""
        if self.by_batch:
            return 1
        until = [n - self.position.done % n for n in self.strides]
        return max(1, min(limit, self.pieces, *until))

    def train_arrays(self) -> bool:
        """The steps of one epoch on arrays; whether there were any."""
        feed, at = self.feed, self.position
        seed = int(self.model.training_generator.seed.array)
        while at.step < self.total and not self.model.stop_training:
            turn, batch = divmod(at.done, feed.batches)
            order = feed.order(seed, at.start, turn)
            steps = self.piece(min(self.total - at.step, feed.batches - batch))
            begun = time.perf_counter()
            self.take(steps, self.runner.steps, feed, order, batch, steps)
            seconds = time.perf_counter() - begun
            self.pieces = max(1, min(2 * self.pieces, int(steps * VISIT / max(seconds, 1e-6))))
        return True

    def take(self, steps: int, run, *arguments) -> None:
        """Makes steps, with what comes before and after them; Ctrl-C acts when they are done and counted."""
        at, interrupted = self.position, False
        if self.by_batch:
            self.callbacks.batch("train", "begin", at.step, {})
        try:
            self.result = self.interrupt.steps(run, *arguments)
        except Finished as finished:
            self.result, interrupted = finished.result, True
        at.step, at.done = at.step + steps, at.done + steps
        due = any(at.done % n == 0 for n in self.strides)
        if self.by_batch or self.shows or due:
            logs = self.logs()
            if self.by_batch:
                self.callbacks.batch("train", "end", at.step - 1, logs)
            if due:
                self.callbacks.steps_end(at.done, logs)
            if self.shows:
                self.callbacks.progress(at.step, logs)
        if interrupted:
            self.callbacks.call("on_train_interrupt")
            raise KeyboardInterrupt

    def train_stream(self) -> bool:
        """The steps of one epoch on batches that come one by one; False where no batch is left."""
        at = self.position
        if self.stream is None:
            self.stream = turns(self.feed, at, self.steps is not None, int(self.model.training_generator.seed.array))
        while (self.total is None or at.step < self.total) and not self.model.stop_training:
            try:
                item = next(self.stream)
            except StopIteration:
                if at.step == 0 or self.steps is not None:
                    ran_out(at, self.steps)
                    self.model.stop_training = True
                return at.step > 0
            if item is None:
                if at.step and self.steps is None:
                    break
                continue
            inspect_targets(self.runner.state, *item)
            self.take(1, self.runner.batch, *item)
            if self.feed.batches and at.done % self.feed.batches == 0:
                next(self.stream, None)  # the end of the turn, which tells the data
        return True


def ran_out(at: Position, steps: int | None) -> None:
    warnings.warn(
        LaminaWarning(
            message(
                "the data ran out, so that training ends",
                got=f"epoch {at.epoch + 1}, step {at.step}" + (f" of {steps}" if steps else ""),
                fix="a generator gives its batches once: let it go on for ever, or pass what can be iterated again",
            )
        ),
        stacklevel=2,
    )


def turns(feed: IterableFeed, at: Position, endless: bool, seed: int) -> Iterator:
    """Batches, turn after turn through the data, with None at the end of each turn.

    What the steps that are done have seen is passed over; ``endless`` says that turns and epochs do not coincide.
    """
    skip = at.done if endless or feed.once else at.step
    turn = 0
    if feed.batches and feed.numbered:
        turn, skip = divmod(at.done, feed.batches)
    while True:
        empty = True
        for item in feed.begin(skip if feed.numbered else 0, feed.order(seed, at.start, turn)):
            empty = False
            if feed.numbered or skip == 0:
                yield item
            else:
                skip -= 1
        turn += 1
        skip = 0 if feed.numbered else skip
        feed.end_of_turn()
        if feed.once or empty:
            yield None
            return
        yield None


def batches_of(feed, steps: int | None) -> Iterator:
    """The batches of a feed in order, not shuffled: at most ``steps``."""
    if isinstance(feed, ArrayFeed):
        count = feed.batches if steps is None else min(steps, feed.batches or 0)
        for i in range(count or 0):
            yield feed.batch(i)
        return
    for i, item in enumerate(feed.begin()):
        if steps is not None and i >= steps:
            return
        yield item
        if steps is not None and i + 1 == steps:
            return
    feed.end_of_turn()


def test(model, runner: Runner, feed, callbacks: CallbackList, steps: int | None, show: Callable) -> dict[str, float]:
    """Loss and metrics over a feed; ``show(step, logs)`` is called about 20 times a second."""
    model.reset_metrics()
    callbacks.call("on_test_begin", {})
    by_batch = callbacks.wants_batches("test")
    result = None
    if isinstance(feed, ArrayFeed) and not by_batch:
        result = test_arrays(model, runner, feed, steps, show)
    else:
        for i, item in enumerate(batches_of(feed, steps)):
            callbacks.batch("test", "begin", i, {})
            result = runner.batch(*item)
            if by_batch:
                callbacks.batch("test", "end", i, model.logs_of(result))
            show(i + 1, lambda result=result: model.logs_of(result))
    logs = model.logs_of(result)
    callbacks.call("on_test_end", logs)
    return logs


def test_arrays(model, runner: Runner, feed: ArrayFeed, steps: int | None, show: Callable):
    """All batches of arrays, many at a time."""
    order = feed.order(0, 0, 0)
    total = feed.batches or 0
    total = total if steps is None else min(steps, total)
    at, piece, result = 0, 1, None
    while at < total:
        some = min(piece, total - at)
        begun = time.perf_counter()
        result = runner.steps(feed, order, at, some)
        at += some
        piece = max(1, min(2 * piece, int(piece * VISIT / max(time.perf_counter() - begun, 1e-6))))
        show(at, lambda result=result: model.logs_of(result))
    return result
