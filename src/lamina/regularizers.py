"""Penalties on weights or outputs that are added to the loss, under Keras's names.

A regularizer is a function of a tensor that gives a scalar: on arrays it computes, on symbolic values it builds nodes.

>>> lamina.regularizers.get("l2")
L2(l2=0.01)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import ArgumentError, ShapeError, message, unknown
from .op import as_value
from .ops import abs as absolute
from .ops import matmul, normalize, square, transpose
from .ops import sum as total
from .ops.compare import equal, select
from .ops.create import iota
from .registry import Registry, snake_case

regularizers = Registry("regularizer")


def named(*aliases: str):
    """A class becomes known under its name, under that name in snake case, and under ``aliases``."""
    return lambda cls: regularizers.register(cls, snake_case(cls.__name__), *aliases)


class Regularizer:
    """What all regularizers share. A subclass has ``__call__(x)``, and ``get_config`` if it has arguments.

    >>> class Mean(lamina.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return 0.1 * lamina.ops.mean(x)
    >>> round(float(Mean()(np.array([1.0, 3.0], "float32"))), 3)
    0.2
    """

    def __call__(self, x):
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The regularizer that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


def factor(name: str, value, what: str) -> float:
    """The strength of a penalty: a finite number that is not negative."""
    if not isinstance(value, int | float | np.number) or not math.isfinite(value) or value < 0:
        raise ArgumentError(message(f"{name}: {what} is the strength of the penalty", got=f"{what}={value!r}",
                                    want="a finite number from 0 on"))
    return float(value)


@named("l1l2")
class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x²)``; both strengths default to 0.

    >>> round(float(lamina.regularizers.L1L2(l1=0.1, l2=0.01)(np.array([1.0, -2.0], "float32"))), 4)
    0.35
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = factor("L1L2", 0.0 if l1 is None else l1, "l1")
        self.l2 = factor("L1L2", 0.0 if l2 is None else l2, "l2")

    def __call__(self, x):
        terms = [self.l1 * total(absolute(x))] if self.l1 else []
        terms += [self.l2 * total(square(x))] if self.l2 else []
        return sum(terms[1:], terms[0]) if terms else total(as_value(x)) * 0.0

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@named()
class L1(Regularizer):
    """``l1 * sum(|x|)``, by default with 0.01: weights that do not help become exactly zero, or nearly.

    >>> round(float(lamina.regularizers.L1(0.1)(np.array([1.0, -2.0], "float32"))), 4)
    0.3
    """

    def __init__(self, l1: float = 0.01):
        self.l1 = factor("L1", 0.01 if l1 is None else l1, "l1")

    def __call__(self, x):
        return self.l1 * total(absolute(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@named()
class L2(Regularizer):
    """``l2 * sum(x²)``, by default with 0.01: weights stay small.

    >>> round(float(lamina.regularizers.L2(0.1)(np.array([1.0, -2.0], "float32"))), 4)
    0.5
    """

    def __init__(self, l2: float = 0.01):
        self.l2 = factor("L2", 0.01 if l2 is None else l2, "l2")

    def __call__(self, x):
        return self.l2 * total(square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@named("orthogonal")
class OrthogonalRegularizer(Regularizer):
    """``factor`` (0.01) times the mean |cosine| between any two rows of a matrix, or columns with ``mode="columns"``.

    Raises ShapeError for anything but a matrix, ArgumentError for another mode.

    >>> float(lamina.regularizers.OrthogonalRegularizer()(np.eye(3, dtype="float32")))
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor, self.mode = strength(factor), mode
        if mode not in ("rows", "columns"):
            raise unknown("mode of OrthogonalRegularizer", mode, ("rows", "columns"))

    def __call__(self, x):
        x = as_value(x)
        if len(x.shape) != 2:
            raise ShapeError(message("OrthogonalRegularizer looks at matrices only", got=f"{x.dtype}{list(x.shape)}",
                                     want="two dimensions"))
        rows = normalize(x if self.mode == "rows" else transpose(x), axis=1)
        n = rows.shape[0]
        cosines = matmul(rows, transpose(rows))
        diagonal = equal(iota(shape=(n, n), axis=0, dtype="int32"), iota(shape=(n, n), axis=1, dtype="int32"))
        pairs = max(n * (n - 1) / 2, 1.0)
        return total(absolute(select(diagonal, cosines * 0.0, cosines))) * (0.5 * self.factor / pairs)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def strength(value) -> float:
    """The factor of an OrthogonalRegularizer, whose own argument hides the function of that name."""
    return factor("OrthogonalRegularizer", value, "factor")


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer


def get(identifier):
    """The regularizer for a name, a configuration, a class, or a function of one tensor; None for None.

    Raises ArgumentError for a name that is none.

    >>> lamina.regularizers.get({"class_name": "L1", "config": {"l1": 0.5}})
    L1(l1=0.5)
    """
    return regularizers.get(identifier)


def serialize(regularizer):
    """The configuration of a regularizer, as ``deserialize`` takes it."""
    return regularizers.serialize(regularizer)


def deserialize(config, custom_objects=None):
    """The regularizer that ``serialize`` described."""
    return regularizers.deserialize(config, custom_objects)
