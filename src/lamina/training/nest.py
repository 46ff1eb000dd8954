"""Nests of arrays: one, a list, or a dict of them, as inputs, targets and outputs come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

LEAF = ...


def is_array(value) -> bool:
    """Whether a value is one array of whatever library, and not a list of arrays."""
    return any(hasattr(value, name) for name in ("__array__", "__dlpack__", "__arrow_c_stream__", "__arrow_c_array__"))


def is_branch(value) -> bool:
    """Whether a value holds several arrays: a dict, a list or tuple with an array in it. A list of numbers is data."""
    return isinstance(value, dict) or (
        isinstance(value, list | tuple)
        and len(value) > 0
        and all(is_array(v) or is_branch(v) or v is None for v in value)
        and not all(isinstance(v, np.generic) or v is None for v in value)
    )


def flatten(value, name: str = "") -> tuple[Any, list[tuple[str, Any]]]:
    """The structure of a nest, and its leaves with their names: ``x``, ``x[0]``, ``x['age']``. None is no leaf."""
    found: list[tuple[str, Any]] = []

    def walk(value, name: str):
        if value is None:
            return None
        if isinstance(value, dict):
            return {key: walk(v, f"{name}[{key!r}]") for key, v in value.items()}
        if is_branch(value):
            return type(value)(walk(v, f"{name}[{i}]") for i, v in enumerate(value))
        found.append((name, value))
        return LEAF

    return walk(value, name), found


def unflatten(structure, leaves: Iterator):
    """The nest of a structure, its leaves taken in order."""
    if isinstance(structure, dict):
        return {key: unflatten(s, leaves) for key, s in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(unflatten(s, leaves) for s in structure)
    return None if structure is None else next(leaves)


def key_of(structure):
    """The structure as something that can be a key of a dict."""
    if isinstance(structure, dict):
        return ("dict", *((k, key_of(s)) for k, s in structure.items()))
    if isinstance(structure, list | tuple):
        return (type(structure).__name__, *(key_of(s) for s in structure))
    return structure is not None


def by_output(spec, names: list[str], what: str, complain: Callable) -> list:
    """What was said for each output: a dict by name, a list in order, or one thing for all of them.

    ``complain(text, got, want)`` is raised for a name that no output has, and for a list of another length.
    """
    if isinstance(spec, dict):
        for name in spec:
            if name not in names:
                raise complain(f"{what} names no output of the model", got=repr(name), want=", ".join(map(repr, names)))
        return [spec.get(name) for name in names]
    if isinstance(spec, list | tuple):
        if len(spec) != len(names):
            raise complain(
                f"{what} has another length than the model has outputs",
                got=str(len(spec)),
                want=f"{len(names)}: {', '.join(names)}",
            )
        return list(spec)
    return [spec] * len(names)
