"""One competitor in a process of its own: ``python -m bench.worker MODULE:FUNCTION ANSWER``.

For a line ``prepare ARGUMENT`` it calls the function of ``bench.MODULE``, which gives a ``Job``, writes the job's
answer to the file ANSWER, warms up and prints ``ready``. For a line ``go`` it does the work once and prints the seconds
that one step of it took.
"""

from __future__ import annotations

import importlib
import sys
import time

import numpy as np

from .race import Job

WARM = 4.0  # seconds of a first run after which nothing is cold


def main() -> None:
    module, function = sys.argv[1].split(":")
    make = getattr(importlib.import_module(f"bench.{module}"), function)
    job = Job(lambda: None)
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "prepare":
            job = make(argument)
            with open(sys.argv[2], "wb") as file:
                np.savez(file, *job.answer)
            start = time.perf_counter()
            job.run()
            if time.perf_counter() - start < WARM:
                job.run()
            print("ready", flush=True)
        else:
            start = time.perf_counter()
            job.run()
            print((time.perf_counter() - start) / job.count, flush=True)


if __name__ == "__main__":
    main()
