"""Adam and its kin: each weight has a step size of its own, from averages of its gradient and of its square."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ArgumentError, message
from ..op import as_value
from ..trace import Variable
from .gradient_descent import fraction
from .optimizer import Optimizer
from .scalars import norm


class Moments(Optimizer):
    """What Adam and its kin share: two averages, and how far they are from having forgotten their start at 0."""

    slots = {"momentum": 0.0, "velocity": 0.0}

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, *shared, **options):
        fraction("beta_1", beta_1)
        fraction("beta_2", beta_2)
        super().__init__(learning_rate, *shared, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def averaged(self, slot: Variable, value, beta: float):
        """Moves the average in a slot towards a value; gives the new average."""
        average = as_value(slot)
        slot.assign(average + (value - average) * (1.0 - beta))
        return as_value(slot)

    def power(self, beta: float, ahead: int = 1):
        """beta^t for step t = iterations + ahead, as a scalar."""
        step = ops.cast(as_value(self.iterations) + ahead, "float32")
        return as_value(np.float32(beta)) ** step

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


class Adam(Moments):
    """Steps of m / (sqrt(v) + epsilon), with m and v averages of the gradient and its square (Kingma and Ba 2015).

    beta_1   within 0..1: how slowly m moves
    beta_2   within 0..1: how slowly v moves
    epsilon  added to sqrt(v); the "epsilon hat" of the paper's section 2
    amsgrad  whether v is the largest so far (Reddi et al. 2018)

    The other arguments are those of ``Optimizer``.

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Adam(learning_rate=0.25).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([0.75], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, *shared, **options):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *shared, **options)
        self.amsgrad = amsgrad
        if amsgrad:
            self.slots = {**self.slots, "velocity_hat": 0.0}

    def update_all(self, grads, variables, learning_rate):
        # both corrections of the averages' start at 0, drawn into one scalar: algorithm 1, the remark in section 2
        rate = learning_rate * ops.sqrt(1.0 - self.power(self.beta_2)) / (1.0 - self.power(self.beta_1))
        super().update_all(grads, variables, rate)

    def update_step(self, gradient, variable, learning_rate):
        m = self.averaged(self.slot("momentum", variable), gradient, self.beta_1)
        v = self.averaged(self.slot("velocity", variable), ops.square(gradient), self.beta_2)
        if self.amsgrad:
            largest = self.slot("velocity_hat", variable)
            v = ops.maximum(largest, v)
            largest.assign(v)
        variable.assign_sub(m * learning_rate / (ops.sqrt(v) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}


class AdamW(Adam):
    """Adam with weight decay kept apart from the gradient (Loshchilov and Hutter 2019).

    weight_decay  the share by which weights shrink at each step, times the learning rate

    >>> weight = lamina.Variable([1.0])
    >>> optimizer = lamina.optimizers.AdamW(learning_rate=0.5, weight_decay=0.5)
    >>> optimizer.apply([np.array([0.0], "float32")], [weight])
    >>> weight.numpy()
    array([0.75], dtype=float32)
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay=0.004,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        *shared,
        **options,
    ):
        if weight_decay is None:
            raise ArgumentError(message("AdamW decays weights", got="weight_decay=None", fix="use Adam for no decay"))
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *shared, **options)


class Adamax(Moments):
    """Adam with the largest recent gradient in place of sqrt(v) (Kingma and Ba 2015, section 7.1).

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Adamax(learning_rate=0.25).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([0.75], dtype=float32)
    """

    slots = {"momentum": 0.0, "norm": 0.0}

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, *shared, **options):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *shared, **options)

    def update_all(self, grads, variables, learning_rate):
        super().update_all(grads, variables, learning_rate / (1.0 - self.power(self.beta_1)))

    def update_step(self, gradient, variable, learning_rate):
        m = self.averaged(self.slot("momentum", variable), gradient, self.beta_1)
        largest = self.slot("norm", variable)
        u = ops.maximum(as_value(largest) * self.beta_2, ops.abs(gradient))
        largest.assign(u)
        variable.assign_sub(m * learning_rate / (u + self.epsilon))


class Nadam(Moments):
    """Adam with Nesterov momentum, whose beta_1 grows over the first steps (Dozat 2016, algorithm 2).

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Nadam(learning_rate=0.25).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(2)
    array([0.73], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, *shared, **options):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *shared, **options)
        self.product = self.add_variable((), 1.0, name="momentum_product")

    def update_all(self, grads, variables, learning_rate):
        now, following = (self.beta_1 * (1.0 - 0.5 * self.power(0.96, ahead)) for ahead in (1, 2))
        product = as_value(self.product) * now
        self.product.assign(product)
        self.factors = (
            following / (1.0 - product * following),
            (1.0 - now) / (1.0 - product),
            1.0 / (1.0 - self.power(self.beta_2)),
        )
        super().update_all(grads, variables, learning_rate)

    def update_step(self, gradient, variable, learning_rate):
        of_momentum, of_gradient, of_velocity = self.factors
        m = self.averaged(self.slot("momentum", variable), gradient, self.beta_1)
        v = self.averaged(self.slot("velocity", variable), ops.square(gradient), self.beta_2)
        step = (m * of_momentum + gradient * of_gradient) * learning_rate
        variable.assign_sub(step / (ops.sqrt(v * of_velocity) + self.epsilon))


class Lamb(Moments):
    """Adam whose step for each variable is scaled to the norm of that variable (You et al. 2020, algorithm 2).

    >>> weight = lamina.Variable([2.0])
    >>> lamina.optimizers.Lamb(learning_rate=0.25).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([1.5], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, *shared, **options):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *shared, **options)

    def update_all(self, grads, variables, learning_rate):
        self.factors = (1.0 / (1.0 - self.power(self.beta_1)), 1.0 / (1.0 - self.power(self.beta_2)))
        super().update_all(grads, variables, learning_rate)

    def update_step(self, gradient, variable, learning_rate):
        of_momentum, of_velocity = self.factors
        m = self.averaged(self.slot("momentum", variable), gradient, self.beta_1)
        v = self.averaged(self.slot("velocity", variable), ops.square(gradient), self.beta_2)
        update = m * of_momentum / (ops.sqrt(v * of_velocity) + self.epsilon)
        weight_norm, update_norm = norm([as_value(variable)]), norm([update])
        both = ops.logical_and(weight_norm > 0.0, update_norm > 0.0)
        ratio = ops.where(both, weight_norm / ops.where(both, update_norm, 1.0), 1.0)
        variable.assign_sub(update * (ratio * learning_rate))
