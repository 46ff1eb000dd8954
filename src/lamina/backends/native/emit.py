"""How a node that runs alone becomes drafts: one short function for each shape of kernel, in one table."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ...graph import Node
from . import branches, loops, tables, window, zeros
from .draft import Draft, Product
from .views import View, flat, fresh, row_major, rows_of

if TYPE_CHECKING:
    from .plan import Planner

PACK_ROWS = 4  # a product of fewer rows than this does not repay the packing of its right-hand side
UNPACKED_ROWS, UNPACKED_COLUMNS = 256, 512  # nor one of at most so many rows by at least so many columns


def emit(planner: Planner, node: Node) -> None:
    """Drafts one node; on the reference, where the engine has no kernel for its op or its dtypes."""
    op = node.op
    assert op is not None
    rule = PROGRAMS[op.name] if op.kernel == "scan" else RULES.get(op.kernel or "")
    dtypes = tuple(x.types[0].dtype for x in node.inputs)
    if rule is not None and planner.can.kernel(str(op.kernel), dtypes):
        rule(planner, node)
    elif planner.can.kernel(f"direct_{op.name}", dtypes):
        direct(planner, node, f"direct_{op.name}")
    else:
        planner.fallback(node)


def matrix_operands(planner: Planner, node: Node) -> tuple[list[View], list[int]]:
    """The operands of a matrix product; the right-hand side in panels if it is a weight.

    Where weights change with every step, and their columns are enough to be divided among the threads, nobody waits for
    a packing and no core reads what another one packed: weights are read where they are, and of a turned matrix each
    unit of the product packs the columns it multiplies with.
    """
    a, b = (planner.view(x) for x in node.inputs)
    found = zeros.of_product(*node.inputs)
    more = [0, 0, found] if found else []
    if len(b.shape) == 2 and b.storage in planner.weights:
        rows, columns = a.shape[0], b.shape[1]
        unpacked = rows < PACK_ROWS or (len(a.shape) == 2 and rows <= UNPACKED_ROWS and columns >= UNPACKED_COLUMNS)
        packed = planner.pack(b, transient=not unpacked)
        if packed is not None:
            return [a, packed], [1, *more]
        return [a, b], [2 if rows >= PACK_ROWS and b.strides[1] != 1 else 0, *more]
    return [a, b], [0, *more]


def product(planner: Planner, node: Node) -> Product:
    """What a root computes before its chain."""
    assert node.op is not None
    if node.op.kernel == "gemm":
        return Product("gemm", *matrix_operands(planner, node), node.shape)
    return (window.largest_grad if node.op.kernel == "max_pool_grad" else window.convolution)(planner, node)


def gemm(planner: Planner, node: Node) -> None:
    views, ints = matrix_operands(planner, node)
    planner.add(Draft("gemm", views, [planner.place_of(node)], ints, nodes=[node]))


def direct(planner: Planner, node: Node, kernel: str) -> None:
    """A matrix product, convolution or pooling by plain loops: float64, and whole numbers."""
    views = [planner.contiguous(planner.view(x)) for x in node.inputs]
    ints = window.geometry_of(node) if "strides" in node.attrs else []
    planner.add(Draft(kernel, views, [planner.place_of(node)], ints, nodes=[node]))


def pick(planner: Planner, node: Node) -> None:
    direct(planner, node, "max_pool_pick")


def fold(planner: Planner, node: Node) -> None:
    assert node.op is not None
    axes = node.attrs["axes"] if "axes" in node.attrs else (node.attrs["axis"],)
    planner.add(
        Draft(str(node.op.kernel), [planner.view(node.inputs[0])], [planner.place_of(node)], list(axes), nodes=[node])
    )


def moments(planner: Planner, node: Node) -> None:
    outs = [fresh(t) for t in node.types]
    planner.items[node] = dict(enumerate(outs))
    planner.add(Draft("moments", [planner.view(node.inputs[0])], outs, list(node.attrs["axes"]), nodes=[node]))


def rows(planner: Planner, node: Node) -> None:
    assert node.op is not None
    x = planner.view(node.inputs[0])
    x = x if x.strides[-1] == 1 or x.shape[-1] == 1 else planner.contiguous(x)
    planner.add(Draft(str(node.op.kernel), [x], [planner.place_of(node)], nodes=[node]))


def pad(planner: Planner, node: Node) -> None:
    """A fill, and a copy into the strided places that are not padding."""
    x, out = planner.view(node.inputs[0]), planner.place_of(node)
    planner.add(Draft("fill", [], [out], floats=[float(node.attrs["value"])], nodes=[node]))
    low, interior = node.attrs["low"], node.attrs["interior"]
    start = sum(a * s for a, s in zip(low, out.strides, strict=True))
    inner = out.with_layout(
        x.shape, (s * (i + 1) for s, i in zip(out.strides, interior, strict=True)), out.offset + start
    )
    if x.size:
        planner.add(Draft("copy", [x], [inner], nodes=[node]))


def concatenate(planner: Planner, node: Node) -> None:
    """Copies the pieces that were not computed in their places."""
    whole, start = planner.place_of(node), 0
    axis = node.attrs["axis"]
    for x in node.inputs:
        place = whole.with_layout(x.shape, whole.strides, whole.offset + start * whole.strides[axis])
        view = planner.view(x)
        if (view.storage, view.offset, view.strides) != (place.storage, place.offset, place.strides) and x.type.size:
            planner.add(Draft("copy", [view], [place], nodes=[node]))
        start += x.shape[axis]


def gather(planner: Planner, node: Node) -> None:
    table, ids = (planner.contiguous(planner.view(x)) for x in node.inputs)
    out = planner.place_of(node)
    planner.add(Draft("gather", [rows_of(table, 1), flat(ids)], [rows_of(out, len(ids.shape))], nodes=[node]))


def scatter_add(planner: Planner, node: Node) -> None:
    if node in planner.unmade:
        return tables.order(planner, node)
    x, ids = (planner.contiguous(planner.view(v)) for v in node.inputs)
    out = planner.place_of(node)
    planner.add(Draft("scatter_add", [rows_of(x, len(ids.shape)), flat(ids)], [rows_of(out, 1)], nodes=[node]))


def scatter_onto(planner: Planner, node: Node) -> None:
    """Adds rows in the table's own place, or else onto a copy."""
    table, out = planner.view(node.inputs[0]), planner.place_of(node)
    x, ids = (planner.contiguous(planner.view(v)) for v in node.inputs[1:])
    if (out.storage.root, out.offset, out.strides) != (table.storage.root, table.offset, table.strides):
        planner.add(Draft("copy", [table], [out], nodes=[node]))
    planner.add(Draft("scatter_onto", [rows_of(x, len(ids.shape)), flat(ids)], [rows_of(out, 1)], nodes=[node]))


