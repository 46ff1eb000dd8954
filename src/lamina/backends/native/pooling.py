"""Gradients behind max-pooling: which are never made, and how more of them come not to be.

Such a gradient is mostly zeros: one number for each window, put where the window's largest element is. A convolution
before the pooling multiplies only those numbers (``pooled_input_grad``, ``pooled_kernel_grad``), if nobody else wants
the image. The derivative of an activation stands in between, so it is taken of the pooled values instead of all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import prod
from typing import TYPE_CHECKING

from ...graph import Graph, Node, rewrite, users
from ...graph.rewrite import rebuilt
from ...ops.create import full
from ...ops.elementwise import Elementwise
from .views import VIEWS

if TYPE_CHECKING:
    from .fuse import Group
    from .plan import Planner

EXPRESSION = 16  # nodes of an activation's derivative, at most
SHARE = 4  # at most one number in so many is not zero: else a dense product is as fast


def key(x: Node, attrs: dict) -> tuple:
    """What is pooled, and how."""
    return x, *(attrs[name] for name in ("size", "strides", "padding"))


def is_op(node: Node, *names: str) -> bool:
    return node.op is not None and node.op.name in names


# -- what is computed of all elements, computed of the largest --


def compute_pooled(graph: Graph) -> Graph:
    """The same outputs. What keeps zeros zero and stands behind the gradient of max-pooling moves before it.

    The rest of what it reads must be computed from what was pooled, element by element: it is read from the pooled
    values then. Where no gradient comes back, what keeps the order of numbers, as a bias and ReLU do, is computed of
    the largest alone. A sum over all pixels needs no pixels either: each window's number has found its place. (Where a
    window is -inf only and starts in padding it has not, and is summed all the same.)
    """
    if graph.op_names.isdisjoint(("max_pool", "max_pool_grad")):
        return graph
    reads = users(graph)
    pools: dict[tuple, Node] = {}

    def rule(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if is_op(node, "max_pool"):
            if reads[node.inputs[0]] == [node] and (later := after_pooling(node, inputs[0])) is not None:
                return later
            return pools.setdefault(key(inputs[0], node.attrs), rebuilt(node, inputs))
        for i, x in enumerate(inputs):
            if not is_op(x, "max_pool_grad") or (len(reads[node.inputs[i]]) != 1 and not is_op(node, "sum")):
                continue
            if is_op(node, "sum") and node.attrs["axes"] == tuple(range(x.ndim - 1)):
                return rebuilt(node, (x.inputs[1],))
            y = pools.get(key(x.inputs[0], x.attrs))
            if y is not None and keeps_zeros(node, inputs, i):
                made = [x.inputs[1] if k == i else at_largest(v, x.inputs[0], y) for k, v in enumerate(inputs)]
                if all(v is not None for v in made):
                    return rebuilt(x, (x.inputs[0], rebuilt(node, tuple(made))))  # type: ignore[arg-type]
        return None

    return rewrite(graph, rule)


def after_pooling(pooling: Node, x: Node) -> Node | None:
    """The same values with what keeps their order computed behind the pooling; None if there is nothing to move."""
    steps: list[tuple[Node, int]] = []
    while is_op(x, "relu", "add", "sub", "maximum", "minimum"):
        moving = [i for i, v in enumerate(x.inputs) if at_largest(v, None, pooling) is None]
        if len(moving) != 1 or (is_op(x, "sub") and moving != [0]):
            break
        steps.append((x, moving[0]))
        x = x.inputs[moving[0]]
    if not steps:
        return None
    y = rebuilt(pooling, (x,))
    for step, place in reversed(steps):
        inputs = [y if i == place else at_largest(v, None, y) for i, v in enumerate(step.inputs)]
        y = rebuilt(step, tuple(inputs))  # type: ignore[arg-type]
    return y


def keeps_zeros(node: Node, inputs: Sequence[Node], i: int) -> bool:
    """Whether the result is zero where input ``i`` is, whatever (finite) the others are."""
    if is_op(node, "select"):
        return i > 0 and constant(inputs[3 - i]) == 0
    return is_op(node, "mul") and inputs[0] is not inputs[1]


def constant(node: Node):
    """The value that is repeated all over, or None."""
    node = shown(node)
    return node.attrs["value"] if is_op(node, "full") else None


def at_largest(node: Node, x: Node | None, y: Node, budget: list[int] | None = None) -> Node | None:
    """The value of an expression in ``x`` where ``x`` is largest, as one in ``y``; None if it reads anything else.

    Numbers for each channel are the same everywhere. Without ``x`` nothing else is allowed.
    """
    budget = budget if budget is not None else [EXPRESSION]
    budget[0] -= 1
    if node is x:
        return y
    value = constant(node)
    if value is not None:
        return full.node([], {"value": value, "shape": y.shape, "dtype": node.dtype})
    if is_op(node, "expand") and prod(node.inputs[0].shape) == prod(node.inputs[0].shape[-1:]):
        return rebuilt(node, node.inputs, {"shape": y.shape})  # a number for each channel
    if budget[0] < 0 or not isinstance(node.op, Elementwise):
        return None
    inputs = [at_largest(v, x, y, budget) for v in node.inputs]
    return None if any(v is None for v in inputs) else rebuilt(node, tuple(inputs))  # type: ignore[arg-type]


# -- images that nobody wants --


def never_made(graph: Graph, reads: dict[Node, list[Node]], has_kernel, changing: Collection[Node]) -> set[Node]:
    """The gradients behind max-pooling that only convolutions read, and from which they read little.

    ``changing`` are inputs whose place is written in the step, perhaps before a late reader ran.
    """
    outputs = set(graph.outputs)
    return {
        node
        for node in graph.nodes
        if is_op(node, "max_pool_grad")
        and node.dtype == "float32"
        and prod(node.attrs["strides"]) >= SHARE
        and node not in outputs
        and shown(node.inputs[1]) not in changing
        and all(takes_pooled(m, node) for m in reads[node])
        and has_kernel("pooled_input_grad", ("float32",))
    }


def takes_pooled(node: Node, dy: Node) -> bool:
    place = {"conv_input_grad": 0, "conv_kernel_grad": 1}.get(node.op.name if node.op is not None else "")
    return (
        place is not None
        and node.inputs[place] is dy
        and node.inputs[1 - place] is not dy
        and node.attrs["groups"] == 1
    )


def shown(node: Node) -> Node:
    """What a view of a view shows in the end."""
    while is_op(node, *VIEWS):
        node = node.inputs[0]
    return node


# -- images that are pooled where they are computed --


def pooled_groups(planner: Planner, in_tiles: Callable[[Node], bool]) -> dict[Group, Node]:
    """The groups behind a convolution whose only result is an image that is pooled, each with its max-pooling.

    Not those ``in_tiles``: fewer multiplications save more.
    """
    found: dict[Group, Node] = {}
    targets = {t.node for t in planner.targets}
    placed = {t.node for t in planner.targets if t.place is not None}  # not before their places are free
    for node in planner.graph.nodes:
        group = planner.group_of.get(node.inputs[0]) if is_op(node, "max_pool") else None
        if group is None or group.root is None or not is_op(group.root, "conv") or group in found:
            continue
        if node in placed or node.inputs[0] in targets or in_tiles(group.root):
            continue
        fits = node.inputs[0].shape == group.shape and group.root.attrs["groups"] == 1
        if fits and planner.escaping(group) == [node.inputs[0]] and planner.can.kernel("conv_max_pool", ("float32",)):
            readers = [m for m in planner.reads[node.inputs[0]] if planner.group_of.get(m) is not group]
            if all(needs_pooled_only(m, node) for m in readers):
                found[group] = node
    return found


def needs_pooled_only(reader: Node, pooling: Node) -> bool:
    """Whether a reader of what is pooled can do with the pooled values and their places."""
    x = pooling.inputs[0]
    if reader is pooling:
        return True
    return (
        is_op(reader, "max_pool_grad") and key(x, pooling.attrs) == key(x, reader.attrs) and reader.inputs[1] is not x
    )
