"""Record every public name of Keras 3: what it is, and how it calls its arguments. docs/keras.md is made of it."""

import inspect
import json
import types

from record_signatures import arguments
from recording import GOLDEN, keras, versions

PRIVATE = {"src"}


def described(item) -> dict:
    """Class, function or other object, and its arguments where it tells them."""
    kind = "class" if inspect.isclass(item) else "function" if callable(item) else "object"
    try:
        told = arguments(item.__init__ if kind == "class" else item) if callable(item) else None
    except (TypeError, ValueError):
        told = None
    if kind == "class" and told:
        told = told[1:]  # without self
    return {"kind": kind, "arguments": told}


def public(module, path: str = ""):
    """(dotted name, object) of everything public in a module and in the modules in it."""
    for name in sorted(dir(module)):
        item = getattr(module, name)
        if name.startswith("_") or name in PRIVATE:
            continue
        if not isinstance(item, types.ModuleType):
            yield f"{path}{name}", item
        elif item.__name__ == f"keras.{path}{name}":
            yield from public(item, f"{path}{name}.")


if __name__ == "__main__":
    found = {name: described(item) for name, item in public(keras)}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(told)}" for name, told in found.items())
    text = f'{{"versions": {json.dumps(versions())},\n"names": {{\n{lines}\n}}}}\n'
    (GOLDEN / "names.json").write_text(text, encoding="utf-8")
