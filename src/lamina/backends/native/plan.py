"""From a graph to a list of drafts: which nodes run together, in which order, and where their values lie."""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ...graph import Graph, Node, users
from . import emit, groups, tables, window
from .chain import Chain
from .draft import Draft
from .fuse import Group, Grouping
from .pooling import never_made, pooled_groups
from .reach import Reach
from .views import SIZES, VIEWS, Storage, View, fresh, reshaped_strides, row_major, type_of, unviewed, viewed

TRANSPARENT = {*VIEWS, "full", "item"}


@dataclass
class Target:
    """An output of the graph, and where its value must end up (None: anywhere, as long as it survives the step)."""

    node: Node
    place: View | None


class Planner:
    """Plans one graph: a whole step, or the body of a scan.

    given      where the inputs lie
    targets    where the outputs go; a place may be that of an input, which is then updated in place
    packs      gives the packed form of a weight that does not change inside of this graph, or None
    weights    the storages whose matrices are worth packing
    """

    def __init__(
        self,
        graph: Graph,
        given: dict[Node, View],
        targets: Sequence[Target],
        capabilities,
        packs=None,
        weights: Collection[Storage] = (),
    ):  # type: ignore[assignment]
        self.graph, self.targets, self.can, self.weights = graph, targets, capabilities, weights
        self.views: dict[Node, View] = dict(given)
        self.given = given
        self.reads = users(graph)
        self.drafts: list[Draft] = []
        self.items: dict[Node, dict[int, View]] = {}
        self.copies: dict[tuple, View] = {}
        self.packed: dict[tuple, View] = {}
        self.outer_packs = packs
        self.places: dict[Node, View] = {}
        self.late: list[tuple[Node, View]] = []
        self.places_of_largest: dict[tuple, View] = {}
        self.written = {t.place.storage for t in targets if t.place is not None}
        self.never_made = never_made(
            graph, self.reads, capabilities.kernel, {n for n, v in given.items() if v.storage in self.written}
        )
        grouping = Grouping(graph, self.reads, self.can.elementwise, self.is_root, self.transparent, self.summing)
        self.groups, self.group_of = grouping.result(), grouping.of
        self.outputs = {t.node for t in targets}
        self.pooled = pooled_groups(self, window.in_tiles)
        self.unmade = tables.unmade(self)
        self.place_targets()
        self.run()

    @staticmethod
    def target(node: Node, place: View | None) -> Target:
        """For loops, whose bodies have targets too."""
        return Target(node, place)

    # -- what kind of node --

    def transparent(self, node: Node) -> bool:
        return node.op is not None and node.op.name in TRANSPARENT

    def is_root(self, node: Node) -> bool:
        op = node.op
        return (
            op is not None
            and op.kernel in emit.ROOTS
            and node.dtype == "float32"
            and self.can.kernel(op.kernel, ("float32",))
            and node not in self.never_made
        )

    def summing(self, node: Node) -> bool:
        return groups.summing(self, node)

    # -- views --

    def constant(self, node: Node):
        """``("c", value, dtype)`` for a node that is one repeated value, else None."""
        node = unviewed(node)
        if node.op is not None and node.op.name == "full":
            return ("c", node.attrs["value"], node.dtype)
        return None

    def view(self, node: Node) -> View:
        """Where the value of a node lies; moves or fills are drafted where there is no way around."""
        if node in self.views:
            return self.views[node]
        assert node.op is not None, f"{node} lies nowhere"
        name = node.op.name
        if name == "full":
            made = fresh(node.type)
            self.add(Draft("fill", [], [made], floats=[float(node.attrs["value"])], nodes=[node]))
        elif name == "item":
            made = self.items[node.inputs[0]][node.attrs["index"]]
        else:
            assert name in VIEWS, f"{node} is read before it is computed"
            source = self.view(node.inputs[0])
            found = viewed(name, source, node.attrs, node.shape)
            made = found if found is not None else self.reshaped_copy(source, node)
        self.views[node] = made
        return made

    def reshaped_copy(self, source: View, node: Node) -> View:
        copy = self.contiguous(source)
        return copy.with_layout(node.shape, row_major(node.shape))

    def under(self, view: View, shape: tuple[int, ...]) -> View:
        """The same elements in the same order under another shape."""
        if view.shape == shape or view.size == 1:
            return view  # a single element is broadcast by the engine
        strides = reshaped_strides(view.shape, view.strides, shape)
        if strides is None:
            return self.contiguous(view).with_layout(shape, row_major(shape))
        return view.with_layout(shape, strides)

    def under_place(self, place: View, shape: tuple[int, ...], late: list[tuple[View, View]]) -> View:
        """A place under another shape; where it has none, a new one, and a copy that is made later."""
        strides = reshaped_strides(place.shape, place.strides, shape)
        if strides is not None:
            return place.with_layout(shape, strides)
        made = fresh(type_of(place))
        late.append((made, place))
        return made.with_layout(shape, row_major(shape))

    def contiguous(self, view: View) -> View:
        """The same elements side by side."""
        if view.contiguous:
            return view
        key = (view.storage, view.offset, view.shape, view.strides, view.dtype)
        if key not in self.copies:
            made = View(Storage(view.size * SIZES[view.dtype]), view.dtype, view.shape, ())
            made = made.with_layout(view.shape, row_major(view.shape))
            self.add(Draft("copy", [view], [made]))
            self.copies[key] = made
        return self.copies[key]

    def pack(self, view: View, transient: bool, ints: tuple[int, ...] = ()) -> View | None:
        """The panels of a matrix that is a weight; None where packing does not pay. ``ints`` go to the packing."""
        key = (view.storage, view.offset, view.shape, view.strides, ints)
        if key in self.packed:
            return self.packed[key]
        if self.outer_packs is not None and view.storage not in self.written:
            found = self.outer_packs(view, ints)
            if found is not None:
                self.packed[key] = found
                return found
        if not transient:
            return None
        kernel, size = self.can.packing(view.shape)
        made = View(Storage(size), "float32", (size // 4,), (1,))
        self.add(Draft(kernel, [view], [made], list(ints)))
        self.packed[key] = made
        return made

    def add(self, draft: Draft) -> None:
        self.drafts.append(draft)

    # -- where outputs go --

    def place_targets(self) -> None:
        """Values are computed straight into the place of a target, unless somebody must still read what lies there."""
        self.needs = {g.index: set(g.needs) for g in self.groups}
        self.reach = Reach()
        self.reach.grow(max(self.needs, default=-1) + 1)
        for group in self.groups:
            self.reach.extend(group.index, group.needs)
        readers = self.readers_of_inputs()
        self.place_values(readers)
        self.place_pieces(readers)

    def place_values(self, readers) -> None:
        for target in self.targets:
            if target.place is None:
                continue
            group = self.group_of.get(target.node)
            if group is None or target.node in self.places or not self.direct(group, target, readers):
                self.late.append((target.node, target.place))
                continue
            self.places[target.node] = dataclasses.replace(
                target.place, storage=Storage(0, successor_of=target.place.storage)
            )

    def place_pieces(self, readers) -> None:
        """What is put end to end is computed straight into its part of the whole."""
        for node in self.graph.nodes:
            if node.op is None or node.op.name != "concatenate" or not self.can.kernel("concatenate", (node.dtype,)):
                continue
            whole = self.places.get(node)
            if whole is not None and readers.get(whole.storage.root):
                continue  # somebody still reads what lies there
            pieces = [x for x in dict.fromkeys(node.inputs) if self.is_free(x) and node.inputs.count(x) == 1]
            if not pieces:
                continue
            self.places[node] = whole = whole or fresh(node.type)
            start = 0
            for x in node.inputs:
                if x in pieces:
                    step = whole.strides[node.attrs["axis"]]
                    self.places[x] = whole.with_layout(x.shape, whole.strides, whole.offset + start * step)
                start += x.shape[node.attrs["axis"]]

    def is_free(self, node: Node) -> bool:
        """Whether a node is computed by a chain, and may be put anywhere."""
        group = self.group_of.get(node)
        if group is None or not group.fusible or node in self.places or node in self.outputs:
            return False
        return node.shape == group.shape

    def readers_of_inputs(self) -> dict[Storage, dict[int, list[tuple[Node, Node]]]]:
        """For each storage that is given: the groups that read it, with the nodes and what they read."""
        roots: dict[Node, set[Storage]] = {n: {v.storage} for n, v in self.given.items()}
        found: dict[Storage, dict[int, list]] = {}
        for node in self.graph.nodes:
            if self.transparent(node):
                roots[node] = set().union(*(roots.get(x, set()) for x in node.inputs))
                continue
            for x in node.inputs:
                for storage in roots.get(x, ()):
                    found.setdefault(storage, {}).setdefault(self.group_of[node].index, []).append((node, x))
        # storages that an output shows, unchanged: it is copied at the end, so they must stay
        self.late_sources = set().union(*(roots.get(t.node, ()) for t in self.targets))
        return found

    def direct(self, group: Group, target: Target, readers) -> bool:
        place = target.place
        assert place is not None
        for index, reads in readers.get(place.storage, {}).items():
            if index == group.index:
                for node, x in reads:
                    stepwise = group.fusible and node is not group.root and node not in group.sums
                    aligned = adds_onto(node, x) or stepwise  # a sum reads its tile when all steps are done
                    in_place = aligned and self.given.get(x) == place
                    if not in_place or target.node in group.sums:
                        return False
            elif self.reach.depends(index, group.index):
                return False
        for index in readers.get(place.storage, {}):
            if index != group.index:
                self.needs[group.index].add(index)
                self.reach.extend(group.index, [index])
        return place.storage not in self.late_sources

    # -- emission --

    def run(self) -> None:
        for group in self.schedule():
            if group in self.pooled:
                window.conv_max_pool(self, group)
            elif group.fusible and group.nodes:
                groups.emit_group(self, group)
            else:
                for node in group.members:
                    emit.emit(self, node)
        for target in self.targets:
            if target.place is None:
                self.views[target.node] = self.saved(self.view(target.node))
        moved = [(self.saved(self.view(node)), place) for node, place in self.late]
        for view, place in moved:
            self.add(Draft("copy", [view], [place]))

    def saved(self, view: View) -> View:
        """A copy, if the view shows a storage that the late copies write."""
        if view.storage not in self.written:
            return view
        made = fresh(type_of(view))
        self.add(Draft("copy", [view], [made]))
        return made

    def schedule(self) -> list[Group]:
        """The groups in an order that respects all needs; among those that are ready, the earliest comes first."""
        rank = {g.index: i for i, g in enumerate(self.groups)}
        by_index = {g.index: g for g in self.groups}
        waiting = {g.index: len(self.needs[g.index]) for g in self.groups}
        followers: dict[int, list[int]] = {g.index: [] for g in self.groups}
        for g in self.groups:
            for i in self.needs[g.index]:
                followers[i].append(g.index)
        ready = [rank[i] for i, n in waiting.items() if n == 0]
        heapq.heapify(ready)
        order = []
        while ready:
            group = self.groups[heapq.heappop(ready)]
            order.append(by_index[group.index])
            for i in followers[group.index]:
                waiting[i] -= 1
                if waiting[i] == 0:
                    heapq.heappush(ready, rank[i])
        assert len(order) == len(self.groups), "groups wait for each other"
        return order

    def place_of(self, node: Node) -> View:
        """Where a node's value is to be put: in its target's place, or in a new piece of the arena."""
        made = self.places.get(node) or fresh(node.type)
        self.views[node] = made
        return made

    def escaping(self, group: Group) -> list[Node]:
        return groups.escaping(self, group)

    def chain_of(self, group: Group, shape: tuple[int, ...]) -> Chain:
        return groups.chain_of(self, group, shape)

    def fallback(self, node: Node) -> None:
        """The op runs on the reference: Python is entered for it."""
        op, attrs, types = node.op, node.attrs, node.types
        assert op is not None
        ins = [self.view(x) for x in node.inputs]
        outs = [self.place_of(node)] if len(types) == 1 else [fresh(t) for t in types]
        if len(types) > 1:
            self.items[node] = dict(enumerate(outs))

        def call(inputs, outputs):
            with np.errstate(all="ignore"):
                values = op.compute(np, *inputs, **attrs)
            for out, value in zip(outputs, values if len(types) > 1 else (values,), strict=True):
                out[...] = value

        self.add(Draft("python", ins, outs, call=call, nodes=[node]))


def adds_onto(node: Node, x: Node) -> bool:
    """Whether a node reads x only as the table that it adds rows to."""
    return node.op is not None and node.op.name == "scatter_onto" and node.inputs[0] is x and x not in node.inputs[1:]
