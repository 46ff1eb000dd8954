"""Names for the parts of one family (losses, metrics, optimizers, …), so that a configuration is data.

A family has one ``Registry``. Its ``get`` takes what a user writes: a name, a configuration, a class, an object.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from .errors import ArgumentError, message, unknown

_custom: ContextVar[dict[str, Any] | None] = ContextVar("lamina_custom_objects", default=None)


@contextmanager
def custom_object_scope(objects: dict[str, Any]):
    """Names of a user's own classes and functions that every family knows inside of the ``with`` block."""
    token = _custom.set({**(_custom.get() or {}), **objects})
    try:
        yield
    finally:
        _custom.reset(token)


_registered: dict[str, Any] = {}  # what a user registered for good, as "package>name"


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """Makes a class or function of one's own known by "package>name", so that files may name it without custom_objects.

    package  whose it is
    name     its name there; its name in Python unless given

    What is registered again under the same name takes its place. ArgumentError for a class without ``get_config``.

    >>> @lamina.saving.register_keras_serializable("shop")
    ... def twice(y_true, y_pred):
    ...     return 2 * lamina.ops.mean(lamina.ops.abs(y_true - y_pred), axis=-1)
    >>> lamina.saving.get_registered_name(twice)
    'shop>twice'
    >>> lamina.losses.get("shop>twice") is twice
    True
    """

    def register(item):
        if inspect.isclass(item) and not hasattr(item, "get_config"):
            fix = "write get_config, and __init__ or from_config that takes what it gives"
            raise ArgumentError(message(f"the class {item.__name__} does not say what it is made of", fix=fix))
        _registered[f"{package}>{name or item.__name__}"] = item
        return item

    return register


def get_custom_objects() -> dict[str, Any]:
    """What is registered for good, by name; a class or function put in is known to every family from then on.

    >>> lamina.saving.get_custom_objects()["Half"] = lambda x: x * 0.5
    >>> lamina.layers.Activation("Half")(np.array([4.0], "float32"))
    array([2.], dtype=float32)
    >>> del lamina.saving.get_custom_objects()["Half"]
    """
    return _registered


def get_registered_name(obj) -> str:
    """The name under which a class or function goes into files: "package>name" if registered, else its own.

    >>> lamina.saving.get_registered_name(lamina.layers.Dense)
    'Dense'
    """
    return next((name for name, item in _registered.items() if item is obj), None) or obj.__name__


def get_registered_object(name: str, custom_objects: dict[str, Any] | None = None):
    """The class or function of one's own that goes by a name, here or in ``custom_objects``; None if there is none.

    >>> lamina.saving.get_registered_object("shop>none") is None
    True
    """
    for names in (_custom.get() or {}, _registered, custom_objects or {}):
        if name in names:
            return names[name]
    return None


def snake_case(name: str) -> str:
    """``MeanSquaredError`` as ``mean_squared_error``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Registry:
    """The classes and functions of one family, by name.

    kind  what one of them is called in messages: "loss", "optimizer"
    face  the package that shows the family, where it loads its files only when their names are used
    """

    def __init__(self, kind: str, face: str | None = None):
        self.kind = kind
        self.face = face
        self.known: dict[str, Any] = {}

    def register(self, item, *aliases: str, name: str | None = None):
        """Makes a class or function known under its name, and under ``aliases``."""
        for key in (name or item.__name__, *aliases):
            assert self.known.setdefault(key, item) is item, f"two {self.kind}s are called {key!r}"
        return item

    def __call__(self, *aliases: str) -> Callable:
        """``@registry("mse")`` registers what follows under its own name and under "mse"."""
        return lambda item: self.register(item, *aliases)

    def find(self, name: str, custom_objects: dict[str, Any] | None = None, also: Iterable[str] = ()):
        """The class or function of a name, or an ArgumentError that says which names there are.

        also  names that the family knows elsewhere, for the message
        """
        for names in (custom_objects or {}, _custom.get() or {}, _registered, self.known):
            if name in names:
                return names[name]
        if self.face:
            face = import_module(self.face)
            for shown in [name] if name in face.__all__ else face.__all__:  # all of them: their bases are known too
                getattr(face, shown)
            if name in self.known:
                return self.known[name]
        raise unknown(
            self.kind, name, {*self.known, *also}, hint=f"pass the {self.kind} itself, or name it in custom_objects"
        )

    def get(self, identifier, custom_objects: dict[str, Any] | None = None):
        """The object for a name, a configuration, a class, a function or an object; None for None.

        A class is made without arguments; a function is given back as it is.
        """
        if isinstance(identifier, str):
            identifier = self.find(identifier, custom_objects)
        elif isinstance(identifier, dict):
            return self.deserialize(identifier, custom_objects)
        if inspect.isclass(identifier):
            return identifier()
        if identifier is None or callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        want = f"the name of a {self.kind}, its configuration, a class, a function or an object"
        raise ArgumentError(message(f"this is no {self.kind}", got=repr(identifier), want=want))

    def serialize(self, item):
        """The name of a function, or a class name with a configuration: what ``deserialize`` needs."""
        if item is None or isinstance(item, str):
            return item
        if hasattr(item, "get_config"):
            return {"class_name": get_registered_name(type(item)), "config": item.get_config()}
        return get_registered_name(item)

    def deserialize(self, config, custom_objects: dict[str, Any] | None = None):
        """The item that ``serialize`` described; names are looked up here and in ``custom_objects``, nowhere else."""
        if not isinstance(config, dict):
            return self.get(config, custom_objects)
        if "class_name" not in config:
            raise ArgumentError(
                message(
                    f"the configuration of a {self.kind} names no class",
                    got=str(sorted(config)),
                    want="class_name and config",
                )
            )
        made: Any = self.find(config["class_name"], custom_objects)
        if not inspect.isclass(made):
            return made
        arguments, make = dict(config.get("config") or {}), getattr(made, "from_config", None)
        with custom_object_scope(custom_objects or {}):
            return made(**arguments) if make is None else make(arguments)
