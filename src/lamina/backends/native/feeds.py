"""How the rows of a batch reach those who read them: copied into the arena, or read in the data set, where they lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from math import prod

from .draft import CURSOR, FIRST, ORDER, Draft
from .views import Storage, View, row_major

BY_ROWS, BY_COLUMNS = 1, 2  # what the numbered rows of a data set are to a product: its rows, or its columns


class Feeds:
    """The data of one engine program: sources of given dtypes and numbers of rows, and an order of a given length."""

    def __init__(self, sources: Sequence[tuple[str, int]], length: int):
        self.sources = sources
        self.order = View(Storage(8, ORDER), "int64", (length,), (1,))
        self.cursor = View(Storage(8, CURSOR), "int64", (1,), (1,))

    def copy(self, i: int, batch: View) -> Draft:
        """Gathers a batch: row ``order[cursor + k]`` of source i becomes row k."""
        shape = batch.shape or (1,)
        dtype, rows = self.sources[i]
        source = View(Storage(0, FIRST + i), dtype, (rows, *shape[1:]), row_major(shape))
        made = batch.with_layout(shape, row_major(shape))
        return Draft("feed", [source, self.order, self.cursor], [made], [shape[0]])

    def given(
        self, batches: Sequence[View], drafts: Sequence[Draft], results: Sequence[View]
    ) -> list[Draft | None]:
        """For each batch the draft that copies it, or None; then the drafts, with their data.

        A batch that only matrix products read, as their left-hand sides, is not copied: they find its rows by number.
        """
        copies: list[Draft | None] = []
        drafts = list(drafts)
        for i, batch in enumerate(batches):
            readers = [k for k, draft in enumerate(drafts) if batch.storage in draft.storages()]
            shown = any(view.storage is batch.storage for view in results)
            same = self.sources[i][0] == batch.dtype
            if same and readers and not shown and all(side_of(drafts[k], batch) for k in readers):
                copies.append(None)
                for k in readers:
                    drafts[k] = self.gathered(i, drafts[k], batch)
            else:
                copies.append(self.copy(i, batch))
        return [*copies, *drafts]

    def gathered(self, i: int, draft: Draft, batch: View) -> Draft:
        """A product that finds the rows of its left-hand side in source i."""
        a, b, *others = draft.ins
        side, row, rows = side_of(draft, batch), prod(batch.shape[1:]), self.sources[i][1]
        *lead, m, k = a.shape
        shape, strides = ((rows, k), (row, 1)) if side == BY_ROWS else ((m, rows), (1, row))
        found = View(Storage(0, FIRST + i), a.dtype, (*lead, *shape), (*a.strides[:-2], *strides), a.offset)
        ints = [draft.ints[0], side, batch.shape[0], *draft.ints[3:]]
        return dataclasses.replace(draft, ins=[found, b, self.order, self.cursor, *others], ints=ints)


def side_of(draft: Draft, batch: View) -> int:
    """What the rows of a batch are to a product; 0 for a draft that is none, or reads the batch in another way."""
    if draft.kernel != "gemm" or len(draft.ins[0].shape) not in (2, 3) or batch.size == 0:
        return 0
    a, *others = draft.ins
    if a.storage is not batch.storage or any(v.storage.root is batch.storage for v in (*others, *draft.outs)):
        return 0
    row = prod(batch.shape[1:])
    shape, strides = a.shape[-2:], a.strides[-2:]
    last = a.offset + sum((n - 1) * s for n, s in zip(a.shape[:-2], a.strides[:-2], strict=True))
    for side, d in ((BY_ROWS, 0), (BY_COLUMNS, 1)):
        count, cells, apart, step = shape[d], shape[1 - d], strides[d], strides[1 - d]
        whole = count == batch.shape[0] and (count == 1 or apart == row) and 0 <= a.offset <= last <= row - cells
        if whole and (cells == 1 or step == 1):
            return side
    return 0
