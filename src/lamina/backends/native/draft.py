"""An instruction before its operands have addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...graph import Node
from .views import Storage, View

ORDER, CURSOR, FIRST = 1, 2, 3  # bases: the order of rows, how far we are in it, then the sources, then the slots


@dataclass
class Body:
    """The inside of a scan: drafts over bases of their own, and which part of the parent each base is at time t.

    A base is the body's storage, its view in the parent at the first step, bytes from step to step, and bytes from
    piece to piece. Without ``pieces`` all threads share each step.
    ``guard``, a truth value in the parent, is read before each step; the scan ends where it is false.
    """

    drafts: list[Draft]
    bases: list[tuple[Storage, View, int, int]]
    workspace: Storage
    length: int
    guard: View | None = None
    pieces: int = 0


@dataclass
class Product:
    """A kernel whose result a chain may follow: the kernel, its operands, and the shape under which it writes."""

    kernel: str
    views: list[View]
    ints: list[int]
    shape: tuple[int, ...]


@dataclass(slots=True)
class Draft:
    """One line of the program: a kernel, what it reads and writes, and the nodes it stands for."""

    kernel: str
    ins: list[View]
    outs: list[View]
    ints: list[int] = field(default_factory=list)
    floats: list[float] = field(default_factory=list)
    chain: dict | None = None
    body: Body | None = None
    call: Callable | None = None
    nodes: list[Node] = field(default_factory=list)

    def storages(self) -> Iterator[Storage]:
        """All storages that it touches."""
        for view in (*self.ins, *self.outs):
            yield view.storage.root
        if self.body is not None:
            yield self.body.workspace
            for _, view, _, _ in self.body.bases:
                yield view.storage.root

    def instruction(self) -> dict:
        """What the engine takes."""
        if self.body is not None:
            return self.scan()
        made: dict = {
            "kernel": self.kernel,
            "in": [v.operand() for v in self.ins],
            "out": [v.operand() for v in self.outs],
            "ints": self.ints,
            "floats": self.floats,
        }
        if self.chain is not None:
            made["chain"] = self.chain
        if self.call is not None:
            made["call"] = self.call
        return made

    def scan(self) -> dict:
        body = self.body
        assert body is not None
        written = {v.storage.root for d in body.drafts for v in d.outs}
        ordered = sorted(body.bases, key=lambda b: b[0] in written)
        for i, (storage, *_) in enumerate(ordered, 1):
            storage.base = i
        made = [
            [view.operand() for storage, view, _, _ in ordered if (storage in written) == wanted]
            for wanted in (False, True)
        ]
        ints = [body.length, 0, *(step for _, _, step, _ in ordered)]
        if body.pieces:
            ints += [body.pieces, *(piece for _, _, _, piece in ordered)]
        return {
            "guard": None if body.guard is None else body.guard.operand(),
            "kernel": "scan",
            "in": made[0],
            "out": made[1],
            "ints": ints,
            "body": [d.instruction() for d in body.drafts],
        }
