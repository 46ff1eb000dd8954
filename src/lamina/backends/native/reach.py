"""Who waits for whom, through whatever lies between: kept up to date while edges are added and groups merged."""

from __future__ import annotations

from collections.abc import Iterable


class Reach:
    """For each number the set of numbers that it waits for, as bits of an integer.

    New edges nearly always start at a number that few others wait for, so they are passed on to those alone.
    """

    def __init__(self):
        self.masks: list[int] = []
        self.followers: list[set[int]] = []
        self.became: dict[int, int] = {}  # numbers that were merged into others

    def grow(self, size: int) -> None:
        """Makes room for numbers below ``size``."""
        for _ in range(len(self.masks), size):
            self.masks.append(0)
            self.followers.append(set())

    def now(self, index: int) -> int:
        """What a number has become."""
        while index in self.became:
            index = self.became[index]
        return index

    def depends(self, index: int, on: int) -> bool:
        """Whether ``index`` waits for ``on``."""
        return bool(self.masks[self.now(index)] >> self.now(on) & 1)

    def extend(self, index: int, needs: Iterable[int]) -> None:
        """``index`` waits for ``needs`` as well."""
        mask = 0
        for i in map(self.now, needs):
            mask |= self.masks[i] | 1 << i
            self.followers[i].add(index)
        self.add(index, mask)

    def add(self, index: int, mask: int) -> None:
        """Numbers that ``index`` waits for, and so do those that wait for it."""
        stack = [index]
        while stack:
            i = self.now(stack.pop())
            if mask & ~self.masks[i]:
                self.masks[i] |= mask
                stack.extend(self.followers[i])

    def merge(self, a: int, b: int) -> None:
        """b becomes a: neither may wait for the other through a third."""
        both = (self.masks[a] | self.masks[b]) & ~(1 << a) & ~(1 << b)
        self.became[b] = a
        followers = {self.now(i) for i in self.followers[a] | self.followers[b]} - {a}
        self.masks[a], self.followers[a] = both, followers
        for i in followers:
            self.add(i, both | 1 << a)
