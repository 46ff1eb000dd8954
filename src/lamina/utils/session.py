"""What Keras keeps for the whole session: names of layers, names of element types, the switch for messages."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, message
from ..layers import Symbol, reset_names
from ..types import DTYPES

_interactive = [True]


def clear_session(free_memory: bool = True) -> None:
    """Counts the names of layers from the start again. There is no other global state to clear.

    >>> lamina.utils.clear_session()
    >>> lamina.layers.Dense(1).name
    'dense'
    """
    reset_names()


def is_keras_tensor(x) -> bool:
    """Whether x is a tensor of the functional API, without numbers.

    >>> lamina.utils.is_keras_tensor(lamina.Input((3,)))
    True
    """
    return isinstance(x, Symbol)


def standardize_dtype(dtype) -> str:
    """The name of an element type; "float32" for None. ArgumentError for one that Lamina does not have.

    >>> lamina.utils.standardize_dtype(np.dtype("int64"))
    'int64'
    """
    try:
        name = "float32" if dtype is None else dtype if isinstance(dtype, str) else str(np.dtype(dtype))
    except TypeError:
        name = repr(dtype)
    name = {"int": "int32", "float": "float32"}.get(name, name)
    if name not in DTYPES:
        raise ArgumentError(message("there is no such element type", got=repr(dtype), want=", ".join(DTYPES)))
    return name


def disable_interactive_logging() -> None:
    """Accepted; ``verbose`` of ``fit`` says what is printed."""
    _interactive[0] = False


def enable_interactive_logging() -> None:
    """Accepted; ``verbose`` of ``fit`` says what is printed."""
    _interactive[0] = True


def is_interactive_logging_enabled() -> bool:
    """What was said last; True at first."""
    return _interactive[0]
