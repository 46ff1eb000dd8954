"""One of two programs, and a loop that ends when a condition fails: scans with a guard, a truth value in the arena.

The engine reads the guard before each time step of a scan and ends the scan when it is false. So a branch is a scan of
one step, and a while loop a scan whose body computes the guard of its next step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph import Graph, Node, placeholder, substitute
from ...types import Type
from .chain import Chain
from .draft import Body, Draft
from .loops import plan_inside
from .views import SIZES, Storage, View, fresh

if TYPE_CHECKING:
    from .plan import Planner

TRUTH = Type("bool", ())
FOREVER = 2**62  # steps of a loop without a limit


def cond(planner: Planner, node: Node) -> None:
    """Drafts both branches; the guard of the second is the opposite of the first's."""
    chosen = planner.contiguous(planner.view(node.inputs[0]))
    opposite = fresh(TRUTH)
    chain = Chain(())
    chain.steps.append(("logical_not", "bool", [chain.source(chosen)], ("out", 0)))
    chain.outputs.append(opposite)
    planner.add(Draft("map", chain.inputs, [opposite], chain=chain.finished(), nodes=[node]))
    given = [planner.view(x) for x in node.inputs[1:]]
    results = results_of(planner, node)
    for name, guard in (("then", chosen), ("otherwise", opposite)):
        part(planner, node, node.attrs[name], given, results, guard, 1)


def while_loop(planner: Planner, node: Node) -> None:
    """Drafts the test of the first step, then the loop: its body, and the test of the step that follows."""
    test, body, tested, limit = (node.attrs[k] for k in ("test", "body", "tested", "limit"))
    count = len(test.inputs) - tested
    values = [planner.view(x) for x in node.inputs]
    results = results_of(planner, node)
    for value, place in zip(values[:count], results, strict=True):
        planner.add(Draft("copy", [value], [place], nodes=[node]))
    first, rest = values[count : count + tested], values[count + tested :]
    goes_on = fresh(TRUTH)
    part(planner, node, test, [*results, *first], [goes_on], None, 1)
    step = followed_by_test(body, test, count)
    part(
        planner,
        node,
        step,
        [*results, *rest, *first],
        [*results, goes_on],
        goes_on,
        FOREVER if limit is None else limit,
    )


def followed_by_test(body: Graph, test: Graph, count: int) -> Graph:
    """Carries, the body's constants and the test's in; the new carries out, and whether the loop goes on with them."""
    inputs = [placeholder(x.type) for x in (*body.inputs, *test.inputs[count:])]
    carries = substitute(body, inputs[: len(body.inputs)])
    return Graph(inputs, [*carries, *substitute(test, [*carries, *inputs[len(body.inputs) :]])])


def results_of(planner: Planner, node: Node) -> list[View]:
    """Places for the results of a node."""
    if len(node.types) == 1:
        return [planner.place_of(node)]
    views = [fresh(t) for t in node.types]
    planner.items[node] = dict(enumerate(views))
    return views


def part(planner: Planner, node: Node, graph: Graph, given: list[View], places: list[View], guard, length: int) -> None:
    """Drafts a graph over views of the outer program, as a scan whose bases do not move."""
    parents: dict[Storage, View] = {}
    bases: dict[tuple, tuple[Storage, View, int, int]] = {}

    def inside(view: View) -> View:
        key = (view.storage, view.offset, view.strides, view.shape)
        if key not in bases:
            storage = Storage(view.size * SIZES[view.dtype], base=-1)
            bases[key] = (storage, view, 0, 0)
            parents[storage] = view
        return View(bases[key][0], view.dtype, view.shape, view.strides)

    written = {place.storage for place in places}

    def pack(view: View, ints: tuple[int, ...]) -> View | None:
        parent = parents.get(view.storage)
        if parent is None or parent.storage in written:
            return None
        there = View(parent.storage, view.dtype, view.shape, view.strides, parent.offset + view.offset)
        packed = planner.pack(there, transient=True, ints=ints)
        return None if packed is None else inside(packed)

    inputs = {x: inside(v) for x, v in zip(graph.inputs, given, strict=True)}
    targets = [planner.target(y, inside(v)) for y, v in zip(graph.outputs, places, strict=True)]
    weights = {v.storage for v in inputs.values()}
    inner = type(planner)(graph, inputs, targets, planner.can, pack, weights=weights)
    workspace = Storage(0)
    for draft in inner.drafts:
        for storage in draft.storages():
            if storage.base == 0 and storage.inside is None:
                storage.inside = workspace
    workspace.bytes = plan_inside(inner.drafts, workspace)
    views = [view for _, view, *_ in bases.values()]
    body = Body(inner.drafts, list(bases.values()), workspace, length, guard)
    planner.add(Draft("scan", views if guard is None else [*views, guard], places, body=body, nodes=[node]))
