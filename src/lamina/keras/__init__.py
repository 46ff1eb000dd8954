"""Keras's names for what Lamina has: ``import lamina.keras as keras`` in place of ``import keras``.

Everything here is Lamina's own object, not a copy: ``lamina.keras.layers`` is ``lamina.layers``. Names are loaded when
they are first used. ``install()`` lets files that say ``import keras`` run unchanged. ``docs/keras.md`` is the table
of what there is, what differs, and what is missing.
"""

import sys
from importlib import import_module

from .aliases import MODULES, install, installed, uninstall

KERAS_VERSION = "3.15.0"  # whose names these are; the table in docs/keras.md was made from it
__version__ = KERAS_VERSION

# public name -> module that defines it
LAZY = {
    "Initializer": "lamina.initializers",
    "Input": "lamina.layers",
    "InputSpec": "lamina.layers",
    "Layer": "lamina.layers",
    "Loss": "lamina.losses",
    "Metric": "lamina.metrics",
    "Model": "lamina.models",
    "Operation": "lamina.layers",
    "Optimizer": "lamina.optimizers",
    "Regularizer": "lamina.regularizers",
    "Sequential": "lamina.models",
    "Variable": "lamina.trace",
    "Function": "lamina.keras.scopes",
    "KerasTensor": "lamina.keras.scopes",
    "device": "lamina.keras.scopes",
    "name_scope": "lamina.keras.scopes",
}


def version() -> str:
    """The version of Keras whose names these are."""
    return KERAS_VERSION


def __getattr__(name: str):
    if name in MODULES:
        value = import_module(f"lamina.keras.{name}")
    elif name in LAZY:
        value = getattr(import_module(LAZY[name]), name)
    else:
        said = f"module 'keras' has no attribute {name!r} in Lamina; docs/keras.md lists what it has"
        raise AttributeError(said, name=name, obj=sys.modules[__name__])
    globals()[name] = value
    return value


def __dir__():
    own = ("install", "installed", "uninstall", "version", "__version__")
    return sorted([*own, *LAZY, *(name for name in MODULES if "." not in name)])
