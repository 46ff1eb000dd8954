"""Where in the arena each storage lies: values that are never alive together share their place."""

from __future__ import annotations

from collections.abc import Sequence

from .draft import Draft
from .views import Storage

ALIGNMENT, MARGIN = 64, 128  # the engine may read a whole vector past the end of a row


def plan_memory(drafts: Sequence[Draft], results: Sequence[Storage], start: int = 0) -> int:
    """Sets the offset of each arena storage; gives the bytes needed from ``start`` on. ``results`` live to the end."""
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
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    top = start
    for storage in sorted(first, key=lambda s: (not s.whole_run, -s.bytes, first[s])):
        size = -(-(storage.bytes + MARGIN) // ALIGNMENT) * ALIGNMENT
        offset = start
        for begin, end, _, _ in sorted(p for p in placed if p[2] <= last[storage] and first[storage] <= p[3]):
            if offset + size <= begin:
                break
            offset = max(offset, end)
        storage.offset = offset
        placed.append((offset, offset + size, first[storage], last[storage]))
        top = max(top, offset + size)
    return top - start
