"""A graph as text, and back: ``parse(str(graph))`` is the same graph.

    graph(%x: float32[2,3], %w: float32[3,4])
      %2 = matmul %x %w: float32[2,4]  @dense
      return %2

Attributes are Python literals (``inf`` and ``nan`` included); one that is a graph follows as an indented block.
"""

from __future__ import annotations

import ast
import math
import re

from ..types import Type
from .node import Graph, Node, placeholder

LINE = re.compile(r"%(\w+) = (\w+)((?: %\w+)*)(?: \{(.*)\})?: ([^@]+?)(?:  @(\S+))?")


def to_text(graph: Graph, indent: str = "", head: str = "graph") -> str:
    """The graph, one node a line."""
    names: dict[Node, str] = {}
    taken: set[str] = set()
    for i, n in enumerate(graph.inputs):
        name = n.name if re.fullmatch(r"[A-Za-z_]\w*", n.name) and n.name not in taken else str(i)
        taken.add(name)
        names[n] = f"%{name}"
    lines = [f"{indent}{head}({', '.join(f'{names[n]}: {n.type}' for n in graph.inputs)})"]
    for i, n in enumerate(graph.nodes, len(graph.inputs)):
        names[n] = f"%{i}"
        assert n.op is not None
        blocks = {k: v for k, v in n.attrs.items() if isinstance(v, Graph)}
        plain = ", ".join(f"{k}={v!r}" for k, v in n.attrs.items() if k not in blocks)
        types = ", ".join(map(str, n.types))
        call = " ".join([n.op.name, *(names[x] for x in n.inputs)])
        lines.append(
            f"{indent}  {names[n]} = {call}{' {' + plain + '}' if plain else ''}: "
            f"{types if len(n.types) == 1 else f'({types})'}{'  @' + n.path if n.path else ''}"
        )
        lines += [to_text(block, indent + "    ", key) for key, block in blocks.items()]
    lines.append(f"{indent}  return {' '.join(names[n] for n in graph.outputs)}".rstrip())
    return "\n".join(lines)


def parse(text: str, ops: dict) -> Graph:
    """The graph that prints as ``text``; ``ops`` maps names to ops."""
    lines = text.splitlines()
    graph, end = _parse_block(lines, 0, ops)
    assert end == len(lines), f"text after the graph: {lines[end]!r}"
    return graph


def _parse_block(lines: list[str], start: int, ops: dict) -> tuple[Graph, int]:
    indent = len(lines[start]) - len(lines[start].lstrip())
    env: dict[str, Node] = {}
    for name, type in re.findall(r"%(\w+): (\w+\[[\d,]*\])", lines[start]):
        env[name] = placeholder(Type.parse(type), "" if name.isdigit() else name)
    inputs = list(env.values())
    i = start + 1
    while not (line := lines[i].strip()).startswith("return"):
        match = LINE.fullmatch(line)
        assert match, f"not a node: {line!r}"
        name, op, args, attrs, types, path = match.groups()
        values = literal_attributes(attrs or "")
        i += 1
        while len(lines[i]) - len(lines[i].lstrip()) == indent + 4:
            key = lines[i].strip().split("(")[0]
            values[key], i = _parse_block(lines, i, ops)
        node = ops[op].node([env[a[1:]] for a in args.split()], values)
        node.path = path or ""
        wanted = tuple(Type.parse(t) for t in re.findall(r"\w+\[[\d,]*\]", types))
        assert node.types == wanted, f"{line}: inferred {node.types}"
        env[name] = node
    outputs = [env[n[1:]] for n in line.split()[1:]]
    return Graph(inputs, outputs), i + 1


def literal_attributes(text: str) -> dict:
    """``axis=0, value=-inf`` as a dictionary; nothing but literals is accepted, and nothing is executed."""
    call = ast.parse(f"attributes({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {k.arg: _literal(k.value) for k in call.keywords if k.arg is not None}


def _literal(tree: ast.AST):
    if isinstance(tree, ast.Name) and tree.id in ("inf", "nan"):
        return math.inf if tree.id == "inf" else math.nan
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        value = _literal(tree.operand)
        assert isinstance(value, int | float)
        return -value
    if isinstance(tree, ast.Tuple):
        return tuple(_literal(e) for e in tree.elts)
    assert isinstance(tree, ast.Constant), f"not a literal: {ast.unparse(tree)}"
    return tree.value


Graph.__str__ = lambda self: to_text(self)
