"""From a compiled model to a program that can run: trace, passes, plan, engine; and again for another batch size."""

from __future__ import annotations

import time

import numpy as np

from .race import spread
from .results import keep

LIMITS = {"book": 20, "mlp": 20, "cnn": 50, "residual": 500}  # milliseconds
DEPTHS = {26: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 200: (3, 12, 48, 3)}  # layers: blocks of each width


def residual(counts: tuple[int, ...] = (3, 4, 6, 3)):
    """A residual network of 3 layers in each bottleneck block, and 2 more, for 32 x 32 pictures."""
    from lamina import layers, models

    def block(x, filters: int, stride: int):
        y = x
        for size, step, width in ((1, stride, filters), (3, 1, filters), (1, 1, 4 * filters)):
            y = layers.Conv2D(width, size, strides=step, padding="same", use_bias=False)(y)
            y = layers.BatchNormalization()(y)
            y = layers.ReLU()(y) if width == filters else y
        if x.shape[-1] != 4 * filters or stride > 1:
            x = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1, strides=stride, use_bias=False)(x))
        return layers.ReLU()(layers.Add()([x, y]))

    given = layers.Input((32, 32, 3))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same", use_bias=False)(given)))
    for filters, count in zip((16, 32, 64, 128), counts, strict=True):
        for i in range(count):
            x = block(x, filters, 2 if i == 0 and filters > 16 else 1)
    x = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return models.Model(given, x)


def make(name: str):
    from .with_lamina import NETWORKS

    depth = name.removeprefix("residual")
    model = NETWORKS[name]() if depth == name else residual(DEPTHS[int(depth or 50)])
    model.compile("sgd" if name == "book" else "adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def milliseconds(name: str) -> tuple[float, float]:
    """Trace, plan and one step of a small batch, less a second step of it; then the same for another batch size."""
    model = make(name)
    shape = tuple(model.inputs[0].shape[1:])
    found = []
    for batch in (4, 5):
        x, y = np.zeros((batch, *shape), "float32"), np.zeros(batch, "int32")
        times = []
        for _ in range(3):
            start = time.perf_counter()
            model.train_on_batch(x, y)
            times.append(time.perf_counter() - start)
        found.append((times[0] - min(times[1:])) * 1000)
    return found[0], found[1]


def measure(rounds: int, only: list[str]) -> None:
    milliseconds("book")  # what is imported on first use
    rows = {}
    for name, limit in LIMITS.items():
        both = [milliseconds(name) for _ in range(min(rounds, 5))]
        first, second = ([b[i] for b in both] for i in (0, 1))
        rows[name] = {"first": spread(first), "another batch size": spread(second), "limit": limit}
        print(f"{name:10} " + "  ".join(f"{k} {v['median']:.1f}" for k, v in rows[name].items() if k != "limit"))
    for depth in DEPTHS:
        times = [milliseconds(f"residual{depth}")[0] for _ in range(min(rounds, 3))]
        row = rows[f"{depth} layers"] = {"first": spread(times), "a layer": spread([t / depth for t in times])}
        print(f"{depth:3} layers {row['first']['median']:.0f}, a layer {row['a layer']['median']:.2f}")
    keep("compile", "milliseconds from a compiled model to a program that has run", rows, min(rounds, 5))
