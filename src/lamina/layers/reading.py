"""What is read on the host, before the program runs: text is no tensor.

A layer that reads has two halves. ``read`` takes text (or whatever NumPy can hold) and gives an array of numbers;
``call`` takes that array as a node of the program. A model does the first half for each batch of data it is given, at
its door; its program sees the numbers only. See ``docs/decisions/0013-text-in-a-model.md``.
"""

from __future__ import annotations

from typing import Any

from ..errors import DtypeError, message
from ..graph import Node
from .symbol import Symbol, described, leaves

TEXT = "string"


def read_first(layer, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The arguments of a layer that reads, with numbers in place of text; they are left alone if that was done."""
    if any(isinstance(x, Node) for x in leaves((args, kwargs))):
        return args, kwargs
    args, kwargs = in_front(args, kwargs)
    return (layer.stand_in(args[0], layer.read(args[0])), *args[1:]), kwargs


def symbols_read(layer, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The same for symbols. DtypeError where text comes to a layer that computes with numbers."""
    if layer.reads_text:
        return (layer.stand_in(args[0], layer.read_symbols(args[0])), *args[1:]), kwargs
    for x in leaves((args, kwargs)):
        if isinstance(x, Symbol) and x.dtype == TEXT:
            raise DtypeError(
                message(
                    f"{layer.label} takes numbers, its input is text",
                    got=described(x),
                    fix="put TextVectorization, StringLookup or Hashing before it",
                    where=True,
                )
            )
    return args, kwargs


def in_front(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The input as the first argument, also where it was given by name."""
    if args or not kwargs:
        return args, kwargs
    first = "inputs" if "inputs" in kwargs else next(iter(kwargs))
    return (kwargs[first],), {k: v for k, v in kwargs.items() if k != first}
