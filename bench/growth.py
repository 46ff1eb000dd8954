"""Cost against growth: width, depth, batch, time steps doubled in turn; no step may cost more than the arithmetic.

The exponent is log2(time of the doubled / time before): 2 for width (a matrix has width x width weights), 1 for the
others; less where something fixed still weighs.
"""

from __future__ import annotations

import math
import time

import numpy as np

from .race import spread
from .results import keep

KINDS = {  # name: (unit, the sizes, exponent of the arithmetic)
    "width": ("units", (64, 128, 256, 512, 1024), 2.0),
    "depth": ("layers", (2, 4, 8, 16, 32), 1.0),
    "batch": ("rows", (16, 32, 64, 128, 256, 512), 1.0),
    "time": ("time steps", (10, 20, 40, 80, 160), 1.0),
}


def program(kind: str, size: int):
    """A function that trains for some steps, and their number."""
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
    return lambda: model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0), steps


def measure(rounds: int, only: list[str]) -> None:
    rows = {}
    for kind, (unit, sizes, arithmetic) in KINDS.items():
        runs = [program(kind, size) for size in sizes]
        times: list[list[float]] = [[] for _ in sizes]
        for turn in range(rounds + 1):
            for k, (run, steps) in enumerate(runs):
                start = time.perf_counter()
                run()
                if turn:
                    times[k].append((time.perf_counter() - start) / steps * 1e6)
        for k, size in enumerate(sizes):
            row: dict = {"step": spread(times[k])}
            if k:
                before = rows[f"{sizes[k - 1]} {unit}"]["step"]
                row["exponent"] = round(math.log2(row["step"]["median"] / before["median"]), 2)
                row["of the arithmetic"] = arithmetic
            rows[f"{size} {unit}"] = row
            print(f"{size:5} {unit:10} {row['step']['median']:9.0f}  exponent {row.get('exponent', '')}", flush=True)
    keep("growth", "microseconds a step", rows, rounds)
