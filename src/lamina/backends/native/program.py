"""A planned graph, bound to its variables and run by the engine."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ... import _native
from ...composite import inline
from ...errors import RowError, ShapeError, message
from ...graph import no_collection
from ...passes import simplify
from ...types import dtype_name
from ..program import Bound, Placed, Program
from .capabilities import capabilities
from .draft import CURSOR, FIRST, ORDER, Draft
from .feeds import Feeds
from .inside import draw_in
from .memory import plan_memory
from .plan import Planner, Target
from .pooling import compute_pooled
from .quick import quick
from .shares import share
from .stretches import Arrangement
from .views import SIZES, Storage, View, fresh, row_major

ENGINES = 4  # engine programs kept for one plan
APART = 16  # instructions that may run at the same time: small values do not follow each other in one place


class NativeProgram(Program):
    """Planned once; for each dtype and number of rows in which data arrive, an engine program is made when needed."""

    backend = "native"

    def __init__(self, bound: Bound, isa: str | None = None):
        super().__init__(bound)
        self.isa = isa or _native.isa()
        can = capabilities(self.isa)
        graph = draw_in(compute_pooled(simplify(inline(bound.graph, keep=can.runs))), can)
        count = len(graph.inputs) - len(bound.slots)
        self.arguments = [fresh(x.type) for x in graph.inputs[:count]]
        self.slots = [self.slot_view(x, FIRST + count + i) for i, x in enumerate(graph.inputs[count:])]
        given = dict(zip(graph.inputs, [*self.arguments, *self.slots], strict=True))
        place = {id(s): v for s, v in zip(bound.slots, self.slots, strict=True)}
        n = bound.results
        targets = [Target(y, None) for y in graph.outputs[:n]]
        targets += [Target(y, place[id(s)]) for y, s in zip(graph.outputs[n:], bound.updates, strict=True)]
        self.prologue: list[Draft] = []
        self.prologue_slots: list[int] = []
        self.written = {place[id(s)].storage for s in bound.updates}
        self.graph, self.can = graph, can
        refuse_too_large(graph)
        planner = Planner(graph, given, targets, can, self.pack_once, {v.storage for v in self.slots})
        self.drafts = share(planner.drafts, {v.storage for v in self.arguments}, self.written)
        self.results = [planner.views[y] for y in graph.outputs[:n]]
        feeds = Feeds([(v.dtype, 1) for v in self.arguments], 1)
        copies = [feeds.copy(i, v) for i, v in enumerate(self.arguments)]  # of data in other dtypes: they need a place
        self.arrangement = Arrangement([*copies, *self.drafts], self.batch)
        arranged = self.arrangement.drafts([*copies, *self.drafts])
        self.arena = plan_memory([*self.prologue, *arranged], [v.storage for v in self.results], apart=APART)
        self.shown = [v.operand() for v in self.results]
        self.engines: dict[tuple, _native.Program] = {}
        self.arranged: dict[tuple, list[Draft]] = {}  # what the instructions of each engine program are
        self.cursor = np.zeros(1, np.int64)
        self.lock = threading.RLock()  # from binding the data to reading the results, a program is one thread's
        self.identity: np.ndarray | None = None  # the order of rows that are given just so
        self.versions: list[int] | None = None
        self.last: _native.Program | None = None
        self.single: _native.Program | None = None  # the one for arrays in the very types of the arguments

    def slot_view(self, node, base: int) -> View:
        type = node.type
        return View(Storage(type.size * SIZES[type.dtype], base), type.dtype, type.shape, row_major(type.shape))

    def pack_once(self, view: View, ints: tuple[int, ...]) -> View | None:
        """Panels of a weight that no step changes: made before the first step, and again when somebody writes it."""
        slot = next((i for i, v in enumerate(self.slots) if v.storage is view.storage), None)
        if slot is None or view.storage in self.written:
            return None
        kernel, size = self.can.packing(view.shape)
        made = View(Storage(size, whole_run=True), "float32", (size // 4,), (1,))
        self.prologue.append(Draft(kernel, [view], [made], list(ints)))
        self.prologue_slots.append(slot)
        return made

    @property
    def batch(self) -> int:
        """Rows of the data that a step reads."""
        return self.arguments[0].shape[0] if self.arguments and self.arguments[0].shape else 0

    def engine(self, sources: tuple[tuple[str, int], ...], length: int) -> _native.Program:
        """The engine program for data of these dtypes and numbers of rows, and for an order of this length."""
        key = (*sources, length)
        if key not in self.engines:
            if len(self.engines) >= ENGINES:
                oldest = next(iter(self.engines))
                if self.engines.pop(oldest) is self.single:
                    self.single = None
                del self.arranged[oldest]
            with no_collection():
                self.engines[key] = self.make_engine(key, Feeds(sources, length))
            self.versions = None
        return self.engines[key]

    def make_engine(self, key: tuple, feeds: Feeds) -> _native.Program:
        drafts = self.arrangement.drafts(feeds.given(self.arguments, self.drafts, self.results))
        drafts.append(Draft("advance", [], [feeds.cursor], [self.batch]))
        self.arranged[key] = drafts
        program = _native.Program(
            [d.instruction() for d in drafts],
            self.arena,
            FIRST + len(self.arguments) + len(self.slots),
            [d.instruction() for d in self.prologue],
            self.isa,
        )
        program.bind(CURSOR, self.cursor)
        for i, slot in enumerate(self.bound.slots):
            program.bind(FIRST + len(self.arguments) + i, slot.array)
        return program

    def execute(self, arrays):
        with self.lock:
            return self.one_step(arrays)

    def one_step(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        if self.single is None:
            kinds = tuple((t.dtype, t.shape[0] if t.shape else 1) for t in self.bound.arguments)
            if self.identity is None:
                rows = max((v.shape[0] for v in self.arguments if v.shape), default=1)
                self.identity = np.arange(rows, dtype=np.int64)
            self.single = self.engine(kinds, len(self.identity))
            self.single.bind(ORDER, self.identity)
        program = self.single
        for i, array in enumerate(arrays, FIRST):
            program.bind(i, array)
        return self.run_engine(program, 0, 1)

    def quick(self):
        return quick(self)

    def run_steps(self, sources, order, first, steps):
        with self.lock:
            return self.go(sources, order, first, steps)

    def go(self, sources: Sequence[np.ndarray], order: np.ndarray, first: int, steps: int) -> list[np.ndarray]:
        sources = [np.asarray(s, order="C") for s in sources]
        kinds = tuple((dtype_name(s.dtype), s.shape[0] if s.ndim else 1) for s in sources)
        program = self.engine(kinds, len(order))
        for i, source in enumerate(sources, FIRST):
            program.bind(i, source)
        program.bind(ORDER, order)
        if program is self.single:
            self.single = None  # it has another order now
        return self.run_engine(program, first, steps)

    def run_engine(self, program: _native.Program, first: int, steps: int) -> list[np.ndarray]:
        self.cursor[0] = first
        versions = [self.bound.slots[i].version for i in self.prologue_slots]
        stale = versions != self.versions or program is not self.last
        try:
            program.run(steps, stale)
        except IndexError as problem:
            raise self.named(problem, program) from None
        finally:  # also where Ctrl-C or an error ends a run: the steps before it are done
            for slot in self.bound.updates:
                slot.version += 1
        self.versions, self.last = versions, program
        return [program.read(*operand) for operand in self.shown]

    def named(self, problem: IndexError, program: _native.Program) -> IndexError:
        """What the engine said of a row that is not there, with the layer instead of the instruction."""
        said = r"instruction (\d+) \((\w+)\).*index (-?\d+) at position (\d+) .* for (\d+) rows"
        found = re.match(said, str(problem))
        if found is None or found[2] in ("gemm", "feed"):
            return problem  # the numbers are those of the batch's rows
        drafts = next(self.arranged[key] for key, engine in self.engines.items() if engine is program)
        draft = [*numbered(drafts)][int(found[1])]
        if not draft.nodes:
            return problem
        node = draft.nodes[-1]
        outside = any(draft is d for d in drafts)
        where = f" at position {found[4]} of the batch" if outside else ", inside of a loop"
        number, rows = int(found[3]), int(found[5])
        number -= rows if number < 0 else 0  # those from the end had the number of rows added
        return RowError(
            message(
                f"{node.path or found[2]}: the number {number} names no row",
                got=f"{number}{where}",
                want=f"0..{rows - 1}, because there are {rows} rows",
                fix="let input_dim be the largest number plus one" if node.path else None,
                where=True,
            )
        )

    def placement(self):
        found = []
        for i, draft in enumerate(self.drafts):
            found += placed(draft, i)
        return found


def numbered(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Drafts as the engine counts them: the body of a loop behind it."""
    for draft in drafts:
        yield draft
        yield from numbered(draft.body.drafts if draft.body is not None else ())


def placed(draft: Draft, instruction: int) -> list[Placed]:
    """The nodes of a draft and who runs them, bodies included."""
    where = "reference" if draft.kernel == "python" else "native"
    rows = [Placed(n, where, instruction) for n in draft.nodes]
    for inner in draft.body.drafts if draft.body else ():
        rows += placed(inner, instruction)
    return rows


def refuse_too_large(graph) -> None:
    """A ShapeError where a value has more bytes than an address can tell, before anything is planned."""
    for node in [*graph.inputs, *graph.nodes]:
        for type in node.types:
            if type.size * SIZES[type.dtype] >= 2**62:
                raise ShapeError(
                    message(
                        f"{node.path or node.name or 'a value'} is larger than any machine",
                        got=f"{type}, {type.size * SIZES[type.dtype]:.1e} bytes",
                        want="fewer than 2**62 bytes",
                    )
                )
