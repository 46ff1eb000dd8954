"""How a group of nodes becomes one instruction: a chain, alone or behind a product, and sums of what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ...graph import Node
from . import emit
from .chain import Chain, build
from .draft import Draft
from .fuse import Group, summed_axes
from .views import View, fresh, type_of, unshaped

if TYPE_CHECKING:
    from .plan import Planner


def summing(planner: Planner, node: Node) -> bool:
    """Whether a chain can give this sum: the axes must lie side by side."""
    op = node.op
    if op is None or op.name != "sum" or node.dtype != "float32" or not node.inputs[0].type.size:
        return False
    x = node.inputs[0]
    kinds = [kind for kind, _ in runs(x.shape, summed_axes(x.shape, node))]
    layout = kinds.count(True) == 1 and len(kinds) <= 3
    return layout and planner.constant(x) is None and planner.can.kernel("map_sum", (node.dtype,))


def runs(shape: tuple[int, ...], axes: Sequence[int]) -> list[tuple[bool, list[int]]]:
    """Axes side by side that are all summed, or all kept; those of size 1 are left out."""
    found: list[tuple[bool, list[int]]] = []
    for a, n in enumerate(shape):
        if n == 1:
            continue
        if found and found[-1][0] == (a in axes):
            found[-1][1].append(a)
        else:
            found.append((a in axes, [a]))
    return found


def can_sum(shape: tuple[int, ...], axes: Sequence[int], views: Sequence[View]) -> bool:
    """Whether the engine can sum over these axes inside of a chain.

    To all operands what is summed must be one dimension, and what is kept behind it another.
    """
    found = runs(shape, axes)
    start = next(i for i, (folded, _) in enumerate(found) if folded)
    for _, run in found[start:]:
        for view in views:
            if len(view.shape) == len(shape) and view.size > 1:
                strides = [0 if n == 1 else s for n, s in zip(view.shape, view.strides, strict=True)]
                if any(strides[a] != strides[b] * shape[b] for a, b in pairwise(run)):
                    return False
    return True


def emit_group(planner: Planner, group: Group) -> None:
    """Drafts a group."""
    product = emit.product(planner, group.root) if group.root is not None else None
    shape = group.shape if product is None else product.shape
    chain = chain_of(planner, group, shape)
    out_nodes = escaping(planner, group)
    late: list[tuple[View, View]] = []
    outs = [planner.under_place(planner.place_of(n), shape, late) for n in out_nodes]
    whole = [view for i, view in enumerate(chain.inputs) if i not in chain.orders]
    if group.sums and not can_sum(shape, group.sums[0].attrs["axes"], [*whole, *outs]):
        return sum_apart(planner, group)
    for node, view in zip(out_nodes, outs, strict=True):
        chain.output(node, view)
    if product is not None and out_nodes == [group.root] and len(group.nodes) == 1:
        planner.add(Draft(product.kernel, product.views, outs, product.ints, nodes=group.nodes))
    elif product is not None:
        views = [*product.views, *chain.inputs]
        planner.add(Draft(product.kernel, views, outs, product.ints, chain=chain.finished(), nodes=group.nodes))
    elif group.sums:
        totals = [whole_place(planner.place_of(s), late) for s in group.sums]
        axes = list(group.sums[0].attrs["axes"])
        planner.add(Draft("map_sum", chain.operands, outs + totals, axes, chain=chain.finished(), nodes=group.members))
    else:
        planner.add(Draft("map", chain.operands, outs, chain=chain.finished(), nodes=group.nodes))
    for made, place in late:
        planner.add(Draft("copy", [made], [place]))


def chain_of(planner: Planner, group: Group, shape: tuple[int, ...]) -> Chain:
    """The steps of a group over a shape and what is summed, without its outputs."""
    chain = Chain(shape, group.root)

    def resolve(x: Node):
        table = planner.unmade.get(unshaped(x))
        if table is not None:
            return chain.rows(*table)
        constant = planner.constant(x)
        return planner.under(planner.view(x), shape) if constant is None else constant

    build(chain, group.nodes, resolve, [s.inputs[0] for s in group.sums])
    return chain


def sum_apart(planner: Planner, group: Group) -> None:
    """Drafts the values, then their sums: they do not lie so that the chain could sum them."""
    sums, group.sums = group.sums, []
    for node in sums:
        del planner.group_of[node]
    emit_group(planner, group)
    for node in sums:
        emit.emit(planner, node)


def whole_place(place: View, late: list[tuple[View, View]]) -> View:
    """A place whose elements lie side by side; else a new one, and a copy that is made later."""
    if place.contiguous:
        return place
    made = fresh(type_of(place))
    late.append((made, place))
    return made


def escaping(planner: Planner, group: Group) -> list[Node]:
    """The nodes of a group whose value somebody outside reads."""
    return [n for n in group.nodes if leaves(planner, group, n)]


def leaves(planner: Planner, group: Group, node: Node) -> bool:
    """Whether the value of a node is read outside of a group, as it is or under another shape."""
    if node in planner.outputs:
        return True
    for m in planner.reads[node]:
        if leaves(planner, group, m) if is_reshape(m) else planner.group_of.get(m) is not group:
            return True
    return False


def is_reshape(node: Node) -> bool:
    return node.op is not None and node.op.name == "reshape"
