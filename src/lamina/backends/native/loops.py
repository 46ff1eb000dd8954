"""A scan as one draft: its body is planned like a graph of its own, over bases that move with time.

The carry of step t lies in row t of a history, which the next step's carry follows, so nothing is moved from step to
step and the history that the derivative needs is there. A carry whose history nobody reads is updated in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph import Node
from ...types import Type
from .draft import Body, Draft
from .memory import plan_memory
from .views import SIZES, Storage, View, fresh, row_major

if TYPE_CHECKING:
    from .plan import Planner


def scan(planner: Planner, node: Node) -> None:
    """Drafts a scan."""
    Loop(planner, node).draft()


class Loop:
    """Plans one scan node inside of an outer planner."""

    def __init__(self, planner: Planner, node: Node):
        self.outer, self.node = planner, node
        self.body, self.length = node.attrs["body"], node.attrs["length"]
        self.carries, self.scanned, self.reverse = node.attrs["carries"], node.attrs["scanned"], node.attrs["reverse"]
        self.bases: list[tuple[Storage, View, int]] = []
        self.parents: dict[Storage, View] = {}
        self.read = {m.attrs["index"] for m in planner.reads[node]}
        self.results: dict[int, View] = {}
        self.stacks: dict[Node, View] = {}
        self.histories: dict[int, View] = {}  # for each carry: its values after each step

    def base(self, view: View, step: int) -> Storage:
        """A base of the body: the parent's view at the first step, and how many bytes it moves at each."""
        storage = Storage(view.size * SIZES[view.dtype], base=-1)
        self.bases.append((storage, view, step))
        return storage

    def draft(self) -> None:
        planner, node, body = self.outer, self.node, self.body
        given: dict[Node, View] = {}
        targets: list = []
        shown: dict[Node, int] = {}
        for i in range(self.carries):
            self.carry(i, given, targets, shown)
        for i, x in enumerate(body.inputs[self.carries : self.carries + self.scanned], self.carries):
            given[x] = self.row_of(planner.view(node.inputs[i]))
        constants = list(range(self.carries + self.scanned, len(node.inputs)))
        for i in constants:
            view = planner.view(node.inputs[i])
            storage = self.base(view, 0)
            self.parents[storage] = view
            given[body.inputs[i]] = View(storage, view.dtype, view.shape, view.strides)
        for k, y in enumerate(body.outputs[self.carries :]):
            self.stacked(k, y, targets, shown)
        inner = type(planner)(
            body,
            given,
            [planner.target(n, place) for n, place in targets],
            planner.can,
            self.outer_pack,
            weights=set(self.parents),
        )
        workspace = Storage(0)
        for draft in inner.drafts:
            for storage in draft.storages():
                if storage.base == 0 and storage.inside is None:
                    storage.inside = workspace
        workspace.bytes = plan_inside(inner.drafts, workspace)
        views = [view for _, view, _ in self.bases]
        planner.items[node] = self.results
        planner.add(
            Draft(
                "scan",
                views,
                list(self.results.values()),
                body=Body(inner.drafts, self.bases, workspace, self.length),
                nodes=[node],
            )
        )

    def row_of(self, view: View, first: int | None = None, step: int | None = None) -> View:
        """The slice of a stacked view at time t, on a base of its own."""
        stride = view.strides[0] * SIZES[view.dtype]
        start = (self.length - 1 if self.reverse else 0) if first is None else first
        shape, strides = view.shape[1:], view.strides[1:]
        at = View(view.storage, view.dtype, shape, strides, view.offset + max(start, 0) * view.strides[0])
        storage = self.base(at, stride * ((-1 if self.reverse else 1) if step is None else step))
        return View(storage, view.dtype, shape, strides)

    def carry(self, i: int, given, targets, shown) -> None:
        x, start = self.body.inputs[i], self.outer.view(self.node.inputs[i])
        type = x.type
        doubled = any(y is self.body.outputs[i] for y in self.body.outputs[self.carries :])
        if self.carries + i not in self.read and not doubled:
            held = fresh(type)
            self.move(start, held)
            storage = self.base(held, 0)
            given[x] = View(storage, type.dtype, type.shape, row_major(type.shape))
            targets.append((self.body.outputs[i], given[x]))
            self.results[i] = held
            return
        t = self.length
        history = fresh(Type(type.dtype, (t + 1, *type.shape)))
        row = history.strides[0]

        def rows(first: int) -> View:
            return View(history.storage, type.dtype, (t, *type.shape), history.strides, first * row)

        at = View(history.storage, type.dtype, type.shape, history.strides[1:])
        begin, end = (t, 0) if self.reverse else (0, t)
        self.move(start, at.with_layout(at.shape, at.strides, begin * row))
        self.results[i] = at.with_layout(at.shape, at.strides, end * row)
        self.results[self.carries + i] = rows(1 if self.reverse else 0)
        given[x] = self.row_of(history, begin)
        place = self.row_of(history, begin - 1 if self.reverse else begin + 1)
        targets.append((self.body.outputs[i], place))
        if self.body.outputs[i] not in shown:
            shown[self.body.outputs[i]] = i
        self.histories[i] = rows(0 if self.reverse else 1)

    def stacked(self, k: int, y: Node, targets, shown) -> None:
        index = 2 * self.carries + k
        if index not in self.read:
            return
        if y in shown:
            self.results[index] = self.histories[shown[y]]
            return
        if y not in self.stacks:
            self.stacks[y] = fresh(Type(y.dtype, (self.length, *y.shape)))
            targets.append((y, self.row_of(self.stacks[y])))
        self.results[index] = self.stacks[y]

    def move(self, source: View, place: View) -> None:
        self.outer.add(Draft("copy", [source], [place], nodes=[self.node]))

    def outer_pack(self, view: View) -> View | None:
        """Weights are packed once, outside of the loop; the panels come in as one more constant."""
        parent = self.parents.get(view.storage)
        if parent is None:
            return None
        there = View(parent.storage, view.dtype, view.shape, view.strides, parent.offset + view.offset)
        packed = self.outer.pack(there, transient=True)
        if packed is None:
            return None
        return View(self.base(packed, 0), packed.dtype, packed.shape, packed.strides)


def plan_inside(drafts: list[Draft], workspace: Storage) -> int:
    """Lays the storages of a body out inside of its workspace; gives its size."""
    members = {s for d in drafts for s in d.storages() if s.inside is workspace}
    for storage in members:
        storage.inside = None
    size = plan_memory(drafts, [])
    for storage in members:
        storage.inside = workspace
    return size
