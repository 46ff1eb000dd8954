"""What a second thread gives: the same epoch with one thread and with two.

And what it could give: two processes with a thread each work at the same time, each on its own network. They wait for
nobody and share no line, so what they do together is what the two cores do in this minute.
"""

from __future__ import annotations

import time

from .race import PAUSE, Competitor, agree, spread, started
from .results import keep

JOB = "training:lamina"
THREADS = {"1 thread": 1, "2 threads": 2, "another": 1}


def measure(rounds: int, only: list[str]) -> None:
    rows = {}
    with started(dict.fromkeys(THREADS, JOB), THREADS) as (one, two, another):
        for name in ("mlp", "cnn"):
            for competitor in (one, two, another):
                competitor.prepare(name)
            agree(one, two, tolerance=0.0)  # equal bits
            both = []
            for _ in range(rounds):
                one.turn()
                two.turn()
                both.append(at_once(one, another))
            rows[name] = {
                "1 thread": spread([t * 1e6 for t in one.times]),
                "2 threads": spread([t * 1e6 for t in two.times]),
                "two processes": spread([t * 1e6 for t in both]),
            }
            for what in ("2 threads", "two processes"):
                gain = rows[name]["1 thread"]["median"] / rows[name][what]["median"]
                rows[name][f"{what}: times as fast"] = round(gain, 3)
                print(f"{name:10} 1 thread / {what} {gain:.2f}", flush=True)
    keep("threads", "microseconds a step", rows, rounds)


def at_once(one: Competitor, other: Competitor) -> float:
    """Both work at the same time: seconds for each step that either of them does."""
    time.sleep(PAUSE)
    for competitor in (one, other):
        competitor.tell("go")
    return 1 / sum(1 / float(competitor.hear()) for competitor in (one, other))
