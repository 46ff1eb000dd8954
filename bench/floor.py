"""The physical floor of each training step: operations / measured peak + bytes / measured bandwidth.

Operations are those of the matrix products and convolutions in the step's own graph, two for each multiply-add. Bytes
are the weights and state that an optimizer must read and write. What lies in a cache moves faster than what lies in
memory: the bandwidth is that of copying as much, between two measured amounts on the line that joins them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from math import prod
from pathlib import Path

import numpy as np

from .results import keep
from .works import WORKS, data

SOURCE = Path(__file__).parent / "peak.cpp"


def peak(threads: int) -> dict[str, float]:
    """GF/s and GB/s of this machine, by a small C++ program."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "peak")
        flags = ["-std=c++20", "-O3", "-march=native", "-ffp-contract=fast", "-pthread"]
        subprocess.run([os.environ.get("CXX", "g++"), *flags, str(SOURCE), "-o", program], check=True)
        done = subprocess.run([program, str(threads)], check=True, capture_output=True, text=True)
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def microseconds(found: dict[str, float], operated: float, moved: float) -> float:
    """Of so many operations and of so many bytes, one after the other."""
    copied = {int(name[5:]): speed for name, speed in found.items() if name.startswith("copy_")}  # megabytes: GB/s
    speed = np.exp(np.interp(np.log(moved / 2e6), np.log(list(copied)), np.log(list(copied.values()))))
    return operated / found["fma"] / 1e3 + moved / float(speed) / 1e3


def operations(graph) -> float:
    """Of matrix products and convolutions, those in the bodies of scans times their length."""
    total = 0.0
    for node in graph.nodes:
        shapes, made = [i.types[0].shape for i in node.inputs], node.types[0]
        kind = type(node.op).__name__
        if kind == "Matmul":
            total += 2.0 * made.size * shapes[0][-1]
        elif kind == "Conv":
            total += 2.0 * made.size * prod(shapes[1][:-1])
        elif kind == "ConvInputGrad":
            total += 2.0 * prod(shapes[0]) * prod(shapes[1][:-1])
        elif kind == "ConvKernelGrad":
            total += 2.0 * prod(shapes[1]) * prod(made.shape[:-1])
        for value in node.attrs.values():
            if hasattr(value, "nodes"):
                total += operations(value) * node.attrs.get("length", 1)
    return total


def step_of(name: str):
    """The graph of a training step, and the bytes of what it reads and writes of weights and optimizer state."""
    from .with_lamina import loss, network

    work = WORKS[name]
    model = network(work)
    model.compile("sgd" if work.network == "book" else "adam", loss=loss(work))
    x, y = data(work)
    model.train_on_batch(x[: work.batch], y[: work.batch])
    traced = next(t for t in model._state.programs.values())
    weights = sum(v.array.nbytes for v in model.trainable_variables)
    return traced.graph, weights * (2 if work.network == "book" else 6)  # weights, Adam's two moments: read and written


def measure(rounds: int, only: list[str]) -> None:
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    found = peak(threads)
    print("  ".join(f"{k} {v:.0f}" for k, v in found.items()))
    keep("peak", f"GF/s of fused multiply-adds and GB/s of so many megabytes, {threads} threads", {"peak": found}, 5)
    rows = {}
    for name in WORKS:
        graph, moved = step_of(name)
        operated = operations(graph)
        floor = microseconds(found, operated, moved)
        rows[name] = {"million operations": operated / 1e6, "megabytes": moved / 1e6, "floor": floor}
        print(f"{name:10} {operated / 1e6:9.1f} MF  {moved / 1e6:7.2f} MB  floor {floor:8.0f} us")
    keep("floor", "microseconds a step; all gradients dense", rows, 1)
