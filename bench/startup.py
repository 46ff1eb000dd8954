"""A whole process, from its start to the end of its first training step: 784-50-100-10, batch 100."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from .race import line, spread
from .results import keep

LAMINA = """
import numpy as np
from lamina import layers, models
model = models.Sequential([layers.Input((784,)), layers.Dense(50, activation="sigmoid"),
                           layers.Dense(100, activation="sigmoid"), layers.Dense(10, activation="softmax")])
model.compile("sgd", loss="sparse_categorical_crossentropy")
x, y = np.random.default_rng(0).random((100, 784), dtype=np.float32), np.arange(100) % 10
model.fit(x, y, batch_size=100, epochs=1, verbose=0)
assert np.isfinite(model.get_weights()[0]).all()
"""
TORCH = """
import numpy as np
import torch
from torch import nn
model = nn.Sequential(nn.Linear(784, 50), nn.Sigmoid(), nn.Linear(50, 100), nn.Sigmoid(), nn.Linear(100, 10))
optimizer = torch.optim.SGD(model.parameters(), 0.01)
x, y = np.random.default_rng(0).random((100, 784), dtype=np.float32), np.arange(100) % 10
loss = nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y))
loss.backward()
optimizer.step()
assert np.isfinite(float(loss.detach()))
"""
JAX = """
import numpy as np
import jax
import jax.numpy as jnp
rng = np.random.default_rng(0)
sizes = ((784, 50), (50, 100), (100, 10))
w = [(jnp.asarray(rng.normal(size=s) / s[0] ** 0.5, "float32"), jnp.zeros(s[1])) for s in sizes]
x, y = rng.random((100, 784), dtype=np.float32), np.arange(100) % 10
def loss(w):
    z = x
    for a, b in w[:-1]:
        z = jax.nn.sigmoid(z @ a + b)
    z = jax.nn.log_softmax(z @ w[-1][0] + w[-1][1])
    return -jnp.mean(z[jnp.arange(100), y])
step = jax.jit(lambda w: jax.tree.map(lambda p, g: p - 0.01 * g, w, jax.grad(loss)(w)))
w = jax.block_until_ready(step(w))
assert np.isfinite(w[0][0]).all()
"""
PROGRAMS = {"lamina": LAMINA, "torch": TORCH, "jax": JAX}


def seconds(program: str) -> float:
    """Of a whole process. Byte code is kept, as pip does for what it installs: Lamina runs from its sources here."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env={**env, "JAX_PLATFORMS": "cpu"})
    return time.perf_counter() - start


def measure(rounds: int, only: list[str]) -> None:
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(rounds + 1):
        for name, program in PROGRAMS.items():
            took = seconds(program)
            if turn:  # the first time the files come from the disk
                times[name].append(took * 1e6)
    result = {name: spread(t) for name, t in times.items()}
    print(line("process to first step", result))
    keep("startup", "microseconds", {"process to the end of its first step": result}, rounds)
