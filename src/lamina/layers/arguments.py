"""The arguments a layer is made with: what they may be, and how they are told as plain data."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..errors import ArgumentError, message, unknown
from ..registry import get_registered_name
from ..types import DTYPES
from .symbol import Symbol
from .tracking import Tracked

OWN = ("name", "trainable", "dtype", "autocast")  # of every layer; get_config tells them first


def checked_dtype(dtype) -> str:
    dtype = "float32" if dtype is None else str(dtype) if isinstance(dtype, str) else str(np.dtype(dtype))
    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES, hint="weights are float32 or float64")
    return dtype


def first_shape(kwargs: dict[str, Any]):
    """The shape with the batch that the arguments input_shape, batch_input_shape or input_dim say."""
    if kwargs.get("batch_input_shape") is not None:
        return tuple(kwargs["batch_input_shape"])
    shape = kwargs.get("input_shape")
    if shape is None and kwargs.get("input_dim") is not None:
        shape = (kwargs["input_dim"],)
    return None if shape is None else (kwargs.get("batch_size"), *((shape,) if isinstance(shape, int) else shape))


def is_shape(value) -> bool:
    return isinstance(value, list | tuple) and all(n is None or isinstance(n, int | np.integer) for n in value)


def as_shape(value):
    """Lists of sizes as tuples, at any depth: what a configuration read from a file needs."""
    if is_shape(value):
        return tuple(value)
    return {k: as_shape(v) for k, v in value.items()} if isinstance(value, dict) else [as_shape(v) for v in value]


def shapes_to_symbols(value, dtype: str):
    """Symbols for shapes, at any depth of lists and dicts."""
    if isinstance(value, Symbol) or value is None:
        return value
    if is_shape(value):
        return Symbol(value, dtype)
    if isinstance(value, dict):
        return {k: shapes_to_symbols(v, dtype) for k, v in value.items()}
    return [shapes_to_symbols(v, dtype) for v in value]


def known_arguments(cls) -> dict[str, None]:
    """The names of all arguments that a class of layers takes, its own first."""
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if issubclass(base, Tracked) and "__init__" in base.__dict__:
            found = list(inspect.signature(base.__init__).parameters.values())[1:]
            names |= {p.name: None for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
            if not any(p.kind is p.VAR_KEYWORD for p in found):
                break
    return names


def arguments_of(layer) -> dict[str, Any]:
    """The arguments that a layer was made with, or the attributes of the same names."""
    args, kwargs = layer._arguments
    bound = inspect.signature(type(layer).__init__).bind(layer, *args, **kwargs)
    bound.apply_defaults()
    given = dict(list(bound.arguments.items())[1:]) | bound.arguments.get("kwargs", {})
    result = {}
    for key in known_arguments(type(layer)):
        if key in OWN:
            continue
        value = layer.__dict__.get(key, given.get(key, inspect.Parameter.empty))
        if value is not inspect.Parameter.empty and not (key == "activity_regularizer" and value is None):
            result[key] = value
    if layer._first_shape is not None:
        result["batch_input_shape"] = layer._first_shape
    return result


def plain(value):
    """A value of a configuration as data: objects as class name and configuration, functions by name."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if hasattr(value, "get_config") and not isinstance(value, type):
        return {"class_name": get_registered_name(type(value)), "config": value.get_config()}
    if getattr(value, "__module__", "").startswith("lamina.") and hasattr(value, "__name__"):
        return value.__name__
    raise ArgumentError(message("this is not data", got=repr(value)))
