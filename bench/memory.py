"""Peak memory of a process that trains the CNN for some steps, beyond its data."""

from __future__ import annotations

import json
import subprocess
import sys

from .race import line, spread
from .results import keep

PROGRAM = """
import importlib, json, re, resource, sys
from dataclasses import replace
from bench.works import WORKS, data
work = replace(WORKS[sys.argv[2]], samples=8 * WORKS[sys.argv[2]].batch)
run, _ = importlib.import_module("bench.with_" + sys.argv[1]).prepare(work)
run()
run()
try:  # of this program; what getrusage tells starts from the size of the process that started it
    peak = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)) * 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(peak - sum(a.nbytes for a in data(work))))
"""


def peak(peer: str, name: str) -> float:
    """Megabytes."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, peer, name], check=True, capture_output=True, text=True)
    return json.loads(done.stdout) / 1e6


def measure(rounds: int, only: list[str]) -> None:
    rounds = min(rounds, 3)
    rows = {}
    for name in ("cnn", "book"):
        found: dict[str, list[float]] = {"lamina": [], "torch": []}
        for _ in range(rounds):
            for peer, values in found.items():
                values.append(peak(peer, name))
        rows[name] = {peer: spread(values) for peer, values in found.items()}
        print(line(name, rows[name]))
    keep("memory", "megabytes at the peak of the process, beyond the data", rows, rounds)
