"""Where in the arena each storage lies: values that are never alive together share their place."""

from __future__ import annotations

from collections.abc import Sequence

from ... import _native
from .draft import Draft
from .views import Storage

ALIGNMENT, MARGIN = 64, 128  # the engine may read a whole vector past the end of a row
SMALL = 16 << 10  # bytes


def plan_memory(drafts: Sequence[Draft], results: Sequence[Storage], start: int = 0, apart: int = 0) -> int:
    """Sets the offset of each arena storage; gives the bytes needed from ``start`` on. ``results`` live to the end.

    Small values keep their places for ``apart`` drafts longer than they need: what would lie there has to wait until
    they were read, and could otherwise run at the same time.
    """
    first: dict[Storage, int] = {}
    last: dict[Storage, int] = {}
    for i, draft in enumerate(drafts):
        for storage in draft.storages():
            if storage.base == 0 and storage.inside is None:
                first.setdefault(storage, i)
                last[storage] = i
    for storage in results:
        if storage in first:
            last[storage] = len(drafts)
    for storage in first:
        if storage.whole_run:
            first[storage], last[storage] = 0, len(drafts)
    for storage in first:
        if apart and storage.bytes <= SMALL:
            first[storage], last[storage] = max(0, first[storage] - apart), min(len(drafts), last[storage] + apart)
    ordered = sorted(first, key=lambda s: (not s.whole_run, -s.bytes, first[s]))
    sizes = [-(-(s.bytes + MARGIN) // ALIGNMENT) * ALIGNMENT for s in ordered]
    *offsets, top = _native.place(sizes, [first[s] for s in ordered], [last[s] for s in ordered])
    for storage, offset in zip(ordered, offsets, strict=True):
        storage.offset = start + offset
    return top
