"""A scan as one draft: its body is planned like a graph of its own, over bases that move with time.

The carry of step t lies in row t of a history, which the next step's carry follows, so nothing is moved from step to
step and the history that the derivative needs is there. A carry whose history nobody reads is updated in place.

Where no row of the batch reads another one, the rows are cut into pieces, each a loop of its own (``pieces``).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ...graph import Graph, Node
from ...types import Type
from . import pieces
from .draft import Body, Draft
from .memory import plan_memory
from .views import SIZES, Storage, View, fresh

if TYPE_CHECKING:
    from .plan import Planner


def scan(planner: Planner, node: Node) -> None:
    """Drafts a scan."""
    Loop(planner, node).draft()


class Loop:
    """Where the carries and the results of one scan lie, in an outer planner."""

    def __init__(self, planner: Planner, node: Node):
        self.outer, self.node = planner, node
        self.body, self.length = node.attrs["body"], node.attrs["length"]
        self.carries, self.scanned, self.reverse = node.attrs["carries"], node.attrs["scanned"], node.attrs["reverse"]
        self.read = {m.attrs["index"] for m in planner.reads[node]}
        self.results: dict[int, View] = {}
        self.stacks: dict[int, View] = {}  # for each output that is stacked: where
        self.held: dict[int, View] = {}  # carries that are updated in place
        self.histories: dict[int, View] = {}  # the other carries: their values before and after each step

    def draft(self) -> None:
        planner, node = self.outer, self.node
        for i in range(self.carries):
            self.carry(i)
        for k in range(len(self.body.outputs) - self.carries):
            self.stack(k)
        planner.items[node] = self.results
        for part in self.parts():
            planner.add(part.draft())

    def parts(self) -> list[Part]:
        """The whole loop, or the pieces of equal height, and what is left."""
        batch, rows = pieces.divided(self.body, self.length)
        if rows:
            parts = [self.part(0, rows, batch // rows), self.part(batch // rows * rows, batch % rows, 1)]
            found = [part for part in parts[: 2 if batch % rows else 1] if part is not None and part.pure]
            if len(found) == (2 if batch % rows else 1):
                return found
        return [Part(self, self.body, None, 0, 0, 0)]

    def part(self, start: int, rows: int, count: int) -> Part | None:
        if rows == 0:
            return None
        piece = pieces.cut(self.body, self.carries, self.scanned, rows, self.outer.can.elementwise)
        return Part(self, piece.body, piece.cut, start, rows, count) if piece is not None else None

    def carry(self, i: int) -> None:
        start = self.outer.view(self.node.inputs[i])
        type = self.body.inputs[i].type
        doubled = any(y is self.body.outputs[i] for y in self.body.outputs[self.carries :])
        if self.carries + i not in self.read and not doubled:
            self.held[i] = self.results[i] = fresh(type)
            self.move(start, self.held[i])
            return
        t = self.length
        history = fresh(Type(type.dtype, (t + 1, *type.shape)))
        self.move(start, row(history, t if self.reverse else 0))
        self.results[i] = row(history, 0 if self.reverse else t)
        self.results[self.carries + i] = rows_from(history, 1 if self.reverse else 0, t)
        self.histories[i] = history

    def stack(self, k: int) -> None:
        index, y = 2 * self.carries + k, self.body.outputs[self.carries + k]
        if index not in self.read:
            return
        shown = next((i for i in self.histories if self.body.outputs[i] is y), None)
        same = next((j for j in self.stacks if self.body.outputs[self.carries + j] is y), None)
        if shown is not None:
            self.results[index] = rows_from(self.histories[shown], 0 if self.reverse else 1, self.length)
        elif same is not None:
            self.results[index] = self.stacks[same]
        else:
            self.results[index] = self.stacks[k] = fresh(Type(y.dtype, (self.length, *y.shape)))

    def move(self, source: View, place: View) -> None:
        self.outer.add(Draft("copy", [source], [place], nodes=[self.node]))


class Part:
    """Plans the body of a loop, for all rows or for ``count`` pieces of ``rows`` rows from row ``start`` on."""

    def __init__(self, loop: Loop, body: Graph, cut: list[bool] | None, start: int, rows: int, count: int):
        self.loop, self.body, self.cut, self.start, self.rows, self.count = loop, body, cut, start, rows, count
        self.bases: list[tuple[Storage, View, int, int]] = []
        self.parents: dict[Storage, View] = {}
        given: dict[Node, View] = {}
        targets: list[tuple[Node, View]] = []
        for i in range(loop.carries):
            self.carry(i, given, targets)
        for i, x in enumerate(body.inputs[loop.carries :], loop.carries):
            view = loop.outer.view(loop.node.inputs[i])
            if i < loop.carries + loop.scanned:
                given[x] = self.at_time(view, i)
            else:
                given[x] = self.window(view, 0, bool(cut and cut[i]))
                if not (cut and cut[i]):
                    self.parents[given[x].storage] = view
        for k, stack in loop.stacks.items():
            targets.append((body.outputs[loop.carries + k], self.at_time(stack)))
        planner = loop.outer
        inner = type(planner)(
            body,
            given,
            [planner.target(n, place) for n, place in targets],
            planner.can,
            self.outer_pack,
            weights=set(self.parents),
        )
        self.drafts = inner.drafts

    @property
    def pure(self) -> bool:
        """Whether one thread can run the body: it does not enter Python, and has no loop with a place of its own."""
        return all(d.kernel not in ("python", "scan") for d in self.drafts)

    def draft(self) -> Draft:
        workspace = own = Storage(0)
        if self.count:
            own = Storage(0, base=-1)
        for draft in self.drafts:
            for storage in draft.storages():
                if storage.base == 0 and storage.inside is None:
                    storage.inside = own
        own.bytes = plan_inside(self.drafts, own)
        workspace.bytes = own.bytes * max(1, self.count)
        if self.count:  # each piece works in a place of its own
            self.bases.append((own, fresh(Type("uint8", (workspace.bytes,)), workspace), 0, own.bytes))
        return Draft(
            "scan",
            [view for _, view, _, _ in self.bases],
            list(self.loop.results.values()),
            body=Body(self.drafts, self.bases, workspace, self.loop.length, pieces=self.count),
            nodes=[self.loop.node],
        )

    def window(self, view: View, step: int, cut: bool) -> View:
        """A view on a base of its own, which moves ``step`` bytes at each time, and along with the pieces if cut."""
        shape, strides, offset, piece = view.shape, view.strides, view.offset, 0
        if cut:
            shape, offset = (self.rows, *shape[1:]), offset + self.start * strides[0]
            piece = self.rows * strides[0] * SIZES[view.dtype]
        storage = Storage(prod(shape) * SIZES[view.dtype], base=-1)
        self.bases.append((storage, view.with_layout(shape, strides, offset), step, piece))
        return View(storage, view.dtype, shape, strides)

    def at_time(self, view: View, i: int | None = None) -> View:
        """The slice of a stacked view at time t; ``i`` is the input of the body that it is, if it is one."""
        loop = self.loop
        step = view.strides[0] * SIZES[view.dtype]
        first = row(view, max(loop.length - 1, 0) if loop.reverse else 0)
        cut = self.cut is not None and (i is None or self.cut[i])
        return self.window(first, -step if loop.reverse else step, cut)

    def carry(self, i: int, given: dict[Node, View], targets: list[tuple[Node, View]]) -> None:
        loop, cut = self.loop, self.cut is not None
        x, y = self.body.inputs[i], self.body.outputs[i]
        if i in loop.held:
            given[x] = self.window(loop.held[i], 0, cut)
            targets.append((y, given[x]))
            return
        history = loop.histories[i]
        step = history.strides[0] * SIZES[history.dtype]
        begin, step, after = (loop.length, -step, loop.length - 1) if loop.reverse else (0, step, 1)
        given[x] = self.window(row(history, begin), step, cut)
        targets.append((y, self.window(row(history, after), step, cut)))

    def outer_pack(self, view: View, ints: tuple[int, ...]) -> View | None:
        """Weights are packed once, outside of the loop; the panels come in as one more constant."""
        parent = self.parents.get(view.storage)
        if parent is None:
            return None
        there = View(parent.storage, view.dtype, view.shape, view.strides, parent.offset + view.offset)
        packed = self.loop.outer.pack(there, transient=True, ints=ints)
        return None if packed is None else self.window(packed, 0, False)


def row(view: View, t: int) -> View:
    """Row t of a view; of an empty one, where it starts."""
    return view.with_layout(view.shape[1:], view.strides[1:], view.offset + max(t, 0) * view.strides[0])


def rows_from(view: View, first: int, count: int) -> View:
    return view.with_layout((count, *view.shape[1:]), view.strides, view.offset + first * view.strides[0])


def plan_inside(drafts: list[Draft], workspace: Storage) -> int:
    """Lays the storages of a body out inside of its workspace; gives its size."""
    members = {s for d in drafts for s in d.storages() if s.inside is workspace}
    for storage in members:
        storage.inside = None
    size = plan_memory(drafts, [])
    for storage in members:
        storage.inside = workspace
    return size
