"""Gradient descent, and its kin that remember a direction."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError, message
from ..op import as_value
from .optimizer import Optimizer


def fraction(name: str, value: float) -> None:
    """Raises unless a decay factor lies within 0..1."""
    if not 0.0 <= value <= 1.0:
        raise ArgumentError(message(f"{name} is out of range", got=repr(value), want="0..1"))


class SGD(Optimizer):
    """Gradient descent: w(t+1) = w(t) - learning_rate * gradient, with momentum if wanted.

    momentum  within 0..1; v(t+1) = momentum v(t) - learning_rate * gradient, and w moves by v (Polyak 1964)
    nesterov  whether to look ahead by the momentum (Sutskever et al. 2013, section 2)

    The other arguments are those of ``Optimizer``.

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.SGD(learning_rate=0.5).apply([np.array([1.0], "float32")], [weight])
    >>> weight.numpy()
    array([0.5], dtype=float32)
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, *shared, **options):
        fraction("momentum", momentum)
        super().__init__(learning_rate, *shared, **options)
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = {"momentum": 0.0} if momentum else {}

    def update_step(self, gradient, variable, learning_rate):
        step = gradient * learning_rate
        if not self.momentum:
            variable.assign_sub(step)
            return
        velocity = self.slot("momentum", variable)
        velocity.assign(as_value(velocity) * self.momentum - step)
        variable.assign_add(as_value(velocity) * self.momentum - step if self.nesterov else velocity)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Lion(Optimizer):
    """Steps of equal size in the sign of an averaged gradient (Chen et al. 2023, algorithm 2).

    beta_1  within 0..1, above 0: how the average and the gradient mix for the step
    beta_2  within 0..1: how slowly the average moves

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Lion(learning_rate=0.25).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy()
    array([0.75], dtype=float32)
    """

    slots = {"momentum": 0.0}

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, *shared, **options):
        fraction("beta_1", beta_1)
        fraction("beta_2", beta_2)
        if beta_1 == 0.0:
            raise ArgumentError(message("beta_1 is out of range", got="0.0", want="above 0, at most 1"))
        super().__init__(learning_rate, *shared, **options)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def update_step(self, gradient, variable, learning_rate):
        momentum = self.slot("momentum", variable)
        m = as_value(momentum)
        variable.assign_sub(learning_rate * ops.sign(m * self.beta_1 + gradient * (1.0 - self.beta_1)))
        momentum.assign(m * self.beta_2 + gradient * (1.0 - self.beta_2))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
