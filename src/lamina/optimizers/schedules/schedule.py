"""Learning rates as functions of the number of steps made, computed inside of the program."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import ops
from ...errors import ArgumentError, message
from ...op import as_value


class LearningRateSchedule:
    """A learning rate that depends on the step. A subclass implements ``__call__`` with ops, and ``get_config``.

    >>> class Halving(lamina.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** lamina.ops.cast(step, "float32")
    >>> float(Halving()(3))
    0.125
    """

    def __call__(self, step):
        """The learning rate after ``step`` steps: a scalar."""
        problem = f"{type(self).__name__} has no formula"
        raise NotImplementedError(message(problem, fix="implement __call__(self, step)"))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        raise NotImplementedError(message(f"{type(self).__name__} cannot be saved", fix="implement get_config(self)"))

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The schedule that ``get_config`` described."""
        return cls(**config)


class Decay(LearningRateSchedule):
    """A schedule that keeps its arguments as attributes of the same names."""

    arguments: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.arguments}


def positive(name: str, value) -> None:
    if value <= 0:
        raise ArgumentError(message(f"{name} must be above 0", got=repr(value)))


def steps(step):
    """The number of steps as a float32."""
    return ops.cast(as_value(step), "float32")


class ExponentialDecay(Decay):
    """initial_learning_rate * decay_rate^(step / decay_steps); with ``staircase`` the exponent is rounded down.

    >>> float(lamina.optimizers.schedules.ExponentialDecay(1.0, decay_steps=10, decay_rate=0.5)(20))
    0.25
    """

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        p = steps(step) / self.decay_steps
        return self.initial_learning_rate * power(self.decay_rate, ops.floor(p) if self.staircase else p)


class InverseTimeDecay(Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps); with ``staircase`` the quotient is rounded down.

    >>> float(lamina.optimizers.schedules.InverseTimeDecay(1.0, decay_steps=10, decay_rate=0.5)(20))
    0.5
    """

    arguments = ExponentialDecay.arguments

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        p = steps(step) / self.decay_steps
        return self.initial_learning_rate / (1.0 + self.decay_rate * (ops.floor(p) if self.staircase else p))


class PiecewiseConstantDecay(Decay):
    """values[0] up to and with step boundaries[0], then values[1] up to and with boundaries[1], and so on.

    boundaries  steps in rising order
    values      learning rates, one more than boundaries

    >>> rate = lamina.optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.5])
    >>> float(rate(10)), float(rate(11))
    (1.0, 0.5)
    """

    arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(boundaries) != len(values) - 1 or not boundaries:
            raise ArgumentError(
                message(
                    "values must be one more than boundaries", got=f"{len(boundaries)} boundaries, {len(values)} values"
                )
            )
        if list(boundaries) != sorted(boundaries):
            raise ArgumentError(message("boundaries must rise", got=str(list(boundaries))))
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step):
        step = as_value(step)
        rate = as_value(np.float32(self.values[-1]))
        for boundary, value in reversed(list(zip(self.boundaries, self.values, strict=False))):
            rate = ops.where(step <= boundary, value, rate)
        return rate


class PolynomialDecay(Decay):
    """(initial - end) * (1 - step / decay_steps)^power + end, and ``end_learning_rate`` from ``decay_steps`` on.

    cycle  whether to stretch ``decay_steps`` instead, to the next multiple that is not below the step

    >>> float(lamina.optimizers.schedules.PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.5)(5))
    0.75
    """

    arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name="PolynomialDecay",
    ):
        positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step):
        step = steps(step)
        if self.cycle:
            last = self.decay_steps * ops.maximum(ops.ceil(step / self.decay_steps), 1.0)
        else:
            last = float(self.decay_steps)
            step = ops.minimum(step, last)
        left = 1.0 - step / last
        factor = left if self.power == 1 else left ** float(self.power)
        return (self.initial_learning_rate - self.end_learning_rate) * factor + self.end_learning_rate


class CosineDecay(Decay):
    """initial * ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha), after a linear rise if there is one.

    alpha          the share of the learning rate that stays, within 0..1
    warmup_target  where the rise from ``initial_learning_rate`` ends and the decay starts; None for no rise
    warmup_steps   how many steps the rise takes

    The formula is that of Loshchilov and Hutter, "SGDR" (2017), equation 5, without restarts.

    >>> round(float(lamina.optimizers.schedules.CosineDecay(1.0, decay_steps=10)(5)), 6)
    0.5
    """

    arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
    ):
        positive("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps

    def __call__(self, step):
        step = steps(step)
        start, warm = (
            (self.initial_learning_rate, 0) if self.warmup_target is None else (self.warmup_target, self.warmup_steps)
        )
        step = ops.minimum(step, float(self.decay_steps + warm))
        falling = start * shrunk(half_cosine((step - float(warm)) / self.decay_steps), self.alpha)
        if not warm:
            return falling
        rising = (start - self.initial_learning_rate) * (step / warm) + self.initial_learning_rate
        return ops.where(step < float(warm), rising, falling)


class CosineDecayRestarts(Decay):
    """Cosine decay that starts again: the first run takes ``first_decay_steps``, each next ``t_mul`` times as many.

    t_mul  how much longer each run is than the one before
    m_mul  how much of the learning rate each run starts with
    alpha  the share of the learning rate that stays, within 0..1

    Loshchilov and Hutter, "SGDR" (2017), section 3.

    >>> float(lamina.optimizers.schedules.CosineDecayRestarts(1.0, first_decay_steps=10)(10))
    1.0
    """

    arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"):
        positive("first_decay_steps", first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step):
        done = steps(step) / self.first_decay_steps  # in runs of the first length
        if self.t_mul == 1.0:
            run = ops.floor(done)
            share = done - run
        else:  # runs take 1, t, t^2, …: a geometric series
            run = ops.floor(ops.log(1.0 - done * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = power(self.t_mul, run)
            share = (done - (1.0 - length) / (1.0 - self.t_mul)) / length
        return self.initial_learning_rate * shrunk(power(self.m_mul, run) * half_cosine(share), self.alpha)


def half_cosine(share):
    """1 at the start, 0 at the end."""
    return 0.5 * (1.0 + ops.cos(math.pi * share))


def shrunk(share, alpha: float):
    """A share of what is left above ``alpha``."""
    return (1.0 - alpha) * share + alpha


def power(base: float, exponent):
    """A number to a power that is a tensor."""
    return as_value(np.float32(base)) ** exponent
