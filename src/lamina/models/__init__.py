"""Models, under Keras's names."""

from ..lazy import shown
from . import sequential as _sequential  # (files name its classes)

# file -> the names that it shows; `__init__.pyi` tells editors and type checkers the same
FILES = {
    "as_json": "model_from_json",
    "model": "Model clone_model",
    "saving": "load_model save_model",
    "sequential": "Sequential",
}

__getattr__, __dir__, __all__ = shown(__name__, FILES)
