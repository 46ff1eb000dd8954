"""How a public function treats the symbolic tensors of the functional API, which have no batch size yet."""

from __future__ import annotations

import functools

from ..graph import Node

NEVER = (Node, int, float, str, bool, type(None))  # the kinds of most arguments


def deferred(function, args, kwargs):
    """What a symbolic tensor among the arguments makes of the call, or None where there is none.

    Such a tensor has a method ``__lamina_defer__(function, args, kwargs)``; lists of tensors are looked into.
    """
    for value in (*args, *kwargs.values()):
        if type(value) in NEVER:
            continue
        for x in value if isinstance(value, list | tuple) else (value,):
            if hasattr(x, "__lamina_defer__"):
                return x.__lamina_defer__(function, args, kwargs)
    return None


def public(function):
    """A function of ``lamina.ops``: on symbolic tensors it becomes a step of the functional model."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        later = deferred(wrapper, args, kwargs)
        return function(*args, **kwargs) if later is None else later

    return wrapper
