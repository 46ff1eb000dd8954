"""Which steps of a tensor are real: the mask that a layer wrote down, or the one that follows from the ops since.

A mask is a bool tensor over the first axes of a tensor: (batch, steps) for (batch, steps, features). ``Trace.masks``
has the masks that layers wrote down; None there means that a layer used the mask up. What ops do to it is told here,
so that ``tokens + positions`` in a ``call`` does not lose it.
"""

from __future__ import annotations

from functools import reduce
from itertools import accumulate
from math import prod
from operator import mul

from .composites.softmax import RowOp
from .graph import Node
from .op import Op
from .ops.broadcast import Expand, Reduce
from .ops.compare import logical_or
from .ops.create import full
from .ops.elementwise import Cast, Elementwise
from .ops.matmul import Matmul
from .ops.reduce import Arg
from .ops.shape import Reshape, Transpose, reshape
from .ops.slice import Concatenate, Pad, Reverse, Slice, concatenate_, pad_, reverse, slice_
from .trace import Trace, current


def mask_of(x, trace: Trace | None = None) -> Node | None:
    """Which steps of a tensor are real, or None where all are."""
    trace = current() if trace is None else trace
    if trace is None or not isinstance(x, Node) or not trace.masks:
        return None
    known = trace.notes.setdefault("derived_masks", {})
    stack = [x]
    while stack:
        node = stack[-1]
        if node in trace.masks or node in known:
            stack.pop()
            continue
        missing = [i for i in node.inputs if i not in trace.masks and i not in known]
        if missing and rule_of(node.op) is not None:
            stack.extend(missing)
            continue
        known[node] = derived(node, [found(trace, i) for i in node.inputs])
        stack.pop()
    return found(trace, x)


def found(trace: Trace, x: Node) -> Node | None:
    return trace.masks[x] if x in trace.masks else trace.notes["derived_masks"].get(x)


def derived(node: Node, masks: list[Node | None]) -> Node | None:
    """The mask of what an op gives, by the masks of its inputs; None where it mixes steps, or is not known here."""
    rule = rule_of(node.op)
    if rule is None or all(m is None for m in masks):
        return None
    made = rule(node, masks)
    return made if made is not None and tuple(made.shape) == tuple(node.shape[: len(made.shape)]) else None


def joined(masks: list[Node | None]) -> Node | None:
    """A step is real where it is in any of the tensors that have a mask."""
    known = list(dict.fromkeys(m for m in masks if m is not None))
    return reduce(logical_or, known) if known and len({m.shape for m in known}) == 1 else None


def of_each(node: Node, masks):
    """Ops that treat each element alone."""
    return joined(masks)


def of_rows(node: Node, masks):
    """Ops over the last axis."""
    return masks[0] if masks[0].ndim < node.ndim else None


def of_product(node: Node, masks):
    """A matrix product sums over the last axis of its first input."""
    return masks[0] if masks[0] is not None and masks[0].ndim < node.ndim else None


def of_folded(node: Node, masks):
    """Ops that fold axes away."""
    axes = node.attrs["axes"] if "axes" in node.attrs else (node.attrs["axis"],)
    return masks[0] if all(a >= masks[0].ndim for a in axes) else None


def of_expanded(node: Node, masks):
    return masks[0] if node.ndim == node.inputs[0].ndim else None


def of_reshaped(node: Node, masks):
    """The elements stay in order, so the mask goes along where its elements fill the first axes of the result."""
    sizes = accumulate(node.shape, mul, initial=1)
    fits = [axes for axes, size in enumerate(sizes) if size == prod(masks[0].shape)]
    if not fits:
        return None
    axes = masks[0].ndim if masks[0].ndim in fits else fits[0]
    shape = tuple(node.shape[:axes])
    return masks[0] if shape == tuple(masks[0].shape) else reshape(masks[0], shape=shape)


def of_transposed(node: Node, masks):
    order, axes = node.attrs["axes"], masks[0].ndim
    return masks[0] if tuple(order[:axes]) == tuple(range(axes)) else None


def of_slice(node: Node, masks):
    """A single step is picked because it is meant; of several the mask is cut out too."""
    if tuple(node.shape[: masks[0].ndim]) == tuple(masks[0].shape):
        return masks[0]
    if 1 in node.shape[1 : masks[0].ndim]:
        return None
    return slice_(masks[0], **{key: tuple(node.attrs[key][: masks[0].ndim]) for key in ("start", "stop", "step")})


def of_reversed(node: Node, masks):
    axes = tuple(a for a in node.attrs["axes"] if a < masks[0].ndim)
    return reverse(masks[0], axes=axes) if axes else masks[0]


def of_padded(node: Node, masks):
    """Steps that are put around a sequence are not real."""
    parts = {key: tuple(node.attrs[key][: masks[0].ndim]) for key in ("low", "high", "interior")}
    return pad_(masks[0], **parts, value=False) if any(map(any, parts.values())) else masks[0]


def of_concatenated(node: Node, masks):
    """Along the steps masks stand end to end, and parts without one are real; along the features they are joined."""
    axes = max(m.ndim for m in masks if m is not None)
    if node.attrs["axis"] >= axes:
        return joined(masks)
    parts = zip(masks, node.inputs, strict=True)
    whole = [all_real(x.shape[:axes]) if m is None else m for m, x in parts]
    return concatenate_(*whole, axis=node.attrs["axis"])


def all_real(shape) -> Node:
    return full.node([], {"shape": tuple(shape), "value": True, "dtype": "bool"})


RULES = {
    Elementwise: of_each,
    Cast: of_each,
    RowOp: of_rows,
    Matmul: of_product,
    Reduce: of_folded,
    Arg: of_folded,
    Expand: of_expanded,
    Reshape: of_reshaped,
    Transpose: of_transposed,
    Slice: of_slice,
    Reverse: of_reversed,
    Pad: of_padded,
    Concatenate: of_concatenated,
}


def rule_of(op: Op | None):
    """What an op does to a mask; None where it is not known to keep it."""
    return next((RULES[kind] for kind in type(op).__mro__ if kind in RULES), None)
