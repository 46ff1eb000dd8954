"""A function of ``lamina.ops`` as a step of a functional model: what calling it on a ``Symbol`` makes."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..errors import ArgumentError, message
from ..op import OPS, Op
from .layer import Layer
from .naming import unique_name
from .symbol import Symbol, mapped

PICKS = ("get_item", "shape", "not_equal", "equal")  # who picks single steps, or asks, means it


class Operation(Layer):
    """A function of ``lamina.ops``, or an op, among the layers of a model.

    function  the function itself, or its name

    >>> x = lamina.Input((3,))
    >>> lamina.Model(x, lamina.ops.relu(x) + 1.0)(np.array([[-1.0, 0.0, 2.0]], "float32"))
    array([[1., 1., 3.]], dtype=float32)
    """

    lost_mask = "warn"  # its masks follow from the ops; see ``lamina.masks``
    autocast = False

    def __init__(self, function, name=None, **kwargs):
        self.function = function_named(function) if isinstance(function, str) else function
        super().__init__(name=name or unique_name(name_of(self.function).strip("_")), autocast=False, **kwargs)
        self.built = True
        if name_of(self.function) in PICKS:
            self.lost_mask = "ignore"

    def call(self, *args, **kwargs):
        return self.function(*args, **kwargs)

    def get_config(self):
        name = name_of(self.function)
        if name not in OPS and getattr(ops, name, None) is not self.function:
            raise ArgumentError(
                message(f"{self.label} is no function of lamina.ops, so a configuration cannot name it")
            )
        return {"name": self.name, "dtype": self.dtype, "function": name}


def name_of(function) -> str:
    return function.name if isinstance(function, Op) else function.__name__


def function_named(name: str):
    """A function of ``lamina.ops``, or an op, by its name; nothing else can be named."""
    if name in ops.__all__:
        return getattr(ops, name)
    if name in OPS:
        return OPS[name]
    raise ArgumentError(message(f"there is no function {name!r} in lamina.ops"))


def defer(self, function, args, kwargs):
    """Records a call of a function on symbols."""

    def arrays(x):
        return x if isinstance(x, Symbol) or not isinstance(x, np.ndarray) else np.array(x)

    return Operation(function)(*mapped(arrays, args), **mapped(arrays, kwargs))


Symbol.__lamina_defer__ = defer  # type: ignore[attr-defined]
