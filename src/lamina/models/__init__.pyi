"""For editors and type checkers: the names of ``FILES`` in ``__init__.py``."""

from . import compile_config as compile_config
from . import pickles as pickles
from . import saving as saving
from . import weight_files as weight_files
from .as_json import model_from_json as model_from_json
from .model import Model as Model
from .model import clone_model as clone_model
from .saving import load_model as load_model
from .saving import save_model as save_model
from .sequential import Sequential as Sequential

FILES: dict[str, str]
__all__: list[str]
