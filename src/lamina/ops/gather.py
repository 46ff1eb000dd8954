"""Rows picked by number, and its mirror image: rows added up by number, from zero or onto a table."""

from __future__ import annotations

from ..errors import RowError, dtype_error, message, shape_error
from ..op import Op
from ..types import Type

ROWS, IDS = Type("float32", (5, 3)), Type("int32", (4,))


def check_ids(op, table, ids):
    if ids.dtype not in ("int32", "int64"):
        raise dtype_error(
            op, "row numbers must be whole numbers", got=(table, ids), want="int32 or int64", fix="cast them"
        )


def check_rows(op, ids, rows: int) -> None:
    """RowError where a number names no row: NumPy would count a negative one from the end."""
    wrong = (ids < 0) | (ids >= rows)
    if wrong.any():
        number = int(ids[wrong][0]) if ids.ndim else int(ids)
        number -= rows if number < 0 else 0  # ``take`` has added the number of rows to those from the end
        raise RowError(message(f"{op.name}: the number {number} names no row", want=f"0..{rows - 1}", where=True))


class Gather(Op):
    """table[ids]: row numbers to rows, the embedding lookup. Numbers must lie within 0..rows-1."""

    kernel = "gather"
    whole = (0, 4)
    samples = [
        ((ROWS, IDS), {}),
        ((ROWS, Type("int32", (2, 3))), {}),
        ((Type("float32", (5,)), IDS), {}),
        ((ROWS, Type("int64", (0,))), {}),
        ((ROWS, Type("int32", ())), {}),
        ((Type("float32", (5, 2, 3)), IDS), {}),
    ]
    rejects = [((ROWS, ROWS), {}, "whole numbers"), ((Type("float32", ()), IDS), {}, "no rows")]

    def infer(self, table, ids):
        check_ids(self, table, ids)
        if table.rank == 0:
            raise shape_error(self, "a scalar has no rows", got=(table, ids))
        return table.with_shape(*ids.shape, *table.shape[1:])

    def compute(self, xp, table, ids):
        check_rows(self, ids, len(table))
        return table[ids]

    def xla(self, xp, table, ids):
        return table[ids]

    def vjp(self, dy, y, table, ids):
        return scatter_add(dy, ids, rows=table.shape[0]) if table.type.is_float else None, None


class ScatterAdd(Op):
    """out[ids[i]] += rows[i], starting from zero and in order of i."""

    kernel = "scatter_add"
    whole = (0, 4)
    samples = [
        ((Type("float32", (4, 3)), IDS), {"rows": 5}),
        ((Type("float32", (2, 3, 3)), Type("int32", (2, 3))), {"rows": 5}),
        ((Type("float32", (4,)), IDS), {"rows": 7}),
    ]
    rejects = [((Type("float32", (3, 3)), IDS), {"rows": 5}, "one row for each number")]

    def infer(self, x, ids, rows):
        check_ids(self, x, ids)
        if x.shape[: ids.rank] != ids.shape:
            raise shape_error(self, "needs one row for each number", got=(x, ids), want=f"{x.dtype}{[*ids.shape, '…']}")
        return x.with_shape(rows, *x.shape[ids.rank :])

    def compute(self, xp, x, ids, rows):
        check_rows(self, ids, rows)
        out = xp.zeros((rows, *x.shape[ids.ndim :]), x.dtype)
        xp.add.at(out, ids, x)
        return out

    def xla(self, xp, x, ids, rows):
        return xp.zeros((rows, *x.shape[ids.ndim :]), x.dtype).at[ids].add(x)

    def vjp(self, dy, y, x, ids, rows):
        return gather(dy, ids), None


class ScatterOnto(Op):
    """The table, after out[ids[i]] += rows[i] in order of i. ``passes/touch`` makes updates of this form."""

    kernel = "scatter_onto"
    whole = (0, 4)
    samples = [
        ((ROWS, Type("float32", (4, 3)), IDS), {}),
        ((ROWS, Type("float32", (2, 3, 3)), Type("int32", (2, 3))), {}),
        ((Type("float32", (7,)), Type("float32", (4,)), IDS), {}),
        ((ROWS, Type("float32", (0, 3)), Type("int64", (0,))), {}),
        ((ROWS, Type("float32", (3,)), Type("int32", ())), {}),
        ((Type("float32", (5, 2, 3)), Type("float32", (4, 2, 3)), IDS), {}),
    ]
    rejects = [
        ((ROWS, Type("float32", (3, 3)), IDS), {}, "one row for each number"),
        ((ROWS, Type("float32", (4, 2)), IDS), {}, "one row for each number"),
        ((ROWS, Type("float32", (4, 3)), ROWS), {}, "whole numbers"),
        ((Type("float32", ()), Type("float32", (4,)), IDS), {}, "no rows"),
    ]

    def infer(self, table, x, ids):
        check_ids(self, table, ids)
        if table.rank == 0:
            raise shape_error(self, "a scalar has no rows", got=(table, x, ids))
        want = table.with_shape(*ids.shape, *table.shape[1:])
        if x != want:
            raise shape_error(self, "needs one row for each number", got=(table, x, ids), want=str(want))
        return table

    def compute(self, xp, table, x, ids):
        check_rows(self, ids, len(table))
        out = table.copy()
        xp.add.at(out, ids, x)
        return out

    def xla(self, xp, table, x, ids):
        return table.at[ids].add(x)

    def vjp(self, dy, y, table, x, ids):
        return dy, gather(dy, ids), None


gather, scatter_add, scatter_onto = Gather(), ScatterAdd(), ScatterOnto()
