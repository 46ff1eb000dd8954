"""Optimizers that divide each step by what they know of the size of the gradient."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError, message
from ..op import as_value
from ..trace import Variable
from .gradient_descent import fraction
from .optimizer import Optimizer


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients (Duchi et al. 2011).

    initial_accumulator_value  where that sum starts, at least 0
    epsilon                    added to the sum

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Adagrad(0.25, initial_accumulator_value=0.0).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([0.75], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, *shared, **options):
        if initial_accumulator_value < 0:
            raise ArgumentError(
                message(
                    "initial_accumulator_value is out of range", got=repr(initial_accumulator_value), want="0 or more"
                )
            )
        super().__init__(learning_rate, *shared, **options)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon
        self.slots = {"accumulator": initial_accumulator_value}

    def update_step(self, gradient, variable, learning_rate):
        accumulator = self.slot("accumulator", variable)
        accumulator.assign_add(ops.square(gradient))
        variable.assign_sub(gradient * learning_rate / ops.sqrt(as_value(accumulator) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }


class Adadelta(Optimizer):
    """Steps of the size that recent steps had, over that of recent gradients (Zeiler 2012, algorithm 1).

    rho      within 0..1: how slowly the averages move
    epsilon  added under the roots

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Adadelta(learning_rate=1.0, rho=0.0).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([0.9997], dtype=float32)
    """

    slots = {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, *shared, **options):
        fraction("rho", rho)
        super().__init__(learning_rate, *shared, **options)
        self.rho, self.epsilon = rho, epsilon

    def update_step(self, gradient, variable, learning_rate):
        squares, steps = self.slot("accumulated_grad", variable), self.slot("accumulated_delta_var", variable)
        mean_square = decayed(squares, ops.square(gradient), self.rho)
        step = gradient * ops.sqrt(as_value(steps) + self.epsilon) / ops.sqrt(mean_square + self.epsilon)
        decayed(steps, ops.square(step), self.rho)
        variable.assign_sub(step * learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class RMSprop(Optimizer):
    """Steps divided by the root of an average of squared gradients (Tieleman and Hinton 2012, lecture 6.5).

    rho       within 0..1: how slowly the average moves
    momentum  at least 0; above it, steps are averaged too
    epsilon   added to the average
    centered  whether the squared average gradient is taken off, which leaves the variance

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.RMSprop(learning_rate=0.25, rho=0.0).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([0.75], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, *shared, **options):
        fraction("rho", rho)
        super().__init__(learning_rate, *shared, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slots = {
            "velocity": 0.0,
            **({"momentum": 0.0} if momentum > 0 else {}),
            **({"average_gradient": 0.0} if centered else {}),
        }

    def update_step(self, gradient, variable, learning_rate):
        spread = decayed(self.slot("velocity", variable), ops.square(gradient), self.rho)
        if self.centered:
            spread = spread - ops.square(decayed(self.slot("average_gradient", variable), gradient, self.rho))
        step = gradient * learning_rate / ops.sqrt(spread + self.epsilon)
        if self.momentum > 0:
            velocity = self.slot("momentum", variable)
            velocity.assign(as_value(velocity) * self.momentum + step)
            step = as_value(velocity)
        variable.assign_sub(step)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


class Ftrl(Optimizer):
    """Follow the regularized leader: keeps weights at exactly 0 where L1 says so (McMahan et al. 2013, algorithm 1).

    learning_rate_power                   at most 0; -0.5 is the paper's
    initial_accumulator_value             where the sum of squared gradients starts, at least 0
    l1_regularization_strength            at least 0
    l2_regularization_strength            at least 0
    l2_shrinkage_regularization_strength  at least 0: L2 on the gradient, without effect on the accumulator
    beta                                  the paper's beta, at least 0

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Ftrl(0.1, l1_regularization_strength=99.0).apply([np.array([1.0], "float32")], [weight])
    >>> weight.numpy()
    array([0.], dtype=float32)
    """

    def __init__(
        self,
        learning_rate=0.001,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
        *shared,
        **options,
    ):
        super().__init__(learning_rate, *shared, **options)
        self.strengths = {
            "learning_rate_power": learning_rate_power,
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
            "beta": beta,
        }
        for name, value in self.strengths.items():
            if (value > 0) if name == "learning_rate_power" else (value < 0):
                want = "at most 0" if name == "learning_rate_power" else "0 or more"
                raise ArgumentError(message(f"{name} is out of range", got=repr(value), want=want))
        self.slots = {"accumulator": initial_accumulator_value, "linear": 0.0}

    def update_step(self, gradient, variable, learning_rate):
        s = self.strengths
        l1, l2 = s["l1_regularization_strength"], s["l2_regularization_strength"]
        accumulator, linear = self.slot("accumulator", variable), self.slot("linear", variable)
        weight, old = as_value(variable), as_value(accumulator)
        new = old + ops.square(gradient)
        old_root, new_root = old ** -s["learning_rate_power"], new ** -s["learning_rate_power"]
        shrunk = gradient + weight * (2.0 * s["l2_shrinkage_regularization_strength"])
        linear.assign_add(shrunk - (new_root - old_root) / learning_rate * weight)
        quadratic = new_root / learning_rate + (2.0 * l2 + s["beta"] / learning_rate)
        z = as_value(linear)
        variable.assign((ops.minimum(ops.maximum(z, -l1), l1) - z) / quadratic)
        accumulator.assign(new)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.strengths}


