"""Stretches: instructions in a row that each thread runs for some rows of the batch, without waiting for the others.

From the input to the gradient of the last layer's input, a network of dense layers computes each row of its batch from
that row and the weights. So the batch is cut into pieces, and a thread takes a piece through all of it
(``docs/decisions/0019``). What adds up rows, as the gradient of a weight does, comes behind the stretch; panels of
weights come before it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from . import rows
from .draft import Body, Draft
from .views import SIZES, Storage, View

WEIGHTS = 512 << 10  # bytes that all pieces of a stretch read: half of a core's cache
PIECE = 8_000.0  # nanoseconds that are worth a piece
PIECES = 8  # enough for as many threads; more of them read the weights more often
LONG_PIECE, MOST_PIECES = 60_000.0, 32  # ... where there is work for more
LEAST_ROWS = 8  # a piece of fewer rows multiplies too slowly


@dataclass
class Line:
    """A draft, and what is known about its rows."""

    draft: Draft
    cut: rows.Cut | None  # None: it does not keep rows apart
    origin: int = -1  # its place in the list of drafts; -1 where it was parted
    sums: Sequence[int] = ()  # the lines that take the sums of this one, where they were parted
    whole: Draft | None = None  # the draft before it was parted from its sums
    needs: list[tuple[int, bool]] = field(default_factory=list)  # lines, and whether it reads other rows of theirs
    followers: list[int] = field(default_factory=list)
    slot: int = 0  # even: by itself; odd: in the stretch of that number

    @property
    def views(self) -> Sequence[View]:
        """The operands, with the rows in front."""
        return (self.cut.views if self.cut is not None else ()) or [*self.draft.ins, *self.draft.outs]


@dataclass
class Stretch:
    """The lines of a stretch, and how its rows are cut: ``count`` pieces of ``height`` rows, then what is left."""

    lines: list[int]
    height: int
    count: int


class Arrangement:
    """The order of a program's drafts, and its stretches."""

    def __init__(self, drafts: Sequence[Draft], batch: int):
        self.batch = batch
        self.lines: list[Line] = []
        chosen = self.choose(drafts) if batch >= 2 * LEAST_ROWS else []
        if not chosen:
            self.lines = [Line(d, None, i) for i, d in enumerate(drafts)]
        self.order: list[int | Stretch] = self.ordered(chosen) if chosen else list(range(len(drafts)))

    def choose(self, drafts: Sequence[Draft]) -> list[Stretch]:
        """The stretches that are worth their while, found twice: the others move nothing."""
        for i, draft in enumerate(drafts):
            self.append(draft, i)
        self.connect()
        found = self.stretches(None)
        return self.stretches({i for s in found for i in s.lines}) if found else []

    def append(self, draft: Draft, origin: int) -> None:
        """A line for a draft; two or more for values and the sums of their columns, if the values' rows are apart."""
        parted = rows.parted(draft, self.batch)
        if parted is None:
            self.lines.append(Line(draft, rows.cut(draft, self.batch), origin))
            return
        values, sums = parted
        first = len(self.lines) + 1
        self.lines.append(Line(values, rows.cut(values, self.batch), -1, range(first, first + len(sums)), draft))
        self.lines += [Line(s, None) for s in sums]

    def connect(self) -> None:
        """Finds which line needs which, and where the rows of each storage lie."""
        width: dict[Storage, int] = {}  # bytes from row to row
        writer: dict[Storage, list[int]] = {}
        readers: dict[Storage, list[int]] = {}
        for i, line in enumerate(self.lines):
            line.cut = line.cut if self.keeps_apart(line, width) else None
            needs: dict[int, bool] = {}
            used = dict.fromkeys(line.draft.storages())
            read = {v.storage.root for v in line.draft.ins}  # what a loop touches beside these, it may write
            written = {root for root in used if root not in read} | {v.storage.root for v in line.draft.outs}
            for root in used:
                own = keeps_to_its_rows(line, root, width)
                for j in writer.get(root, ()):
                    needs[j] = needs.get(j, False) or not own
                for j in readers.get(root, ()) if root in written else ():
                    both = own and keeps_to_its_rows(self.lines[j], root, width)
                    needs[j] = needs.get(j, False) or not both
            for root in written:
                writer.setdefault(root, []).append(i)
            for root in used:
                readers.setdefault(root, []).append(i)
            line.needs = [(j, other) for j, other in needs.items() if j != i]
            for j, _ in line.needs:
                self.lines[j].followers.append(i)

    def keeps_apart(self, line: Line, width: dict[Storage, int]) -> bool:
        """Whether each row of the results comes from the same row of what was computed before; notes the widths."""
        if line.cut is None:
            return False
        draft, units, views = line.draft, line.cut.units, line.views
        known = draft.kernel == "feed"
        for view, unit in zip(views[: len(draft.ins)], units, strict=False):
            there = width.get(view.storage.root)
            if there is None or not unit:
                continue
            if rows.width(view, unit) != there:
                return False
            known = True
        if not known:
            return False
        found = {}
        for view, unit in zip(views[len(draft.ins) :], units[len(draft.ins) :], strict=True):
            root = view.storage
            step = rows.width(view, unit)
            if not step or root.base or root.successor_of is not None or width.get(root, step) != step:
                return False
            found[root] = step
        width.update(found)
        return True

    def stretches(self, allowed: set[int] | None) -> list[Stretch]:
        """Gives each line its slot, as early as it can be; then the stretches that are worth their while."""
        weights: dict[int, dict[Storage, int]] = {}
        members: dict[int, list[int]] = {}
        for i, line in enumerate(self.lines):
            inside = line.cut is not None and line.cut.inside and (allowed is None or i in allowed)
            slot = self.earliest(line, inside)
            if inside:
                shared = {v.storage.root: v.size * SIZES[v.dtype] for v in line.cut.shared}  # type: ignore[union-attr]
                inside = sum(shared.values()) <= WEIGHTS
                while inside and sum({**weights.get(slot, {}), **shared}.values()) > WEIGHTS:
                    slot += 2
                if inside:
                    weights.setdefault(slot, {}).update(shared)
                    members.setdefault(slot, []).append(i)
                else:
                    slot = self.earliest(line, False)
            line.slot = slot
        found = [self.cut_rows(lines) for lines in members.values() if self.follows_itself(lines)]
        chosen = [s for s in found if s is not None]
        for stretch in chosen:
            self.take_feeds(stretch, {i for s in chosen for i in s.lines})
        return chosen

    def earliest(self, line: Line, inside: bool) -> int:
        slot = int(inside)
        for j, other in line.needs:
            there = self.lines[j].slot
            if not inside:
                slot = max(slot, there + there % 2)
            elif there % 2:
                slot = max(slot, there + 2 * other)
            else:
                slot = max(slot, there + 1)
        return slot

    def take_feeds(self, stretch: Stretch, taken: Collection[int]) -> None:
        """What nobody reads of the data before a stretch is gathered in it, each row by the thread that reads it."""
        own, slot = set(stretch.lines), self.lines[stretch.lines[0]].slot
        whole = {k for j in own for k, other in self.lines[j].needs if other}  # read by rows that are not theirs
        for i, line in enumerate(self.lines):
            movable = line.draft.kernel == "feed" and line.cut is not None and i not in taken and i not in whole
            read = movable and not own.isdisjoint(line.followers)
            if read and all(j in own or self.lines[j].slot > slot for j in line.followers):
                line.slot = slot
                stretch.lines.insert(0, i)

    def follows_itself(self, lines: Sequence[int]) -> bool:
        """Whether one line of a stretch waits for another one."""
        own = set(lines)
        return any(j in own for i in lines for j, _ in self.lines[i].needs)

    def cut_rows(self, lines: list[int]) -> Stretch | None:
        cost = sum(rows.cost(self.lines[i].draft) for i in lines)
        count = min(PIECES, int(cost / PIECE))
        count = min(max(count, min(MOST_PIECES, int(cost / LONG_PIECE))), self.batch // LEAST_ROWS)
        if count < 2:
            return None
        count = 1 << count.bit_length() - 1  # two threads, or four, have as many
        height = -(-self.batch // count)
        height += -height % 4  # whole lines of a cache, nearly always
        return Stretch(lines, height, self.batch // height)

    def ordered(self, chosen: list[Stretch]) -> list[int | Stretch]:
        """Lines and stretches by their slots. Panels are packed as late as can be."""
        stretch_of = {i: s for s in chosen for i in s.lines}
        for i in reversed(range(len(self.lines))):
            line = self.lines[i]
            if line.draft.kernel.startswith("pack") and line.followers:
                slots = [self.lines[j].slot for j in line.followers]
                line.slot = max(line.slot, min(s - s % 2 for s in slots))
        refused = {k for i, line in enumerate(self.lines) if line.sums and i not in stretch_of for k in line.sums}
        found: list[int | Stretch] = []
        for i in sorted(range(len(self.lines)), key=lambda i: self.lines[i].slot):
            stretch = stretch_of.get(i)
            if stretch is not None:
                if i == stretch.lines[0]:
                    found.append(stretch)
            elif i not in refused:
                found.append(i)
        for line in self.lines:
            if line.sums and refused.issuperset(line.sums):
                line.draft = line.whole  # type: ignore[assignment]
        return found

    def drafts(self, given: Sequence[Draft | None]) -> list[Draft]:
        """The program. ``given`` are the drafts as they were, or others for the same work; None for one not needed."""
        made = [line.draft if line.origin < 0 else given[line.origin] for line in self.lines]
        found: list[Draft] = []
        for entry in self.order:
            if isinstance(entry, int):
                alone = made[entry]
                found += [] if alone is None else [alone]
                continue
            inside = [(draft, rows.cut(draft, self.batch)) for i in entry.lines if (draft := made[i]) is not None]
            done = entry.height * entry.count
            found.append(piece(inside, 0, entry.height, entry.count, self.batch))
            if done < self.batch:
                bare = [(replace(draft, nodes=[]), cut) for draft, cut in inside]
                found.append(piece(bare, done, self.batch - done, 1, self.batch))
        return found


def keeps_to_its_rows(line: Line, root: Storage, width: dict[Storage, int]) -> bool:
    """Whether a line touches, of a storage, only the row that it computes."""
    if line.cut is None or root not in width:
        return False
    used = zip(line.views, line.cut.units, strict=True)
    return all(rows.width(v, unit) == width[root] for v, unit in used if v.storage.root is root)


def piece(inside, start: int, height: int, count: int, batch: int) -> Draft:
    """A loop of one step over the drafts of a stretch, for ``count`` pieces of ``height`` rows from ``start`` on."""
    bases: dict[tuple[Storage, int], tuple[Storage, View, int, int]] = {}

    def moved(view: View, unit: int) -> View:
        step = view.strides[0] * unit * SIZES[view.dtype] if unit else 0
        root = view.storage.root
        if (root, step) not in bases:
            there = View(root, "uint8", (1,), (1,))
            there = there.with_layout((1,), (1,), start * step)
            bases[root, step] = (Storage(0, base=-1), there, 0, height * step)
        shape = (view.shape[0] - (batch - height) * unit, *view.shape[1:]) if unit else view.shape
        return View(bases[root, step][0], view.dtype, shape, view.strides, view.offset)

    drafts = []
    for draft, cut in inside:
        n = len(draft.ins)
        ins = [moved(v, u) for v, u in zip(draft.ins, cut.units, strict=False)]
        outs = [moved(v, u) for v, u in zip(draft.outs, cut.units[n:], strict=True)]
        chain = draft.chain
        if chain is not None:
            row = cut.chain * prod(chain["shape"][1:])  # generators count elements from the first row of all
            chain = {**chain, "shape": (height * cut.chain, *chain["shape"][1:]), "start": (start * row, height * row)}
        ints = [height if i == cut.count else n for i, n in enumerate(draft.ints)]
        drafts.append(replace(draft, ins=ins, outs=outs, ints=ints, chain=chain))
    views = [view for _, view, _, _ in bases.values()]
    return Draft("scan", views, [], body=Body(drafts, list(bases.values()), Storage(0), 1, pieces=count))
