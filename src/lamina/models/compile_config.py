"""What ``compile`` was told, as data, and back: losses, metrics and optimizers by their registered names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import losses, metrics, optimizers
from ..errors import ArgumentError, message
from ..registry import custom_object_scope

PLAIN = ("loss_weights", "run_eagerly", "lint")


def encode(model) -> dict[str, Any] | None:
    """The arguments of ``compile`` as data; None for a model that is not compiled.

    ArgumentError for a loss or metric that has no name of its own.
    """
    if not model.compiled:
        return None
    told = model._state.arguments
    found = {name: told[name] for name in PLAIN}
    found["optimizer"] = optimizers.serialize(model.optimizer)
    found["loss"] = nest(told["loss"], lambda x: item(x, "loss", losses.serialize))
    for name in ("metrics", "weighted_metrics"):
        found[name] = nest(told[name], lambda x: item(x, "metric", metrics.serialize))
    return found


def decode(model, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> None:
    """Compiles the model as ``encode`` told it."""
    with custom_object_scope(custom_objects or {}):
        model.compile(
            optimizer=optimizers.deserialize(config["optimizer"]),
            loss=revived(config["loss"], losses.get),
            metrics=revived(config["metrics"], metrics.get),
            weighted_metrics=revived(config["weighted_metrics"], metrics.get),
            **{name: config[name] for name in PLAIN},
        )


def item(x, kind: str, serialize: Callable):
    """One loss or metric: its name, or class name and configuration."""
    if x is None or isinstance(x, str):
        return x
    made = serialize(x() if isinstance(x, type) else x)
    if made == "<lambda>":
        raise ArgumentError(
            message(
                f"a {kind} without a name cannot be written into a file",
                got=repr(x),
                fix="define it with def, and pass it to load_model in custom_objects",
            )
        )
    return made


def nest(value, of: Callable):
    """A thing for all outputs, a list in order or a dict by name; a dict is marked, for a configuration is one too."""
    if isinstance(value, dict):
        return {"by_name": {name: nest(v, of) for name, v in value.items()}}
    if isinstance(value, list | tuple):
        return [nest(v, of) for v in value]
    return of(value)


def revived(value, get: Callable):
    """What ``nest`` encoded. A name stays a name: what it means depends on the shapes of the outputs."""
    if isinstance(value, list):
        return [revived(v, get) for v in value]
    if isinstance(value, dict) and set(value) == {"by_name"}:
        return {name: revived(v, get) for name, v in value["by_name"].items()}
    return get(value) if isinstance(value, dict) else named(value, get)


def named(name, get: Callable):
    """A name that only ``custom_objects`` knows is looked up at once, as they are forgotten after loading."""
    if name is None or name.lower() in ("accuracy", "acc", "crossentropy", "ce"):
        return name
    found = get(name)
    return name if getattr(found, "__module__", type(found).__module__).startswith("lamina.") else found
