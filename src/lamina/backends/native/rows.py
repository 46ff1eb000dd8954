"""What an instruction does with the rows of a batch: whether it keeps them apart, and where each of them lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from .draft import Draft
from .feeds import BY_ROWS
from .views import SIZES, View, fresh, type_of


@dataclass
class Cut:
    """How the operands are cut along with the batch.

    units   for each operand, those read first, how many entries of its first dimension belong to a row of the batch;
            0 where all rows read the whole of it
    chain   the same for the shape of the chain, if there is one
    inside  whether it may be run for some of the rows
    shared  what all rows are multiplied with
    count   which of the draft's integers is the number of rows of the batch, if one is
    views   the operands with the batch's rows in front, where the draft has them elsewhere
    """

    units: list[int]
    chain: int = 0
    inside: bool = True
    shared: Sequence[View] = ()
    count: int = -1
    views: Sequence[View] = ()


def per_row(shape: Sequence[int], batch: int) -> int:
    """Entries of the first dimension that belong to a row of the batch; 0 where they do not come out even."""
    return shape[0] // batch if shape and shape[0] % batch == 0 else 0


def width(view: View, unit: int) -> int:
    """Bytes from one row of the batch to the next, if each has its own, from the storage's start on; else 0."""
    if not unit or view.offset < 0 or any(s < 0 for s in view.strides):
        return 0
    step = view.strides[0] * unit
    inner = zip(view.shape[1:], view.strides[1:], strict=True)
    end = view.offset + (unit - 1) * view.strides[0] + sum((n - 1) * s for n, s in inner) + 1
    return step * SIZES[view.dtype] if end <= step else 0


def cut(draft: Draft, batch: int) -> Cut | None:
    """How a draft is cut; None where rows meet, or where nothing is known about them."""
    rule = RULES.get(draft.kernel)
    return rule(draft, batch) if rule is not None and draft.body is None else None


def of_chain(draft: Draft, batch: int, views: Sequence[View]) -> tuple[int, list[int]] | None:
    """Entries for each row, of a chain and of its operands."""
    assert draft.chain is not None
    shape = draft.chain["shape"]
    unit = per_row(shape, batch)
    if not unit or "rows" in draft.chain:
        return None
    units = [unit if len(v.shape) == len(shape) and v.shape[0] == shape[0] else 0 for v in views]
    whole = (u or v.size == 1 or v.shape[0] == 1 for u, v in zip(units, views, strict=True))
    return (unit, units) if all(whole) else None


def of_map(draft: Draft, batch: int) -> Cut | None:
    found = of_chain(draft, batch, [*draft.ins, *draft.outs])
    return Cut(found[1], found[0]) if found is not None else None


def of_map_sum(draft: Draft, batch: int) -> Cut | None:
    assert draft.chain is not None
    sums = len(draft.chain["sums"])
    values, totals = draft.outs[: len(draft.outs) - sums], draft.outs[len(draft.outs) - sums :]
    found = of_chain(draft, batch, [*draft.ins, *values])
    if found is None or 0 in draft.ints or any(not t.shape or t.shape[0] != draft.chain["shape"][0] for t in totals):
        return None
    return Cut([*found[1], *(found[0] for _ in totals)], found[0])


def of_gemm(draft: Draft, batch: int) -> Cut | None:
    a, b = draft.ins[:2]
    side = draft.ints[1] if len(draft.ints) > 1 else 0
    own = 4 if side else 2
    if draft.chain is None:
        shape, unit = draft.outs[0].shape, per_row(draft.outs[0].shape, batch)
        units = [unit]
    else:
        shape = draft.chain["shape"]
        found = of_chain(draft, batch, [*draft.ins[own:], *draft.outs])
        unit, units = found if found is not None else (0, [])
    if not unit:
        return of_products(draft, batch)
    if side:
        return Cut([0, 0, 1, 0, *units], unit, shared=[b], count=2) if side == BY_ROWS else None
    if len(shape) == 2:
        return Cut([unit, 0, *units], unit, shared=[b])
    packed = bool(draft.ints and draft.ints[0])
    own_b = len(b.shape) == len(shape) - packed and b.shape[0] == shape[0]
    own_a = len(a.shape) == len(shape) and a.shape[0] == shape[0]
    return Cut([unit * own_a, unit * own_b, *units], unit, shared=[] if own_b else [b])


