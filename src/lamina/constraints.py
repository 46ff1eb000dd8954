"""What weights must keep to after each update, under Keras's names.

A constraint is a function from a tensor to one of its shape: on arrays it computes, on symbolic values it builds nodes.

>>> lamina.constraints.get("non_neg")(np.array([-1.0, 2.0], "float32"))
array([0., 2.], dtype=float32)
"""

from __future__ import annotations

from typing import Any

from .errors import ArgumentError, message
from .ops import maximum, minimum, sqrt, square
from .ops import sum as total
from .registry import Registry, snake_case

constraints = Registry("constraint")
EPSILON = 1e-7


def named(*aliases: str):
    """A class becomes known under its name, under that name in snake case, and under ``aliases``."""
    return lambda cls: constraints.register(cls, snake_case(cls.__name__), *aliases)


class Constraint:
    """What all constraints share. A subclass has ``__call__(w)``, and ``get_config`` if it has arguments.

    >>> class Halved(lamina.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return w * 0.5
    >>> Halved()(np.array([2.0], "float32"))
    array([1.], dtype=float32)
    """

    def __call__(self, w):
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal constraint."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The constraint that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


def norms(w, axis):
    """Lengths along an axis, or several, which stay as 1."""
    return sqrt(total(square(w), tuple(axis) if isinstance(axis, list) else axis, keepdims=True))


def plain_axis(axis):
    """An axis as a configuration holds it."""
    return list(axis) if isinstance(axis, tuple) else axis


@named()
class MaxNorm(Constraint):
    """Vectors along ``axis`` (0: the weights into each unit of a Dense layer) at most ``max_value`` (2) long.

    Srivastava and others, "Dropout" (JMLR 15, 2014), section 5.1. For a Conv2D kernel take ``axis=[0, 1, 2]``.

    >>> lamina.constraints.MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]], "float32")).round(3)
    array([[0.6, 0.3],
           [0.8, 0.4]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis=0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w):
        length = norms(w, self.axis)
        return w * (minimum(length, float(self.max_value)) / (length + EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": plain_axis(self.axis)}


@named("non_negative")
class NonNeg(Constraint):
    """Negative weights become zero.

    >>> lamina.constraints.NonNeg()(np.array([-1.0, 2.0], "float32"))
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w):
        return maximum(w, 0.0)


@named()
class UnitNorm(Constraint):
    """Vectors along ``axis`` (0) brought to length 1.

    >>> lamina.constraints.UnitNorm()(np.array([[3.0], [4.0]], "float32")).round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (norms(w, self.axis) + EPSILON)

    def get_config(self) -> dict[str, Any]:
        return {"axis": plain_axis(self.axis)}


@named()
class MinMaxNorm(Constraint):
    """Vectors along ``axis`` (0) pulled to lengths within ``min_value`` (0) to ``max_value`` (1).

    ``rate`` (1) is how far they go at each step: 1 all the way, 0.1 a tenth of it. Raises ArgumentError where the
    bounds are in the wrong order.

    >>> lamina.constraints.MinMaxNorm(0.5, 1.0)(np.array([[3.0], [4.0]], "float32")).round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis=0):
        if not 0 <= min_value <= max_value:
            raise ArgumentError(message("MinMaxNorm has no lengths to choose", got=f"{min_value} to {max_value}",
                                        want="0 <= min_value <= max_value"))
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w):
        length = norms(w, self.axis)
        wanted = minimum(maximum(length, float(self.min_value)), float(self.max_value))
        wanted = wanted * float(self.rate) + length * (1.0 - float(self.rate))
        return w * (wanted / (length + EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate,
                "axis": plain_axis(self.axis)}


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm


def get(identifier):
    """The constraint for a name, a configuration, a class, or a function of one tensor; None for None.

    Raises ArgumentError for a name that is none.

    >>> lamina.constraints.get("max_norm")
    MaxNorm(max_value=2, axis=0)
    """
    return constraints.get(identifier)


def serialize(constraint):
    """The configuration of a constraint, as ``deserialize`` takes it."""
    return constraints.serialize(constraint)


def deserialize(config, custom_objects=None):
    """The constraint that ``serialize`` described."""
    return constraints.deserialize(config, custom_objects)
