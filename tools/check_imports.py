"""Imports point one way and stand at the top. The order is the list below: a module may import from its own line and
from the lines above it. (gradients asks each op by name and imports none; the derivative of scan imports it.)

Imports under ``if TYPE_CHECKING:`` only serve the reader and are free. ``lamina/__init__.py`` is lazy and is free too.
"""

import ast
import sys
from pathlib import Path

ORDER = [
    "_native",
    "types",
    "errors",
    "lazy registry files",
    "signature",
    "graph",
    "op",
    "gradients",
    "ops",
    "composite composites",
    "passes",
    "backends",
    "trace",
    "lint masks",
    "random activations initializers regularizers constraints",
    "layers losses metrics optimizers",
    "models training callbacks saving",
    "data datasets insight interop sklearn distribution utils",
    "keras",
    "cli studio __main__",
]
FACES = {"lamina/ops/__init__.py": "composites"}  # Keras's name for a place; it shows things from further down
RANK = {name: rank for rank, line in enumerate(ORDER) for name in line.split()}
SOURCE = Path(__file__).parent.parent / "src"


def layer_of(parts: list[str]) -> str:
    """The entry of ORDER that the module ``parts`` belongs to: ["lamina", "graph", "passes", "fold"] is in passes."""
    return "passes" if parts[1:3] == ["graph", "passes"] else parts[1]


def targets(node: ast.AST, package: list[str]) -> list[list[str]]:
    """The modules of Lamina that an import statement in ``package`` asks for."""
    if isinstance(node, ast.Import):
        found = [alias.name.split(".") for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        start = package[: len(package) - node.level + 1] if node.level else []
        base = start + (node.module.split(".") if node.module else [])
        found = [[*base, alias.name] for alias in node.names]
    else:
        return []
    return [parts for parts in found if parts[0] == "lamina" and parts[1:] != ["__version__"]]


def imports(tree: ast.AST, inside: bool = False):
    """(statement, stands in a function) for every import that runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, inside
        yield from imports(node, inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))


def complaints(path: Path) -> list[str]:
    module = list(path.relative_to(SOURCE).with_suffix("").parts)
    package = module[:-1]
    here = FACES.get(path.relative_to(SOURCE).as_posix(), layer_of(module))
    if here not in RANK:
        return [f"{path.relative_to(SOURCE)}: {here} has no place in ORDER; give it one in tools/check_imports.py"]
    found = []
    for node, inside in imports(ast.parse(path.read_text(), str(path))):
        for target in targets(node, package):
            place = f"{path.relative_to(SOURCE)}:{node.lineno}"
            if inside:
                found.append(f"{place}: imports {'.'.join(target)} inside a function; our own imports stand at the top")
            if len(target) < 2 or (there := layer_of(target)) not in RANK:
                found.append(f"{place}: imports {'.'.join(target)}, which has no place in ORDER")
            elif RANK[there] > RANK[here]:
                found.append(f"{place}: imports {there} ({here} may not know {there})")
    return found


def main() -> int:
    files = [p for p in sorted(SOURCE.rglob("*.py")) if p != SOURCE / "lamina/__init__.py"]
    found = [line for path in files for line in complaints(path)]
    print("\n".join(f"imports: {line}" for line in found) or f"imports: {len(files)} modules, all point one way")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
