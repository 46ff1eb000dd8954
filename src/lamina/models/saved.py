"""The part of a model that writes it into files and reads weights from them."""

from __future__ import annotations

import os
from typing import Any

from .. import models  # its files that write files are loaded when they are first used


class Saved:
    """``save``, ``save_weights``, ``load_weights``, and the configuration of ``compile``.

    class_names    the names of the classes in the order of the outputs; goes into the file where it is set
    preprocessing  what was done to the data before, as a dict of plain data; goes into the file where it is set
    """

    class_names: list[str] | None = None
    preprocessing: dict[str, Any] | None = None

    def save(
        self, filepath: str | os.PathLike, overwrite: bool = True, zipped: bool = True, include_optimizer: bool = True
    ) -> None:
        """Writes the model into one file; see ``lamina.saving.save_model``."""
        models.saving.save_model(self, filepath, overwrite, include_optimizer, zipped)  # type: ignore[arg-type]

    def save_weights(self, filepath: str | os.PathLike, overwrite: bool = True) -> None:
        """Writes the weights into a ``.weights.safetensors`` or ``.npz`` file; see ``lamina.saving.save_weights``."""
        models.weight_files.save_weights(self, filepath, overwrite)  # type: ignore[arg-type]

    def load_weights(self, filepath: str | os.PathLike) -> None:
        """Takes the weights of such a file; see ``lamina.saving.load_weights``."""
        models.weight_files.load_weights(self, filepath)  # type: ignore[arg-type]

    def __reduce__(self):
        """For ``pickle``: the model as ``save`` writes it, and classes and functions that are not Lamina's."""
        return models.pickles.unpickled, models.pickles.pickled(self)  # type: ignore[arg-type]

    def get_compile_config(self) -> dict[str, Any] | None:
        """What ``compile`` was told, as data; None before."""
        return models.compile_config.encode(self)

    def compile_from_config(self, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> None:
        """Compiles the model as a configuration says."""
        models.compile_config.decode(self, config, custom_objects)