def along(planner: Planner, node: Node) -> None:
    """Elements by number along an axis: everything as (before the axis, the axis, behind it)."""
    assert node.op is not None
    axis = node.attrs["axis"]
    x, ids = (as_three(planner.contiguous(planner.view(v)), axis) for v in node.inputs)
    planner.add(Draft(str(node.op.kernel), [x, ids], [as_three(planner.place_of(node), axis)], nodes=[node]))


def as_three(view: View, axis: int) -> View:
    shape = (prod(view.shape[:axis]), view.shape[axis], prod(view.shape[axis + 1 :]))
    return view.with_layout(shape, row_major(shape))


def cumsum(planner: Planner, node: Node) -> None:
    ints = [node.attrs["axis"], 0, int(node.attrs["reverse"])]
    planner.add(Draft("cumsum", [planner.view(node.inputs[0])], [planner.place_of(node)], ints, nodes=[node]))


def sort(planner: Planner, node: Node) -> None:
    assert node.op is not None
    views, ints = [planner.view(node.inputs[0])], [node.attrs["axis"], 0]
    planner.add(Draft(str(node.op.kernel), views, [planner.place_of(node)], ints, nodes=[node]))


def top_k(planner: Planner, node: Node) -> None:
    outs = [fresh(t) for t in node.types]
    planner.items[node] = dict(enumerate(outs))
    x = planner.view(node.inputs[0])
    planner.add(Draft("top_k", [x], outs, [len(x.shape) - 1], nodes=[node]))


ROOTS = {"gemm", "conv", "conv_input_grad", "max_pool_grad"}  # kernels that run a chain on each piece of their result

RULES = {
    "gemm": gemm,
    "conv_kernel_grad": window.kernel_grad,
    "max_pool": window.max_pool,
    "max_pool_grad": window.later,
    "sum_pool": window.pool,
    "sum_pool_grad": window.pool,
    "max_pool_pick": pick,
    "sum": fold,
    "prod": fold,
    "moments": moments,
    "max": fold,
    "min": fold,
    "argmax": fold,
    "argmin": fold,
    "softmax": rows,
    "log_softmax": rows,
    "pad": pad,
    "concatenate": concatenate,
    "gather": gather,
    "scatter_add": scatter_add,
    "scatter_onto": scatter_onto,
    "take_along": along,
    "put_along": along,
    "cumsum": cumsum,
    "sort": sort,
    "argsort": sort,
    "top_k": top_k,
}

PROGRAMS = {"scan": loops.scan, "cond": branches.cond, "while_loop": branches.while_loop}  # ops of the kernel "scan"

__all__ = ["ROOTS", "emit", "matrix_operands", "product"]
