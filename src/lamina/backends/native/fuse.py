"""Which nodes run together: chains of elementwise nodes, alone or behind the matrix product that feeds them, and sums
of what they compute.

A group becomes one instruction. Nodes join a group if they have its shape, and if nothing outside of the group lies
between them and it, for else the group would have to wait for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

from ...graph import Graph, Node
from .reach import Reach
from .views import SIZES, VIEWS, Storage, View, reshaped_strides, row_major, unshaped, unviewed, viewed

NOWHERE = Storage(0)
LIMIT = 96  # steps in one chain
SLOTS = 128  # operands, results and constants of one chain: MAX_SLOTS of the engine
FEW = 30  # nodes that cannot have so many: each has a result and at most three inputs
SUMS = 8  # sums of one chain


@dataclass(eq=False, slots=True)
class Group:
    """Nodes that become one instruction.

    ``root`` is the matrix product whose epilogue they are, if there is one; ``sums`` are over values of the group's
    shape, and over the same axes.
    """

    index: int
    nodes: list[Node]
    root: Node | None = None
    fusible: bool = False
    needs: set[int] = field(default_factory=set)  # groups read directly
    sums: list[Node] = field(default_factory=list)

    @property
    def shape(self):
        return self.nodes[0].shape if self.nodes else self.sums[0].inputs[0].shape

    @property
    def members(self) -> list[Node]:
        return [*self.nodes, *self.sums]

    def can_sum(self, sums: Sequence[Node]) -> bool:
        """Whether it can give these sums, too."""
        both = [*self.sums, *sums]
        return not sums or (
            self.root is None and len(both) <= SUMS and len({summed_axes(s.inputs[0].shape, s) for s in both}) == 1
        )


class Grouping:
    """Finds the groups of a graph."""

    def __init__(
        self,
        graph: Graph,
        reads: dict[Node, list[Node]],
        elementwise: Callable[[Node], bool],
        root: Callable[[Node], bool],
        transparent: Callable[[Node], bool],
        summing: Callable[[Node], bool],
    ):
        self.graph, self.reads, self.root = graph, reads, root
        self.elementwise = {n for n in graph.nodes if elementwise(n)}
        self.transparent = {n for n in graph.nodes if transparent(n)}
        self.summing = {n for n in graph.nodes if summing(n)}
        self.only_summed = self.find_only_summed()
        self.groups: list[Group] = []
        self.of: dict[Node, Group] = {}
        self.behind: dict[Node, frozenset[int]] = {}  # transparent nodes: the groups that they show
        self.reach = Reach()
        for node in graph.nodes:
            self.place(node)
        self.sink()
        self.meet()

    def find_only_summed(self) -> set[Node]:
        """Elementwise nodes that nobody reads but sums, also through nodes of that kind."""
        found: set[Node] = set()
        outputs = set(self.graph.outputs)
        for node in reversed(self.graph.nodes):
            if node not in self.elementwise or node in outputs:
                continue
            reads = self.reads[node]
            if reads and all(m in found or m in self.summing for m in reads):
                found.add(node)
        return found

    def sources(self, node: Node) -> set[int]:
        """The groups that the inputs of a node come from."""
        found: set[int] = set()
        for x in node.inputs:
            if x in self.of:
                found.add(self.of[x].index)
            elif x in self.behind:
                found.update([self.of_index(i) for i in self.behind[x]])
        return found

    def seen(self, node: Node) -> set[int]:
        """The groups whose values a node reads moved about: it must wait until they are complete."""
        return {
            self.of_index(i) for x in map(unshaped, node.inputs) if x not in self.of for i in self.behind.get(x, ())
        }

    def of_index(self, index: int) -> int:
        """The index of the group that a group was merged into."""
        while self.groups[index].index != index:
            index = self.groups[index].index
        return index

    def place(self, node: Node) -> None:
        if node in self.transparent:
            self.behind[node] = frozenset(self.sources(node))
            return
        if node in self.summing:
            group = self.of.get(node.inputs[0])
            if group is not None and group.fusible and group.can_sum([node]) and group.shape == node.inputs[0].shape:
                group.sums.append(node)
                self.of[node] = group
                return
        if node in self.elementwise:
            sources = [unshaped(x) for x in node.inputs]
            candidates = {self.of[x].index: self.of[x] for x in sources if x in self.of}
            ordered = sorted(
                (g for g in candidates.values() if self.fits(node, g)), key=lambda g: (g.root is None, -g.index)
            )
            if node in self.only_summed:
                ordered = [g for g in ordered if g.root is None]
            for group in ordered:
                if self.join(node, group):
                    for other in ordered:
                        if other is not group and other.shape == group.shape:
                            self.merge(group, other)
                    return
        self.start(node)

    def fits(self, node: Node, group: Group) -> bool:
        """Whether a chain over the group's shape can compute the node, element by element in row-major order."""
        if not group.fusible or len(group.nodes) >= LIMIT:
            return False
        if node.shape == group.shape:
            return True
        return node.type.size == prod(group.shape) and all(
            self.of.get(unshaped(x)) is group or laid_out(x, group.shape) for x in node.inputs
        )

    def start(self, node: Node) -> None:
        rooted = self.root(node)
        fusible = rooted or node in self.elementwise or node in self.summing
        group = Group(len(self.groups), [node], node if rooted else None, fusible, self.sources(node))
        if node in self.summing:
            group.nodes, group.sums = [], [node]
        self.groups.append(group)
        self.reach.grow(len(self.groups))
        self.reach.extend(group.index, group.needs)
        self.of[node] = group

    def join(self, node: Node, group: Group) -> bool:
        others = self.sources(node) - {group.index}
        if group.index in self.seen(node) or any(self.reach.depends(i, group.index) for i in others):
            return False
        group.nodes.append(node)
        self.of[node] = group
        group.needs |= others
        self.reach.extend(group.index, others)
        return True

    def merge(self, a: Group, b: Group) -> None:
        """b becomes part of a, if neither waits for the other through a third."""
        b = self.groups[self.of_index(b.index)]
        if a is b or (a.root is not None and b.root is not None) or len(a.nodes) + len(b.nodes) > LIMIT:
            return
        if not a.can_sum(b.sums) or not b.can_sum(a.sums):
            return
        for x, y in ((a, b), (b, a)):
            if any(y.index in self.seen(n) for n in x.members) or any(
                self.reach.depends(i, y.index) for i in {self.of_index(i) for i in x.needs} - {y.index}
            ):
                return
        if b.root is not None:
            a, b = b, a
        if a.root is not None and b.index in self.sources(a.root):
            return  # the product's own operands are computed before it
        a.nodes = sorted({*a.nodes, *b.nodes}, key=self.positions().__getitem__)
        if a.root is not None:
            a.nodes.remove(a.root)
            a.nodes.insert(0, a.root)
        a.sums += b.sums
        for node in b.members:
            self.of[node] = a
        b_index = b.index
        self.groups[b_index] = a
        a.needs = {self.of_index(i) for i in a.needs | b.needs} - {a.index}
        self.reach.merge(a.index, b_index)

    def positions(self) -> dict[Node, int]:
        if not hasattr(self, "_positions"):
            self._positions = {n: i for i, n in enumerate(self.graph.nodes)}
        return self._positions

    def sink(self) -> None:
        """Moves a node to the one group that reads it, where that saves memory traffic: a sigmoid's derivative is
        computed in the backward pass from the stored sigmoid, rather than stored beside it."""
        reads = self.reads
        outputs = set(self.graph.outputs)

        def outside(x: Node, group: Group, leaving: Node) -> bool:
            return x in outputs or any(self.of.get(m) is not group for m in reads[x] if m is not leaving)

        for node in reversed(self.graph.nodes):
            group = self.of.get(node)
            if group is None or not group.fusible or node is group.root or node in outputs:
                continue
            if len(group.nodes) == 1 or node in group.sums:
                continue
            targets = {self.of.get(m) for m in reads[node]}
            target = next(iter(targets)) if len(targets) == 1 else None
            if (
                target is None
                or target is group
                or not target.fusible
                or target.shape != node.shape
                or len(target.nodes) >= LIMIT
            ):
                continue
            if target.root is not None and target.root in reads[node]:
                continue
            new = [x for x in dict.fromkeys(node.inputs) if self.of.get(x) is group and not outside(x, group, node)]
            saved = SIZES[node.dtype] - sum(SIZES[x.dtype] for x in new)
            if saved < 0 or (saved == 0 and group.root in new):  # a bias is added before the product is written
                continue
            group.nodes.remove(node)
            target.nodes.insert(1 if target.root is not None else 0, node)
            self.of[node] = target
            target.needs |= self.sources(node) - {target.index}

    def meet(self) -> None:
        """Merges groups that read the same values, where one of them sums: the values are read once."""
        readers: dict[Node, list[Group]] = {}
        for group in dict.fromkeys(self.of.values()):
            if group.fusible and group.root is None:
                for x in dict.fromkeys(x for n in group.members for x in n.inputs):
                    if x.shape == group.shape and self.of.get(x) is not group:
                        readers.setdefault(x, []).append(group)
        self.refresh()
        for x, groups in readers.items():
            first = groups[0]
            for other in groups[1:]:
                a, b = (self.groups[self.of_index(g.index)] for g in (first, other))
                if (a.sums or b.sums) and a.shape == b.shape == x.shape:
                    self.merge(a, b)

    def refresh(self) -> None:
        """Finds again what each group needs, after nodes were moved."""
        for group in dict.fromkeys(self.of.values()):
            group.needs = set().union(*(self.sources(n) for n in group.members)) - {group.index}
            self.reach.extend(group.index, group.needs)

    def part(self) -> None:
        """Cuts groups of more operands than a chain takes: the later half becomes a group, and the sums another."""
        position, first = self.positions(), len(self.groups)
        waiting = list(dict.fromkeys(self.of.values()))
        while waiting:
            group = waiting.pop()
            if not group.fusible or len(group.members) <= FEW or slots(group) <= SLOTS:
                continue
            group.nodes.sort(key=lambda n: (n is not group.root, position[n]))
            half = len(group.nodes) // 2
            parts = [(group.nodes[half:], []), ([], group.sums)]
            group.nodes, group.sums = group.nodes[:half], []
            for nodes, sums in parts:
                later = Group(len(self.groups), nodes, fusible=True, sums=sums)
                if later.members:
                    self.groups.append(later)
                    self.of.update(dict.fromkeys(later.members, later))
                    waiting.append(later)
            waiting.append(group)
        if len(self.groups) > first:
            for node in self.graph.nodes:
                if node in self.transparent:
                    self.behind[node] = frozenset(self.sources(node))

    def result(self) -> list[Group]:
        """The groups, each once, with what they need; in the order of their last nodes."""
        self.part()
        position = self.positions()
        found = list(dict.fromkeys(self.of.values()))
        for group in found:
            group.nodes.sort(key=lambda n: (n is not group.root, position[n]))
            group.needs = set()
            for node in group.members:
                group.needs |= self.sources(node)
            group.needs.discard(group.index)
        return sorted(found, key=lambda g: max(position[n] for n in g.members))


