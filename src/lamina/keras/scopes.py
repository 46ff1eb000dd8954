"""Names at the top of Keras that Lamina calls otherwise, or that mean nothing on one CPU."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from ..graph import scope
from ..layers import Symbol
from ..models import Model

KerasTensor = Symbol
Function = Model  # of symbols to symbols


def name_scope(name: str, caller=None) -> AbstractContextManager:
    """Nodes made inside of the ``with`` block stand under a name in the graph."""
    return scope(name)


def device(device_name: str) -> AbstractContextManager:
    """Accepted: everything is computed on the CPU."""
    return nullcontext()
