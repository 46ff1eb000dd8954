"""Training races: one epoch of ``fit`` against the same epoch of the peers."""

from __future__ import annotations

import importlib

from .race import Job, line, race, started
from .results import keep
from .works import WORKS


def job(peer: str, name: str) -> Job:
    run, answer = importlib.import_module(f"bench.with_{peer}").prepare(WORKS[name])
    return Job(run, WORKS[name].steps, answer)


def lamina(name: str) -> Job:
    return job("lamina", name)


def torch(name: str) -> Job:
    return job("torch", name)


def jax(name: str) -> Job:
    return job("jax", name)


def measure(rounds: int, names: list[str], peers: list[str]) -> None:
    rows = {}
    with started({peer: f"training:{peer}" for peer in ("lamina", *peers)}) as competitors:
        for name in names or WORKS:
            able = [c for c in competitors if c.name in ("lamina", *WORKS[name].peers)]
            rows[name] = race(able, name, rounds)
            print(line(name, rows[name]), flush=True)
            keep("training", "microseconds a step", {name: rows[name]}, rounds)