class Adafactor(Optimizer):
    """RMSprop that keeps one number for each row and column of a matrix, not for each element (Shazeer and Stern 2018).

    beta_2_decay    at most 0: the averages move by step^beta_2_decay
    epsilon_1       added to squared gradients
    epsilon_2       the smallest scale of a variable
    clip_threshold  above which root mean square a step is scaled down
    relative_step   whether the learning rate is at most 1 / sqrt(step)

    >>> weight = lamina.Variable([1.0])
    >>> lamina.optimizers.Adafactor(learning_rate=0.25).apply([np.array([9.0], "float32")], [weight])
    >>> weight.numpy().round(4)
    array([0.75], dtype=float32)
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_2_decay=-0.8,
        epsilon_1=1e-30,
        epsilon_2=0.001,
        clip_threshold=1.0,
        relative_step=True,
        *shared,
        **options,
    ):
        super().__init__(learning_rate, *shared, **options)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step
        self.tables: dict[int, tuple[Variable, ...]] = {}

    def build(self, variables):
        super().build(variables)
        for v in variables:
            if id(v) not in self.tables:
                matrix = {"row": v.shape[:-1], "column": (*v.shape[:-2], v.shape[-1])} if v.ndim >= 2 else None
                shapes = matrix or {"velocity": v.shape}
                made = [self.add_variable(shape, 0.0, v.dtype, name) for name, shape in shapes.items()]
                for slot in made:
                    slot.path = f"optimizer/{slot.name}/{v.path}"
                self.tables[id(v)] = tuple(made)

    def update_step(self, gradient, variable, learning_rate):
        step = ops.cast(as_value(self.iterations) + 1, "float32")
        forgotten = step**self.beta_2_decay
        scale = ops.maximum(root_mean_square(as_value(variable)), self.epsilon_2)
        rate = scale * ops.minimum(learning_rate, 1.0 / ops.sqrt(step))
        square = ops.square(gradient) + self.epsilon_1
        tables = self.tables[id(variable)]
        if len(tables) == 2:
            for table, axis in zip(tables, (-1, -2), strict=True):
                table.assign(as_value(table) + (ops.mean(square, axis=axis) - as_value(table)) * forgotten)
            row, column = map(as_value, tables)
            shares = row / ops.mean(row, axis=-1, keepdims=True)
            velocity = ops.expand_dims(shares, -1) * ops.expand_dims(column, -2)
        else:
            tables[0].assign(as_value(tables[0]) + (square - as_value(tables[0])) * forgotten)
            velocity = as_value(tables[0])
        update = gradient / ops.sqrt(velocity)
        update = update / ops.maximum(root_mean_square(update) / self.clip_threshold, 1.0)
        variable.assign_sub(update * rate)

    def get_config(self) -> dict[str, Any]:
        names = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def decayed(slot: Variable, value, rho: float):
    """Moves the average in a slot: rho times the old, 1 - rho times the value; gives the new average."""
    slot.assign(as_value(slot) * rho + value * (1.0 - rho))
    return as_value(slot)


def root_mean_square(x):
    """The root of the mean square of all elements."""
    return ops.sqrt(ops.mean(ops.square(x)))
