"""Models within pickles, as joblib and multiprocessing make them: a model file each, and what of one's own it names."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ..registry import get_registered_name
from ..training.step import every_layer
from . import saving

if TYPE_CHECKING:
    from .model import Model


def pickled(model: Model) -> tuple[bytes, bytes, dict[str, Any]]:
    """The members of a model file, and the classes and functions that are not Lamina's by the names it has for them.

    FileFormatError for what no model file can hold, such as a ``Lambda`` layer.
    """
    description, weights = saving.encoded(model)
    text = description.decode()
    own = {get_registered_name(x): x for x in named_things(model) if x.__module__.partition(".")[0] != "lamina"}
    return description, weights, {name: x for name, x in own.items() if f'"{name}"' in text}


def unpickled(description: bytes, weights: bytes, own: dict[str, Any]) -> Model:
    """The model again, compiled as it was, with the state of its optimizer."""
    return saving.revived(description, weights, "the pickle", own)


def named_things(model: Model) -> Iterator[Any]:
    """The classes and functions that a model is made of: its layers, their parts, and what ``compile`` was told."""
    told = [model.optimizer, *leaves(model._training_state().arguments)] if model.compiled else []
    for owner in (model, *every_layer(model), *told):
        for x in (owner, *getattr(owner, "__dict__", {}).values()):
            if isinstance(x, FunctionType | type):
                yield x
            elif hasattr(x, "get_config"):
                yield type(x)


def leaves(value) -> list:
    """What stands in a nest of dicts and lists."""
    if not isinstance(value, dict | list | tuple):
        return [value]
    return [x for part in (value.values() if isinstance(value, dict) else value) for x in leaves(part)]
