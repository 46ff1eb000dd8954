"""Everything that a training is, in one file, and the newest sound file of a folder.

A checkpoint is a safetensors file: variables by number and path, arrays that callbacks hold, and one text with the
position, the callbacks' numbers and Lamina's version. It carries its own SHA-256, appears whole or not at all, and two
are kept: one that is torn (a disk that lies, a copy broken off) is renamed ``.bad``, reported and passed over.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import FileFormatError, LaminaWarning, message
from ..files import safetensors
from ..trace import Variable

NAME = re.compile(r"checkpoint-(\d{12})\.safetensors")
TENSOR = "__tensor__"
KEEP = 2


def save(folder: Path, number: int, variables: Sequence[Variable], state: dict[str, Any]) -> Path:
    """Writes checkpoint ``number`` and removes all but the newest two.

    state  plain numbers, texts, lists and dicts, with arrays anywhere among them
    """
    tensors = {f"variable/{i:05d}/{v.path}": v.array for i, v in enumerate(variables)}
    text = json.dumps({"lamina": __version__, "state": packed(state, tensors)}, sort_keys=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"checkpoint-{number:012d}.safetensors"
    safetensors.write(path, tensors, {"lamina.checkpoint": text}, digest=True)
    for old in found(folder)[KEEP:]:
        old.unlink(missing_ok=True)
    return path


def found(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the newest first."""
    names = [p for p in folder.iterdir() if NAME.fullmatch(p.name)] if folder.is_dir() else []
    return sorted(names, key=lambda p: p.name, reverse=True)


def load(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Variables by name, and state, of the newest checkpoint that is sound; None where there is none."""
    for path in found(folder):
        try:
            tensors, texts = safetensors.read(path, digest=True)
            state = unpacked(json.loads(texts["lamina.checkpoint"])["state"], tensors)
        except (FileFormatError, KeyError, ValueError) as problem:
            bad = path.with_name(path.name + ".bad")
            os.replace(path, bad)
            warnings.warn(
                LaminaWarning(
                    message(
                        "a checkpoint is damaged and is passed over",
                        got=str(problem).split("\n")[0],
                        fix=f"it is now called {bad.name}",
                    )
                ),
                stacklevel=2,
            )
            continue
        return {name: array for name, array in tensors.items() if name.startswith("variable/")}, state
    return None


def restore(variables: Sequence[Variable], saved: dict[str, np.ndarray], folder: Path) -> None:
    """The variables as they were saved; FileFormatError, before any is changed, where they are not the same ones."""
    mine = {f"variable/{i:05d}/{v.path}": v for i, v in enumerate(variables)}
    wrong = sorted(mine.keys() ^ saved.keys())
    wrong += [
        name
        for name, v in mine.items()
        if name in saved and (saved[name].shape, str(saved[name].dtype)) != (v.shape, v.dtype)
    ]
    if wrong:
        name = wrong[0]
        raise FileFormatError(
            message(
                f"the checkpoint in {folder.name} belongs to another model",
                want=str(mine.get(name, "no such variable")),
                got=f"{name.split('/', 2)[2]} {saved[name].dtype}{list(saved[name].shape)}"
                if name in saved
                else "no such variable",
                fix="train the model it was made by, or delete the folder",
            )
        )
    for name, variable in mine.items():
        variable.array[...] = saved[name]
        variable.version += 1


def packed(value, tensors: dict[str, np.ndarray]):
    """The value with its arrays moved into ``tensors``."""
    if isinstance(value, np.ndarray):
        name = f"array/{len(tensors):05d}"
        tensors[name] = value
        return {TENSOR: name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(k): packed(v, tensors) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [packed(v, tensors) for v in value]
    return value


def unpacked(value, tensors: dict[str, np.ndarray]) -> Any:
    """The value with its arrays again, as copies of their own."""
    if isinstance(value, dict):
        if set(value) == {TENSOR}:
            return np.array(tensors[value[TENSOR]])
        return {k: unpacked(v, tensors) for k, v in value.items()}
    return [unpacked(v, tensors) for v in value] if isinstance(value, list) else value


def clear(folder: Path) -> None:
    """Removes the checkpoints, and the folder if nothing else is in it."""
    for path in found(folder):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
