"""A backend is a module with ``compile(bound) -> Program``: see ``program``. They are found by name."""

from __future__ import annotations

from types import ModuleType

from ..errors import unknown
from . import native, reference, xla
from .program import Bound, Program, Slot, write

BACKENDS: dict[str, ModuleType] = {"native": native, "reference": reference, "xla": xla}
DEFAULT = "native"


def backend_named(name: str | None) -> ModuleType:
    """The backend of that name; without one, the default."""
    if name is None:
        name = DEFAULT
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    return BACKENDS[name]


__all__ = ["BACKENDS", "DEFAULT", "Bound", "Program", "Slot", "backend_named", "write"]