def slots(group: Group) -> int:
    """How many operands, results and constants a group has at most, when each node keeps its result to itself."""
    inside = set(group.nodes)
    outside = [x for node in group.members for x in node.inputs if unshaped(x) not in inside]
    operands = {x for x in outside if not is_full(x)}
    generators = sum(node.op is not None and node.op.name in ("iota", "random_bits") for node in group.nodes)
    return 1 + len(group.members) + len(operands) + sum(map(is_full, outside)) + generators


def is_full(node: Node) -> bool:
    """Whether all elements are one and the same number, which a chain holds in itself."""
    op = unviewed(node).op
    return op is not None and op.name == "full"


def summed_axes(shape: tuple[int, ...], node: Node) -> tuple[int, ...]:
    """The axes that a sum folds, but for those of size 1."""
    return tuple(a for a in node.attrs["axes"] if shape[a] != 1)


def laid_out(node: Node, shape: tuple[int, ...]) -> bool:
    """Whether a value can be read under another shape without a copy, if what it shows lies in row-major order."""
    return reshaped(node, shape) is not None


def reshaped(node: Node, shape: tuple[int, ...]):
    view = imagined(node)
    return None if view is None else reshaped_strides(view.shape, view.strides, shape)


def imagined(node: Node) -> View | None:
    """The view that a node would be."""
    if node.op is None or node.op.name not in VIEWS:
        return View(NOWHERE, node.dtype, node.shape, row_major(node.shape))
    source = imagined(node.inputs[0])
    return None if source is None else viewed(node.op.name, source, node.attrs, node.shape)
