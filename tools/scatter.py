"""Prints the source files that know one op: `python tools/scatter.py tanh`. For an elementwise op they should be two.

A file knows the op if it holds its class, the line of its kernel (a macro in capitals with its name, in a table *.inc
or an isa*.cpp), or lists the op: a string that is a key or an element of a literal or stands in a comparison, a
name that an __init__.py imports one by one, a string in C++. Callers of the op, and defaults such as
activation="tanh", only use it.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def op_name(class_name: str) -> str:
    """As in lamina/op.py."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def op_classes(trees: dict[Path, ast.Module]) -> dict[str, tuple[Path, ast.ClassDef]]:
    """Every class below Op, by the op's name."""
    classes = [(path, n) for path, tree in trees.items() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    below = {"Op"}
    while more := {n.name for _, n in classes if {ast.unparse(b).split(".")[-1] for b in n.bases} & below} - below:
        below |= more
    return {op_name(node.name): (path, node) for path, node in classes if node.name in below}


def listings(tree: ast.Module, name: str, is_init: bool):
    """Lines where Python code lists the op by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            entries = node.keys
        elif isinstance(node, ast.List | ast.Set | ast.Tuple):
            entries = node.elts
        elif isinstance(node, ast.Compare):
            entries = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            entries = [node.value]
        else:
            if is_init and isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
                yield node.lineno
            continue
        yield from (e.lineno for e in entries if isinstance(e, ast.Constant) and e.value == name)


def kernel_of(node: ast.ClassDef) -> str | None:
    """The value of ``kernel = "…"`` in the class."""
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "kernel":
            return ast.literal_eval(line.value)
    return None


def main() -> int:
    if len(sys.argv) != 2:
        print("scatter: which op? make scatter OP=tanh")
        return 1
    name = sys.argv[1]
    trees = {p: ast.parse(p.read_text()) for p in sorted((ROOT / "src/lamina").rglob("*.py"))}
    defined = op_classes(trees).get(name)
    if not defined:
        print(f"scatter: no class below Op is registered as {name!r}")
        return 1
    found = [(defined[0], defined[1].lineno, f"class {defined[1].name}")]
    for path, tree in trees.items():
        found += [(path, line, "lists it") for line in listings(tree, name, path.name == "__init__.py")]
    kernel = re.escape(kernel_of(defined[1]) or name)
    line_of_kernel = re.compile(rf"\b[A-Z][A-Z0-9_]+\((?:[^()]*,)?\s*{kernel}\s*[,)]")
    for path in sorted(p for p in (ROOT / "native").rglob("*") if p.suffix in {".inc", ".h", ".cpp"}):
        tabular = path.suffix == ".inc" or path.name.startswith("isa")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if tabular and line_of_kernel.search(line) and not line.startswith("#"):
                found.append((path, number, "kernel line"))
            elif f'"{name}"' in line.split("//")[0]:
                found.append((path, number, "lists it"))
    for path, line, why in found:
        print(f"{path.relative_to(ROOT)}:{line}: {why}")
    files = len({path for path, _, _ in found})
    print(f"{files} file{'s' * (files != 1)} know {name!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
