"""Models, under Keras's names."""

from .as_json import model_from_json
from .model import Model, clone_model
from .saving import load_model, save_model
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
