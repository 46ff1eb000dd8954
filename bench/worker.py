"""One competitor in a process of its own: ``python -m bench.worker PEER WORK``.

Prints ``ready`` when it has warmed up; then, for each line it reads, does one epoch and prints the seconds a step took.
"""

from __future__ import annotations

import importlib
import sys
import time

from .works import WORKS


def main() -> None:
    peer, name = sys.argv[1:3]
    work = WORKS[name]
    epoch = importlib.import_module(f"bench.with_{peer}").prepare(work)
    epoch()
    epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        epoch()
        print((time.perf_counter() - start) / work.steps, flush=True)


if __name__ == "__main__":
    main()
