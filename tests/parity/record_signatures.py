"""Record how Keras 3 calls the arguments of its losses, metrics and optimizers: names, order and defaults."""

import inspect
import json

from recording import GOLDEN, keras, versions

FAMILIES = {
    "losses": keras.losses,
    "metrics": keras.metrics,
    "optimizers": keras.optimizers,
    "optimizers.schedules": keras.optimizers.schedules,
}


def arguments(item) -> list[list[str | None]]:
    """Each argument as its name and the text of its default, or None where it has none."""
    given = inspect.signature(item).parameters.values()
    named = [p for p in given if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [[p.name, None if p.default is p.empty else repr(p.default)] for p in named]


if __name__ == "__main__":
    found = {}
    for family, module in FAMILIES.items():
        for name in sorted(vars(module)):
            item = getattr(module, name)
            if not name.startswith("_") and callable(item):
                found[f"{family}.{name}"] = arguments(item)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(told)}" for name, told in found.items())
    text = f'{{"versions": {json.dumps(versions())},\n"signatures": {{\n{lines}\n}}}}\n'
    (GOLDEN / "signatures.json").write_text(text, encoding="utf-8")
