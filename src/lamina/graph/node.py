"""The program as data: nodes in order, each used after it is defined."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..types import Type

if TYPE_CHECKING:
    from ..op import Op

_serials = itertools.count()
_path: ContextVar[str] = ContextVar("lamina_path", default="")


class Node:
    """An op applied to nodes. Without an op it is an input of a graph.

    A node has a tuple of ``types``, nearly always of one. The results of a node with several are read through ``item``
    nodes, so that an edge is always a node and never a node with a number.

    ``value`` is None, but in a concrete trace (``run_eagerly``), where each node is computed when it is made.
    """

    __slots__ = ("attrs", "inputs", "name", "op", "path", "serial", "types", "value")
    __array_priority__ = 1000  # NumPy arrays hand their operators over: array + node is a node
    __array_ufunc__ = None

    def __init__(
        self,
        op: Op | None,
        inputs: tuple[Node, ...],
        attrs: dict[str, Any],
        types: tuple[Type, ...],
        name: str = "",
        path: str | None = None,
    ):
        self.op, self.inputs, self.attrs, self.types, self.name = op, inputs, attrs, types, name
        self.path = _path.get() if path is None else path
        self.serial = next(_serials)       # grows with each node made: what a branch made is known by it
        self.value: Any = None

    if TYPE_CHECKING:  # what ops.operators installs, for editors and type checkers

        def __add__(self, other: Any) -> Node: ...
        def __radd__(self, other: Any) -> Node: ...
        def __sub__(self, other: Any) -> Node: ...
        def __rsub__(self, other: Any) -> Node: ...
        def __mul__(self, other: Any) -> Node: ...
        def __rmul__(self, other: Any) -> Node: ...
        def __truediv__(self, other: Any) -> Node: ...
        def __rtruediv__(self, other: Any) -> Node: ...
        def __pow__(self, other: Any) -> Node: ...
        def __matmul__(self, other: Any) -> Node: ...
        def __lt__(self, other: Any) -> Node: ...
        def __le__(self, other: Any) -> Node: ...
        def __gt__(self, other: Any) -> Node: ...
        def __ge__(self, other: Any) -> Node: ...
        def __neg__(self) -> Node: ...
        def __abs__(self) -> Node: ...
        def __invert__(self) -> Node: ...
        def __getitem__(self, index: Any) -> Node: ...
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any: ...

    @property
    def type(self) -> Type:
        assert len(self.types) == 1, f"{self} has {len(self.types)} results: read them with item"
        return self.types[0]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.types[0].shape if len(self.types) == 1 else self.type.shape

    @property
    def dtype(self) -> str:
        return self.types[0].dtype if len(self.types) == 1 else self.type.dtype

    def bodies(self) -> dict[str, Graph]:
        """Those attributes that are programs."""
        op = self.op
        return {k: self.attrs[k] for k in op.programs} if op is not None and op.programs else {}

    @property
    def ndim(self) -> int:
        return self.type.rank

    def numpy(self):
        """The value, in a concrete trace."""
        return self.__array__()

    def __repr__(self) -> str:
        if self.value is not None:
            return f"<{', '.join(map(str, self.types))}: {self.value}>"
        what = self.op.name if self.op else f"input {self.name}".rstrip()
        return f"<{what}: {', '.join(map(str, self.types))}>"


def placeholder(type: Type, name: str = "") -> Node:
    """An input of a graph yet to be made."""
    return Node(None, (), {}, (type,), name)


@contextmanager
def scope(name: str, absolute: bool = False):
    """Nodes made inside carry ``name`` as the next part of their path (or as the whole of it, if ``absolute``)."""
    outer = _path.get()
    token = _path.set(name if absolute or not outer else f"{outer}/{name}")
    try:
        yield
    finally:
        _path.reset(token)


@dataclass
class Graph:
    """A program: inputs, outputs, and the nodes between them in an order in which they can be computed.

    ``print(graph)`` shows all there is to know (see ``graph.text``).
    """

    inputs: list[Node]
    outputs: list[Node]
    nodes: list[Node] = field(init=False, repr=False)
    simple: bool = field(default=False, init=False, repr=False, compare=False)  # whether it comes out of ``simplify``

    def __post_init__(self):
        self.nodes = [n for n in topological_order(self.outputs) if n.op]

    @cached_property
    def op_names(self) -> frozenset[str]:
        """The names of its ops, and of those in the programs inside of it."""
        ops = {n.op for n in self.nodes if n.op}
        inner = [g.op_names for n in self.nodes if n.op and n.op.programs for g in n.bodies().values()]
        return frozenset([op.name for op in ops]).union(*inner)


def topological_order(outputs: list[Node], known: Iterable[Node] = ()) -> list[Node]:
    """All nodes that the outputs need beside the known ones, each after its inputs, in an order fixed by the graph."""
    order: list[Node] = []
    seen = set(known)
    waiting: list[tuple[Node | None, Iterator[Node]]] = []  # nodes whose inputs are looked at, and those left
    node, left = None, iter(outputs)
    while True:
        for x in left:
            if x in seen:
                continue
            seen.add(x)
            if x.inputs:
                waiting.append((node, left))
                node, left = x, iter(x.inputs)
                break
            order.append(x)
        else:  # all that the node needs stands in the order
            if node is None:
                return order
            order.append(node)
            node, left = waiting.pop()


def users(graph: Graph) -> dict[Node, list[Node]]:
    """For each node, the nodes that read it, in order and once for each reading."""
    found: dict[Node, list[Node]] = {n: [] for n in [*graph.inputs, *graph.nodes]}
    for node in graph.nodes:
        for x in node.inputs:
            found[x].append(node)
    return found