def of_products(draft: Draft, batch: int) -> Cut | None:
    """Several products side by side, each of all rows of the batch (``shares``): they have units of their own."""
    a, b, *others = draft.ins
    if others or draft.chain is not None or len(a.shape) != 3 or a.shape[1] != batch:
        return None
    return Cut([1, 0, 1], inside=False, views=[second_in_front(a), b, second_in_front(draft.outs[0])])


def second_in_front(view: View) -> View:
    (n, rows, cells), (step, row, cell) = view.shape, view.strides
    return view.with_layout((rows, n, cells), (row, step, cell))


def of_feed(draft: Draft, batch: int) -> Cut | None:
    return Cut([0, 1, 0, 1]) if draft.outs[0].shape[0] == batch else None


def of_rows(draft: Draft, batch: int) -> Cut | None:
    """Kernels all of whose operands have the rows in front."""
    views = [*draft.ins, *draft.outs]
    unit = per_row(views[0].shape, batch)
    same = all(v.shape and v.shape[0] == views[0].shape[0] for v in views)
    return Cut([unit] * len(views)) if unit and same else None


def of_softmax(draft: Draft, batch: int) -> Cut | None:
    return of_rows(draft, batch) if len(draft.ins[0].shape) > 1 else None


def of_fold(draft: Draft, batch: int) -> Cut | None:
    return None if 0 in draft.ints else of_rows(draft, batch)


def of_window(draft: Draft, batch: int) -> Cut | None:
    """Convolution and pooling: pictures are apart, but they have units of their own."""
    views = [*draft.ins, *draft.outs]
    units = [per_row(v.shape, batch) for v in views]
    return Cut(units, inside=False) if all(units[len(draft.ins) :]) else None


WINDOWS = (
    *("conv", "conv_input_grad", "winograd", "conv_max_pool", "pooled_input_grad"),
    *("max_pool", "sum_pool", "max_pool_grad", "sum_pool_grad"),
)
RULES: dict[str, Callable[[Draft, int], Cut | None]] = {
    "feed": of_feed,
    "map": of_map,
    "map_sum": of_map_sum,
    "gemm": of_gemm,
    "softmax": of_softmax,
    "log_softmax": of_softmax,
    "copy": of_rows,
    "fill": of_rows,
    **dict.fromkeys(("sum", "prod", "max", "min", "argmax", "argmin", "moments"), of_fold),
    **dict.fromkeys(WINDOWS, of_window),
}


def parted(draft: Draft, batch: int) -> tuple[Draft, list[Draft]] | None:
    """Values and their sums over rows, as a chain whose rows are apart and the sums of what it gave."""
    if draft.kernel != "map_sum" or 0 not in draft.ints or draft.chain is None:
        return None
    chain = draft.chain
    first, n = len(draft.ins), len(draft.outs) - len(chain["sums"])
    shape = chain["shape"]
    if not n or not per_row(shape, batch) or any(not first <= s < first + n for s in chain["sums"]):
        return None
    values = Draft("map", draft.ins, draft.outs[:n], chain={**chain, "sums": []}, nodes=draft.nodes)
    sums = [
        Draft("sum", [draft.outs[s - first]], [kept(out, shape, draft.ints)], draft.ints)
        for s, out in zip(chain["sums"], draft.outs[n:], strict=True)
    ]
    return (values, sums) if of_map(values, batch) is not None else None


def kept(view: View, shape: Sequence[int], axes: Sequence[int]) -> View:
    """A contiguous view of sums under the shape that the kernel ``sum`` gives."""
    layout = fresh(type_of(view).with_shape(*(n for a, n in enumerate(shape) if a not in axes)))
    return view.with_layout(layout.shape, layout.strides)


def cost(draft: Draft) -> float:
    """Nanoseconds on one thread, roughly."""
    if draft.kernel == "gemm":
        shape = draft.outs[0].shape if draft.chain is None else draft.chain["shape"]
        found = prod(shape[:-1]) * (shape[-1] + -shape[-1] % 16) * draft.ins[0].shape[-1] / 48
    else:
        shape = draft.outs[0].shape if draft.chain is None else draft.chain["shape"]
        found = prod(shape) * 0.2
    return found + (prod(shape) * 0.2 * len(draft.chain["steps"]) if draft.chain is not None else 0.0)
