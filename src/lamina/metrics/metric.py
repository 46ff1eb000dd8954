"""What all metrics share: state in variables, so that the training step keeps them up to date without Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import message
from ..losses.loss import apply_mask, is_float
from ..masks import mask_of
from ..op import as_value
from ..registry import snake_case
from ..trace import Variable


class Metric:
    """A measure that is gathered over batches.

    A subclass makes its state with ``add_variable``, and implements ``update_state`` and ``result`` with ops.

    dtype  of the state, float32 by default
    name   how it is called in a history; the class's name in snake case by default

    ``direction`` says what is better: "up", "down", or None where neither is.

    >>> class Largest(lamina.metrics.Metric):
    ...     def __init__(self, **options):
    ...         super().__init__(**options)
    ...         self.largest = self.add_variable((), "zeros", name="largest")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         error = lamina.ops.max(lamina.ops.abs(y_true - y_pred))
    ...         self.largest.assign(lamina.ops.maximum(self.largest, error))
    ...     def result(self):
    ...         return self.largest.value
    >>> float(Largest()(np.array([1.0, 2.0]), np.array([1.5, 0.0])))
    2.0
    """

    direction: str | None = None

    def __init__(self, dtype: str | None = None, name: str | None = None):
        self.name = name or snake_case(type(self).__name__)
        self.dtype = dtype or "float32"
        self._variables: list[Variable] = []
        self._initial: list[np.ndarray] = []

    def add_variable(
        self,
        shape=(),
        initializer: Any = "zeros",
        dtype: str | None = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A variable of state: ``initializer`` is a number, "zeros", "ones", or a function of (shape, dtype)."""
        dtype = dtype or self.dtype
        value = {"zeros": 0, "ones": 1, None: 0}[initializer] if isinstance(initializer, str | None) else initializer
        array = np.asarray(value(shape, dtype) if callable(value) else np.full(tuple(shape), value), dtype)
        variable = Variable(array, dtype=dtype, trainable=False, name=name or "state")
        variable.path = f"metrics/{self.name}/{variable.name}"
        self._variables.append(variable)
        self._initial.append(array)
        return variable

    def add_weight(
        self, shape=(), initializer: Any = "zeros", dtype: str | None = None, name: str | None = None
    ) -> Variable:
        """The same as ``add_variable``."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """All state, that of metrics among its attributes too."""
        inner = [
            m for v in vars(self).values() for m in (v if isinstance(v, list | tuple) else [v]) if isinstance(m, Metric)
        ]
        return [*self._variables, *(v for m in inner for v in m.variables)]

    def update_state(self, *args, **kwargs) -> None:
        """Takes in one batch; a subclass implements it."""
        raise NotImplementedError(
            message(
                f"{type(self).__name__} has no update",
                fix="implement update_state(self, y_true, y_pred, sample_weight=None)",
            )
        )

    def result(self):
        """The measure over all batches since the last ``reset_state``; a subclass implements it."""
        raise NotImplementedError(message(f"{type(self).__name__} has no result", fix="implement result(self)"))

    def reset_state(self) -> None:
        """Forgets all batches."""
        for variable, initial in zip(self._variables, self._initial, strict=True):
            variable.assign(initial)
        for m in vars(self).values():
            for inner in m if isinstance(m, list | tuple) else [m]:
                if isinstance(inner, Metric):
                    inner.reset_state()

    def __call__(self, *args, **kwargs):
        """``update_state``, then ``result``."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again, as plain literals."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The metric that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def float_of(x, dtype: str = "float32"):
    """A tensor as floats of the dtype of the state."""
    x = as_value(x)
    return x if str(x.dtype) == dtype and is_float(x) else ops.cast(x, dtype)


def unmasked(y_pred, sample_weight, dtype: str):
    """The sample weights, with 0 for what the layers have masked; None where all count alike."""
    if sample_weight is not None:
        sample_weight = ops.cast(as_value(sample_weight), dtype)
    return apply_mask(sample_weight, mask_of(y_pred), dtype, "sum")
