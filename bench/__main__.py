"""Lamina beside its peers: ``python -m bench`` measures, ``python -m bench table`` writes the tables of the docs.

    python -m bench                            the training races, then everything else
    python -m bench book lstm --peers torch    some of the training races
    python -m bench convolutions 0 3           some of the single convolutions
    python -m bench inference sklearn startup memory threads compile growth floor

One process for each competitor, one active at a time, round after round, so that a slow phase of the machine hits all
of them; what they compute is compared before. Numbers are medians (least-greatest). Results go to
bench/results/MACHINE-DATE.json as well. Needs ``pip install '.[bench]'``; ``floor`` also a C++ compiler.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from . import compilation, convolutions, floor, growth, inference, memory, startup, tabular, threads, training
from .results import fill_page
from .works import WORKS

MEASURES: dict[str, Callable[[int, list[str]], None]] = {
    "convolutions": convolutions.measure,
    "inference": inference.measure,
    "sklearn": tabular.measure,
    "startup": startup.measure,
    "memory": memory.measure,
    "threads": threads.measure,
    "compile": compilation.measure,
    "growth": growth.measure,
    "floor": floor.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join([*WORKS, *MEASURES, "table"])
    parser.add_argument("names", nargs="*", help=f"some of {names}; numbers belong to convolutions")
    parser.add_argument("--peers", default="torch,jax", help="of the training races")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    numbers = [n for n in arguments.names if n.isdigit()]
    chosen = [n for n in arguments.names if not n.isdigit()] or [*WORKS, *MEASURES]
    for name in chosen:
        if name not in (*WORKS, *MEASURES, "table"):
            parser.error(f"unknown name {name!r}; there are {names}")
    peers = [p for p in arguments.peers.split(",") if p]
    if works := [n for n in chosen if n in WORKS]:
        print("training, microseconds a step: median (least-greatest); ratio: best peer's median / Lamina's")
        training.measure(arguments.rounds, works, peers)
    for name in chosen:
        if name in MEASURES:
            print(f"{name}: {(MEASURES[name].__module__.rpartition('.')[2])}", flush=True)
            MEASURES[name](arguments.rounds, numbers)
        elif name == "table":
            fill_page()


if __name__ == "__main__":
    main()
