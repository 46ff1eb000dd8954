"""Trains the same networks with Lamina and its peers, in turn, and prints medians and ratios.

    python -m bench                        everything
    python -m bench book lstm --peers torch --rounds 9

One process for each competitor, one active at a time, round after round, so that a slow phase of the machine hits all
of them. The result goes to bench/results/MACHINE-DATE.json as well. Needs ``pip install '.[bench]'``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .works import WORKS


class Competitor:
    """A worker process that waits for its turn."""

    def __init__(self, peer: str, work: str):
        self.peer = peer
        command = [sys.executable, "-m", "bench.worker", peer, work]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.times: list[float] = []
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"bench: {peer} could not prepare {work}")

    def turn(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))

    def stop(self) -> None:
        self.process.communicate()


def race(name: str, peers: list[str], rounds: int) -> dict:
    """Microseconds a step of each competitor: median, least and greatest."""
    competitors = [Competitor(peer, name) for peer in ["lamina", *peers]]
    for _ in range(rounds):
        for competitor in competitors:
            competitor.turn()
    for competitor in competitors:
        competitor.stop()
    return {
        c.peer: {"median": statistics.median(c.times) * 1e6, "min": min(c.times) * 1e6, "max": max(c.times) * 1e6}
        for c in competitors
    }


def row(name: str, result: dict) -> str:
    cells = [f"{peer} {v['median']:9.0f} ({v['min']:.0f}-{v['max']:.0f})" for peer, v in result.items()]
    best = min((v["median"] for peer, v in result.items() if peer != "lamina"), default=float("nan"))
    return f"{name:10} {'  '.join(cells)}  ratio {best / result['lamina']['median']:.2f}"


def versions() -> dict:
    found = {}
    for package in ("lamina", "numpy", "torch", "jax"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("works", nargs="*", default=list(WORKS), help=f"some of {', '.join(WORKS)}")
    parser.add_argument("--peers", default="torch,jax")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    peers = [p for p in arguments.peers.split(",") if p]
    print("microseconds a step: median (least-greatest); ratio: best peer's median / Lamina's")
    results = {}
    for name in arguments.works:
        results[name] = race(name, peers, arguments.rounds)
        print(row(name, results[name]), flush=True)
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    machine = platform.processor() or platform.machine()
    path = folder / f"{machine}-{time.strftime('%Y-%m-%d')}.json"
    path.write_text(
        json.dumps({"versions": versions(), "rounds": arguments.rounds, "us_per_step": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
