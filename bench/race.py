"""Competitors in processes of their own, one active at a time, round after round.

So a slow phase of the machine hits all of them. What they computed is compared before anything is timed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

PAUSE = 0.2  # seconds before a turn: idle threads of some libraries go on spinning for a while, and take a core
HOPELESS = 8  # who takes so many times as long as the fastest gets one turn, so that a race ends


@dataclass
class Job:
    """What a competitor does when it is its turn.

    run     one sample of the work
    count   how many steps, calls, rows a sample has: its time is divided by it
    answer  what it computes, to be compared with the others before the race: arrays in the same order everywhere
    """

    run: Callable[[], object]
    count: int = 1
    answer: list[np.ndarray] = field(default_factory=list)


class Competitor:
    """A worker process that waits for its turn; ``job`` is "module:function" of this package."""

    def __init__(self, name: str, job: str, threads: int | None = None):
        self.name = name
        self.times: list[float] = []
        handle, self.path = tempfile.mkstemp(suffix=".npz")
        os.close(handle)
        environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
        if threads:
            environment["LAMINA_NUM_THREADS"] = str(threads)
        command = [sys.executable, "-m", "bench.worker", job, self.path]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def tell(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, what: str) -> str:
        self.tell(what)
        return self.hear()

    def prepare(self, argument: str) -> None:
        """Makes the job, computes its answer and warms up."""
        self.times = []
        if self.ask(f"prepare {argument}") != "ready":
            raise SystemExit(f"bench: {self.name} could not prepare {argument}")

    def answer(self) -> list[np.ndarray]:
        with np.load(self.path) as file:
            return [file[name] for name in file.files]

    def turn(self) -> None:
        time.sleep(PAUSE)
        self.times.append(float(self.ask("go")))

    def stop(self) -> None:
        self.process.communicate()
        os.unlink(self.path)


def agree(first: Competitor, other: Competitor, tolerance: float) -> None:
    """Stops the bench where two competitors did not compute the same."""
    for k, (a, b) in enumerate(zip(first.answer(), other.answer(), strict=True)):
        scale = max(float(np.max(np.abs(b), initial=0)), 1e-30)
        error = float(np.max(np.abs(a.astype("float64") - b), initial=0)) / scale if a.shape == b.shape else np.inf
        if not error <= tolerance:
            raise SystemExit(f"bench: answer {k} of {first.name} and {other.name} differ: {error:.1e} of the largest")


@contextmanager
def started(competitors: dict[str, str], threads: dict[str, int] | None = None):
    """The workers of {name: job}, ended afterwards."""
    made = [Competitor(name, job, (threads or {}).get(name)) for name, job in competitors.items()]
    try:
        yield made
    finally:
        for competitor in made:
            competitor.stop()


def race(competitors: list[Competitor], argument: str, rounds: int, tolerance: float = 1e-4) -> dict:
    """Microseconds of each: median, least and greatest. What they compute is compared with the first's answer."""
    for competitor in competitors:
        competitor.prepare(argument)
    for other in competitors[1:]:
        if other.answer():
            agree(competitors[0], other, tolerance)
    for turn in range(rounds):
        fastest = min((c.times[0] for c in competitors if c.times), default=0.0)
        for competitor in competitors:
            if turn == 0 or competitor.times[0] < HOPELESS * fastest:
                competitor.turn()
    return {c.name: spread([t * 1e6 for t in c.times]) for c in competitors}


def spread(numbers: list[float]) -> dict:
    """Median, least and greatest."""
    return {"median": statistics.median(numbers), "min": min(numbers), "max": max(numbers)}


def ratio(result: dict, own: str = "lamina") -> float:
    """How many times the median of ours the best peer's median is; NaN without peers."""
    best = min((v["median"] for name, v in result.items() if name != own), default=float("nan"))
    return best / result[own]["median"]


def line(name: str, result: dict) -> str:
    cells = [f"{peer} {v['median']:9.0f} ({v['min']:.0f}-{v['max']:.0f})" for peer, v in result.items()]
    return f"{name:28} {'  '.join(cells)}  ratio {ratio(result):.2f}"
