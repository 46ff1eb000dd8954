"""Reverse-mode differentiation: one walk backwards, asking each op for its vjp."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import GradientError, message
from .graph import Node, scope, topological_order
from .op import OPS, Item


def gradients(outputs: Sequence[Node], wrt: Sequence[Node], seeds: Sequence[Node] | None = None) -> list[Node]:
    """The derivative of ``sum(seed * output)`` with respect to each node of ``wrt``, as nodes.

    Gradients are ordinary graph, so they run on every backend and can be differentiated again. Without ``seeds`` each
    output must be a scalar, and its seed is one. A node that no output depends on has gradient zero.
    """
    if seeds is None:
        for y in outputs:
            if y.shape != () or not y.type.is_float:
                raise GradientError(
                    message(
                        "only a floating-point scalar has a gradient",
                        got=str(y.type),
                        fix="reduce it with lamina.ops.sum or lamina.ops.mean",
                    )
                )
        seeds = [constant(1.0, y) for y in outputs]
    order = topological_order(list(outputs))
    needed = dependents(order, wrt)
    cotangents: dict[Node, list[Node | None]] = {}
    for y, seed in zip(outputs, seeds, strict=True):
        accumulate(cotangents, y, 0, seed)
    for node in reversed(order):
        if node.op is None or node not in needed or node not in cotangents:
            continue
        dys = cotangents[node]
        if isinstance(node.op, Item):
            accumulate(cotangents, node.inputs[0], node.attrs["index"], dys[0])
            continue
        if not node.op.differentiable:
            raise GradientError(
                message(
                    f"{node.op.name} has no derivative",
                    got=str(node),
                    fix="use lamina.ops.stop_gradient where none is wanted",
                )
            )
        with scope(node.path, absolute=True):
            dxs = node.op.vjp(dys[0] if len(dys) == 1 else tuple(dys), node, *node.inputs, **node.attrs)
        for x, dx in zip(node.inputs, dxs, strict=True):
            if dx is not None and x in needed:
                accumulate(cotangents, x, 0, dx, node)
    found = [cotangents.get(x, [None])[0] for x in wrt]
    return [constant(0.0, x) if dx is None else dx for x, dx in zip(wrt, found, strict=True)]


def accumulate(
    cotangents: dict[Node, list[Node | None]], x: Node, index: int, dx: Node | None, source: Node | None = None
):
    """Add a contribution to the gradient of a result: where paths branch, their contributions add up."""
    if dx is None:
        return
    assert dx.type == x.types[index], f"{source or x}: vjp gave {dx.type} for a value of type {x.types[index]}"
    slots = cotangents.setdefault(x, [None] * len(x.types))
    old = slots[index]
    slots[index] = dx if old is None else OPS["add"].node([old, dx], {})


def dependents(order: Sequence[Node], sources: Sequence[Node]) -> set[Node]:
    """The nodes of ``order`` that depend on ``sources``, the sources among them."""
    found = set(sources)
    for node in order:
        if any(x in found for x in node.inputs):
            found.add(node)
    return found


def constant(value: float, like: Node) -> Node:
    """A node of the type of ``like``, filled with one value."""
    return OPS["full"].node([], {"value": value, "shape": like.shape, "dtype": like.dtype})
