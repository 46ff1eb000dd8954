"""Who waits for whom, against the edges themselves."""

import random

import pytest

from lamina.backends.native.reach import Reach


class Edges:
    """Edges and merged numbers, with nothing kept up to date."""

    def __init__(self):
        self.needs, self.became = {}, {}

    def now(self, i):
        while i in self.became:
            i = self.became[i]
        return i

    def waits_for(self, index, but=()):
        """All that a number waits for; ``but`` names first steps that are left out."""
        found, stack = set(), [i for i in map(self.now, self.needs[self.now(index)]) if i not in but]
        while stack:
            i = stack.pop()
            if i not in found:
                found.add(i)
                stack += [self.now(k) for k in self.needs[i]]
        return found

    def merge(self, a, b):
        self.became[b] = a
        self.needs[a] = {i for i in map(self.now, self.needs[a] | self.needs[b]) if i != a}


@pytest.mark.parametrize("seed", range(40))
def test_reach_knows_what_the_edges_say(seed):
    """Numbers that need earlier ones, further edges, and merges, as long as nobody comes to wait for himself."""
    draw = random.Random(seed)
    edges, reach = Edges(), Reach()
    for index in range(30):
        alive = [i for i in range(index) if i not in edges.became]
        needs = set(draw.sample(alive, min(len(alive), draw.randrange(3))))
        edges.needs[index] = set(needs)
        reach.grow(index + 1)
        reach.extend(index, needs)
        if len(alive) > 2 and draw.random() < 0.7:
            a, b = draw.sample([*alive, index], 2)
            if draw.random() < 0.5:
                through = edges.waits_for(a, but={b}) | edges.waits_for(b, but={a})
                if a not in through and b not in through:
                    edges.merge(a, b)
                    reach.merge(a, b)
            elif a not in edges.waits_for(b) | {b}:
                edges.needs[a].add(b)
                reach.extend(a, [b])
        now = [i for i in range(index + 1) if i not in edges.became]
        for i in now:
            assert {k for k in now if reach.depends(i, k)} == edges.waits_for(i)
