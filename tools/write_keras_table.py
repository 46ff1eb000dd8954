"""Writes the table of docs/keras.md: every public name of Keras, and what Lamina has under it.

The names and arguments of Keras are those that tests/parity/record_names.py recorded; those of Lamina are read from
`lamina.keras`. Reasons stand in tools/keras_reasons.py. `python tools/write_keras_table.py --check` only looks.
"""

import ast
import inspect
import json
import sys
from fnmatch import fnmatchcase
from functools import reduce
from itertools import groupby
from pathlib import Path

import lamina.keras
from keras_reasons import ARGUMENTS, DIFFERS, MISSING

ROOT = Path(__file__).parent.parent
NAMES = ROOT / "tests/parity/golden/names.json"
PAGE = ROOT / "docs/keras.md"
MARK = "<!-- From here on written by tools/write_keras_table.py. -->\n"
MANY = 30  # names of one row; of more it gives the pattern and the number
ABSENT = object()


def reason(table: dict[str, str], name: str) -> tuple[str, str] | None:
    """The first pattern that fits a name, and what it says."""
    return next(((pattern, why) for pattern, why in table.items() if fnmatchcase(name, pattern)), None)


def found(name: str):
    """Lamina's object of a name of Keras."""
    try:
        return reduce(getattr, name.split("."), lamina.keras)
    except AttributeError:
        return ABSENT


def arguments(item) -> tuple[dict[str, str | None], bool] | None:
    """Each argument with the text of its default (None: it has none), and whether they go by position only."""
    makers = [c.__init__ for c in item.__mro__ if "__init__" in c.__dict__] if inspect.isclass(item) else [item]
    named: dict[str, str | None] = {}
    for i, maker in enumerate(makers):  # what a class takes as **kwargs goes to the class it derives from
        try:
            given = list(inspect.signature(maker).parameters.values())[1 if inspect.isclass(item) else 0 :]
        except (TypeError, ValueError):
            return None
        for p in given:
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
                named.setdefault(p.name, None if p.default is p.empty else repr(p.default))
        kinds = {p.kind for p in given}
        if i == 0 and inspect.Parameter.VAR_POSITIONAL in kinds and not named:
            return named, True
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            break
    return named, False


def compared(item, recorded) -> tuple[str, str]:
    """What is not as in Keras about the arguments, and why; "" where they are alike."""
    ours = arguments(item) if callable(item) else None
    if ours is None or not recorded:
        return "", ""
    named, by_position = ours
    if by_position:
        return "by position only", "`f(x)`, not `f(x=x)`"
    missing = [n for n, _ in recorded if n not in named]
    notes = ["without " + ", ".join(f"`{n}`" for n in missing)] if missing else []
    for name, default in recorded:
        if name in named and plain(default) != plain(named[name]):
            notes.append(f"`{name}`: " + ("no default" if named[name] is None else f"`{named[name]}`"))
    return "; ".join(notes), "; ".join(dict.fromkeys(ARGUMENTS.get(name, "later") for name in missing))


def plain(default: str | None) -> str | None:
    """A default as text, without what means the same: 1.0 and 1 and (1, 1), "Zeros" and "zeros", objects."""
    if default is None or " object at " in default or default.startswith("<"):
        return None
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return default.lower()
    while isinstance(value, tuple | list) and value and all(v == value[0] for v in value):
        value = value[0]
    return str(value).lower() if not isinstance(value, int | float) or isinstance(value, bool) else repr(float(value))


def rows() -> list[tuple[str, str, str, str, str, str]]:
    """(namespace, state, name, arguments, reason, pattern) of every name; KeyError for one that nobody explains."""
    made = []
    recorded = json.loads(NAMES.read_text(encoding="utf-8"))["names"]
    for name, told in recorded.items():
        space = name.rpartition(".")[0]
        item = found(name)
        if item is ABSENT:
            why = reason(MISSING, name)
            if why is None:
                raise KeyError(f"{name} is missing in Lamina: implement it, or say why in tools/keras_reasons.py")
            made.append((space, "not yet", name, "", why[1], why[0]))
            continue
        notes, because = compared(item, told["arguments"])
        why = reason(DIFFERS, name)
        state = "differs" if notes or why else "supported"
        made.append((space, state, name, notes, "; ".join(filter(None, (because, why[1] if why else ""))), ""))
    return made


def shown(names: list[str], pattern: str) -> str:
    short = [f"`{name.rpartition('.')[2]}`" for name in names]
    return ", ".join(short) if len(names) <= MANY or not pattern else f"`{pattern}`: {len(names)} names"


def table() -> str:
    """The text of the table."""
    every = rows()
    counts = {state: sum(row[1] == state for row in every) for state in ("supported", "differs", "not yet")}
    of_all = ", ".join(f"{count} {state}" for state, count in counts.items())
    lines = [f"Keras {lamina.keras.KERAS_VERSION} has {len(every)} public names: {of_all}.", ""]
    order = {"supported": 0, "differs": 1, "not yet": 2}

    def place(row):
        whole = row[5] if row[5].endswith(".*") and row[5].count(".") == 1 else ""
        return whole.removesuffix(".*") or row[0]

    for space, group in groupby(sorted(every, key=lambda r: (place(r), order[r[1]], r[3], r[4], r[2])), place):
        lines += [f"## {'keras.' + space if space else 'keras'}", "", "| name | arguments | state | reason |"]
        lines += ["|---|---|---|---|"]
        for (state, notes, why, pattern), same in groupby(group, lambda r: (r[1], r[3], r[4], r[5])):
            names = [row[2] for row in same]
            note = notes or ("as in Keras" if state != "not yet" else "")
            lines.append(f"| {shown(names, pattern)} | {note} | {state} | {why} |")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    head, mark, before = PAGE.read_text(encoding="utf-8").partition(MARK)
    after = "\n" + table()
    if "--check" in sys.argv:
        return int(not mark or before != after)
    PAGE.write_text(head + MARK + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
