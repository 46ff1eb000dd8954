"""The modules of Keras as other names of Lamina's: ``lamina.keras.layers``, and ``keras.layers`` after ``install``."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from ..errors import TraceError, message

# a module of Keras -> the module of Lamina that it is
MODULES = {
    **{
        name: f"lamina.{name}"
        for name in (
            "activations",
            "callbacks",
            "constraints",
            "datasets",
            "initializers",
            "layers",
            "losses",
            "metrics",
            "models",
            "ops",
            "optimizers",
            "random",
            "regularizers",
            "saving",
            "utils",
        )
    },
    "backend": "lamina.keras.backend",
    "config": "lamina.keras.config",
    "mixed_precision": "lamina.keras.mixed_precision",
    "preprocessing": "lamina.keras.preprocessing",
    "tree": "lamina.keras.tree",
    "preprocessing.sequence": "lamina.keras.preprocessing",
}
OWN = "lamina.keras"


def meant(name: str) -> str | None:
    """The module of Lamina that a module of Keras is: one of MODULES, or what stands under it."""
    if name in MODULES:
        return MODULES[name]
    above, dot, last = name.rpartition(".")
    parent = meant(above) if dot else None
    return f"{parent}.{last}" if parent and find_spec(f"{parent}.{last}") else None


class Alias(MetaPathFinder, Loader):
    """Finds the modules of Keras under a prefix, and gives Lamina's in their place."""

    def __init__(self, prefix: str):
        self.prefix = prefix
        self.specs: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname, path=None, target=None):
        name = fullname.removeprefix(f"{self.prefix}.")
        if name == fullname or meant(name) in (None, fullname):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        module = import_module(meant(spec.name.removeprefix(f"{self.prefix}.")) or "")
        self.specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module):
        """Nothing to run: the module is made. The import system has written the alias into it, which goes again."""
        alias = module.__spec__
        assert alias is not None
        module.__spec__ = self.specs.pop(alias.name)


def install() -> None:
    """From now on ``import keras``, anywhere in this process, means ``lamina.keras``.

    Call it before anything imports Keras; TraceError if something has. Twice is as good as once.

    >>> import lamina.keras
    >>> lamina.keras.install()
    >>> from keras import layers
    >>> layers is lamina.layers
    True
    >>> lamina.keras.uninstall()
    """
    present = sys.modules.get("keras")
    if present is sys.modules[OWN]:
        return
    if present is not None or any(name.startswith("keras.") for name in sys.modules):
        raise TraceError(
            message(
                "Keras itself is imported already, so its name cannot mean Lamina any more",
                got=str(getattr(present, "__file__", present)),
                fix="call lamina.keras.install() first, before any import of keras",
                where=True,
            )
        )
    sys.modules["keras"] = sys.modules[OWN]
    sys.meta_path.insert(0, Alias("keras"))


def uninstall() -> None:
    """``import keras`` means Keras again. What was imported keeps its meaning."""
    if installed():
        sys.meta_path[:] = [f for f in sys.meta_path if not (isinstance(f, Alias) and f.prefix == "keras")]
        for name in [n for n in sys.modules if n == "keras" or n.startswith("keras.")]:
            del sys.modules[name]


def installed() -> bool:
    """Whether ``import keras`` means ``lamina.keras``."""
    return sys.modules.get("keras") is sys.modules[OWN]


sys.meta_path.insert(0, Alias(OWN))
