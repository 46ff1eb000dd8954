"""Cost against growth: width, depth, batch, time steps doubled in turn; no step may cost more than the arithmetic.

The exponent is log2(time of the doubled / time before): 2 for width (a matrix has width x width weights), 1 for the
others; less where something fixed still weighs. Bytes that leave a cache are arithmetic, too: the floor is that of
``floor.py``, with the arena of a step (its values, in places that they share) written and read once.
"""

from __future__ import annotations

import math
import os
import time

import numpy as np

from .floor import microseconds, operations, peak
from .race import spread
from .results import keep

KINDS = {  # name: (unit, the sizes, exponent of the arithmetic)
    "width": ("units", (64, 128, 256, 512, 1024), 2.0),
    "depth": ("layers", (2, 4, 8, 16, 32), 1.0),
    "batch": ("rows", (16, 32, 64, 128, 256, 512), 1.0),
    "time": ("time steps", (10, 20, 40, 80, 160), 1.0),
}


def program(kind: str, size: int):
    """A function that trains for some steps, their number, and the model."""
    from lamina import layers, models

    rng = np.random.default_rng(0)
    if kind == "time":
        batch, stack = 32, [layers.Input((size, 32)), layers.LSTM(64), layers.Dense(1)]
        x = rng.standard_normal((batch, size, 32), dtype=np.float32)
    else:
        width, depth, batch = {"width": (size, 3, 128), "depth": (128, size, 128), "batch": (256, 3, size)}[kind]
        hidden = [layers.Dense(width, activation="relu") for _ in range(depth)]
        stack = [layers.Input((width,)), *hidden, layers.Dense(1)]
        x = rng.standard_normal((batch, width), dtype=np.float32)
    model = models.Sequential(stack)
    model.compile("adam", loss="mse")
    steps = 20
    x = np.concatenate([x] * steps)
    y = np.zeros((len(x), 1), "float32")
    return lambda: model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0), steps, model


def floor_of(model, found: dict[str, float]) -> float:
    """Microseconds of a step: operations at the peak, and bytes at the bandwidth of as many."""
    (traced,) = model._state.programs.values()
    (planned,) = traced.programs.values()
    weights = sum(v.array.nbytes for v in model.trainable_variables)
    return microseconds(found, operations(traced.graph), 6 * weights + 2 * planned.arena)


def measure(rounds: int, only: list[str]) -> None:
    rows = {}
    found = peak(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    for kind, (unit, sizes, arithmetic) in KINDS.items():
        runs = [program(kind, size) for size in sizes]
        times: list[list[float]] = [[] for _ in sizes]
        for turn in range(rounds + 1):
            for k, (run, steps, _) in enumerate(runs):
                start = time.perf_counter()
                run()
                if turn:
                    times[k].append((time.perf_counter() - start) / steps * 1e6)
        for k, size in enumerate(sizes):
            row: dict = {"step": spread(times[k]), "floor": round(floor_of(runs[k][2], found), 1)}
            if k:
                before = rows[f"{sizes[k - 1]} {unit}"]
                row["exponent"] = round(math.log2(row["step"]["median"] / before["step"]["median"]), 2)
                row["of the floor"] = round(math.log2(row["floor"] / before["floor"]), 2)
                row["of the operations"] = arithmetic
            rows[f"{size} {unit}"] = row
            told = f"exponent {row.get('exponent', '')}, of the floor {row.get('of the floor', '')}"
            print(f"{size:5} {unit:10} {row['step']['median']:9.0f}  floor {row['floor']:9.1f}  {told}", flush=True)
    keep("growth", "microseconds a step", rows, rounds)
