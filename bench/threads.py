"""What a second thread gives: the same epoch with one thread and with two."""

from __future__ import annotations

from .race import race, started
from .results import keep

JOB = "training:lamina"


def measure(rounds: int, only: list[str]) -> None:
    rows = {}
    with started({"1 thread": JOB, "2 threads": JOB}, {"1 thread": 1, "2 threads": 2}) as competitors:
        for name in ("mlp", "cnn"):
            rows[name] = race(competitors, name, rounds, tolerance=0.0)  # equal bits
            gain = rows[name]["1 thread"]["median"] / rows[name]["2 threads"]["median"]
            rows[name]["times as fast"] = round(gain, 3)
            print(f"{name:10} 1 thread / 2 threads {gain:.2f}", flush=True)
    keep("threads", "microseconds a step", rows, rounds)
