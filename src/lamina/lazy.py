"""A package that shows the names of its files, and loads a file when one of its names is first used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def shown(package: str, files: dict[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    files  the names that each file shows, with blanks between them
    """
    homes = {name: file for file, names in files.items() for name in names.split()}

    def get(name: str):
        if name in homes:
            value = getattr(import_module(f"{package}.{homes[name]}"), name)
        elif name.isidentifier() and not name.startswith("_") and find_spec(f"{package}.{name}"):
            value = import_module(f"{package}.{name}")
        else:
            said = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(said, name=name, obj=sys.modules[package])  # with these Python suggests what was meant
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *homes}), sorted(homes)
