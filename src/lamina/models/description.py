"""``model.json``: what a model is, as data. Written the same way every time, read with every field checked.

    {"format": "lamina model", "version": 1, "lamina": "0.1.0",
     "model": {"class_name": …, "config": …}, "build": …, "compile": …,
     "inputs": [{"name", "shape", "dtype"}], "outputs": […],
     "class_names": […], "preprocessing": {…},
     "weights": [{"name", "shape", "dtype"}]}

It names classes that are registered, never modules; it holds no path, no time and no host.
"""

from __future__ import annotations

import json
from typing import Any

from ..errors import FileFormatError, message

FORMAT, VERSION = "lamina model", 1
LONGEST, DEEPEST, MOST_VALUES = 32 * 2**20, 64, 2_000_000
FIELDS: dict[str, tuple[type, ...]] = {
    "format": (str,),
    "version": (int,),
    "lamina": (str,),
    "model": (dict,),
    "build": (dict, list, type(None)),
    "compile": (dict, type(None)),
    "inputs": (list,),
    "outputs": (list,),
    "class_names": (list, type(None)),
    "preprocessing": (dict, type(None)),
    "weights": (list,),
}
LINE = {"name": str, "shape": list, "dtype": str}


def encode(fields: dict[str, Any]) -> bytes:
    """The bytes of a description: fields in their order, as the order of a model's outputs means something; no NaN.

    FileFormatError where something in it is not data.
    """
    try:
        text = json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise FileFormatError(
            message(
                "this model cannot be saved: its configuration is not data",
                got=str(problem),
                fix="let get_config give numbers, texts, lists and dictionaries only",
            )
        ) from None
    data = text.encode() + b"\n"
    if len(data) > LONGEST or values_in(fields) > MOST_VALUES:
        raise FileFormatError(
            message(
                "this model cannot be saved: its description is longer than a reader takes",
                got=f"{len(data)} bytes, {values_in(fields)} values",
                want=f"at most {LONGEST} bytes and {MOST_VALUES} values",
                fix="max_tokens= makes a vocabulary smaller",
            )
        )
    return data


def values_in(value) -> int:
    """How many values a nest of lists and dicts holds, itself among them."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return 1 + sum(values_in(v) for v in inner)


def decode(data: bytes, source: str) -> dict[str, Any]:
    """The description in these bytes, every field of the type that it must have."""
    try:
        fields = json.loads(data.decode("utf-8"), object_pairs_hook=without_repeats, parse_constant=no_constant)
    except RecursionError:
        raise refused(source, "it is nested too deeply", f"at most {DEEPEST} levels") from None
    except ValueError as problem:
        raise refused(source, f"it is no JSON ({problem})") from None
    check_depth(fields, source)
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise refused(source, "it does not describe a model", f'"format": "{FORMAT}"')
    if fields.get("version") != VERSION:
        raise refused(source, f"it has version {fields.get('version')!r}", f"version {VERSION}, or a newer Lamina")
    if set(fields) != set(FIELDS):
        wrong = sorted(set(fields) ^ set(FIELDS))
        raise refused(source, f"the field {wrong[0]!r} is {'not known' if wrong[0] in fields else 'missing'}")
    for name, types in FIELDS.items():
        if not isinstance(fields[name], types) or isinstance(fields[name], bool):
            raise refused(source, f"the field {name!r} is of another kind", " or ".join(t.__name__ for t in types))
    check_tables(fields, source)
    return fields


def check_tables(fields: dict[str, Any], source: str) -> None:
    """The lists of tensors, the names of the classes, and the outermost layer of the model's configuration."""
    for table in ("inputs", "outputs", "weights"):
        for line in fields[table]:
            if (
                not isinstance(line, dict)
                or set(line) != set(LINE)
                or any(not isinstance(line[k], t) for k, t in LINE.items())
            ):
                raise refused(source, f"a line of {table!r} is not made of name, shape and dtype")
            if any(n is not None and (type(n) is not int or n < 0) for n in line["shape"]):
                raise refused(source, f"the shape of {line['name']!r} in {table!r} is no list of sizes")
    if any(not isinstance(name, str) for name in fields["class_names"] or ()):
        raise refused(source, "the class names are not all texts")
    if (
        set(fields["model"]) != {"class_name", "config"}
        or not isinstance(fields["model"]["class_name"], str)
        or not isinstance(fields["model"]["config"], dict)
    ):
        raise refused(source, "the field 'model' is not made of class_name and config")


def without_repeats(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def no_constant(name: str):
    raise ValueError(f"{name} is no JSON number")


def check_depth(value, source: str) -> None:
    """Neither nested nor long beyond reason: what comes after may call itself for each level."""
    level, depth, count = [value], 0, 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > DEEPEST or count > MOST_VALUES:
            raise refused(
                source, "it is nested too deeply or too long", f"at most {DEEPEST} levels and {MOST_VALUES} values"
            )
        level = [
            inner for v in level if isinstance(v, dict | list) for inner in (v.values() if isinstance(v, dict) else v)
        ]


def refused(source: str, why: str, want: str | None = None) -> FileFormatError:
    return FileFormatError(message(f"{source} is no sound model file: model.json: {why}", want=want))
