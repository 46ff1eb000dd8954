"""Lamina: a neural-network framework you can see through.

Names are loaded when they are first used, so that ``import lamina`` costs nothing.
"""

import sys
from importlib import import_module

__version__ = "0.1.0"

# public name -> module that defines it (a module itself where the names are equal)
LAZY = {
    "grad": "lamina.trace",
    "value_and_grad": "lamina.trace",
    "Variable": "lamina.trace",
    "ops": "lamina.ops",
    "random": "lamina.random",
    "initializers": "lamina.initializers",
    "regularizers": "lamina.regularizers",
    "constraints": "lamina.constraints",
    "losses": "lamina.losses",
    "metrics": "lamina.metrics",
    "optimizers": "lamina.optimizers",
    "Loss": "lamina.losses",
    "Metric": "lamina.metrics",
    "Optimizer": "lamina.optimizers",
    "callbacks": "lamina.callbacks",
    "layers": "lamina.layers",
    "models": "lamina.models",
    "Input": "lamina.layers",
    "Layer": "lamina.layers",
    "Model": "lamina.models",
    "Sequential": "lamina.models",
    "InputSpec": "lamina.layers",
    "Initializer": "lamina.initializers",
    "Regularizer": "lamina.regularizers",
    "Callback": "lamina.callbacks",
    "activations": "lamina.activations",
    "datasets": "lamina.datasets",
    "data": "lamina.data",
    "files": "lamina.files",
    "insight": "lamina.insight",
    "saving": "lamina.saving",
    "utils": "lamina.utils",
    "keras": "lamina.keras",
    "load_model": "lamina.saving",
    "save_model": "lamina.saving",
    "explain": "lamina.insight",
    "formula": "lamina.insight",
    "show": "lamina.data.pictures",
    "errors": "lamina.errors",
    "set_num_threads": "lamina.backends.native",
    "get_num_threads": "lamina.backends.native",
}


def __getattr__(name: str):
    if name not in LAZY:
        raise AttributeError(f"module 'lamina' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    module = import_module(LAZY[name])
    value = module if LAZY[name] == f"lamina.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *LAZY])
