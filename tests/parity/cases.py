"""Load golden values: `load("layers")` gives the cases of `golden/layers.json` with their arrays."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    """One recorded case. Its fields are attributes (`case.outputs`, `case.class_name`); one it lacks is None."""

    id: str
    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.fields.get("class" if name == "class_name" else name)

    def __str__(self) -> str:
        return self.id

    def build(self, *modules: ModuleType) -> Any:
        """Make the object of this case from the first of the modules that has its class."""
        return build({"class": self.class_name, "config": self.config}, *modules)


def build(spec: Any, *modules: ModuleType) -> Any:
    """Make what a spec describes: {"class": ..., "config": ...} becomes an object, nested ones first."""
    if isinstance(spec, dict):
        made = {key: build(value, *modules) for key, value in spec.items()}
        if set(made) != {"class", "config"}:
            return made
        owner = next((module for module in modules if hasattr(module, made["class"])), None)
        if owner is None:
            raise LookupError(f"no module given here has {made['class']}")
        return getattr(owner, made["class"])(**made["config"])
    return _sequence([build(value, *modules) for value in spec]) if isinstance(spec, list) else spec


def load(stem: str) -> list[Case]:
    """Return all cases of one golden file. The arrays are read-only: cases share them."""
    header, arrays = _read(stem)
    return [Case(case["id"], _resolve(case, arrays)) for case in header["cases"]]


@cache
def _read(stem: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    header = json.loads((GOLDEN / f"{stem}.json").read_text(encoding="utf-8"))
    with np.load(GOLDEN / f"{stem}.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    for array in arrays.values():
        array.flags.writeable = False
    return header, arrays


def _resolve(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Put arrays for their names."""
    if isinstance(value, dict):
        return {key: _resolve(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return _sequence([_resolve(item, arrays) for item in value])
    return arrays.get(value, value) if isinstance(value, str) else value


def _sequence(items: list[Any]) -> list[Any] | tuple[int, ...]:
    """Make a list of ints a tuple: JSON has no tuples, and sizes and axes are tuples everywhere."""
    return tuple(items) if items and all(type(item) is int for item in items) else items
