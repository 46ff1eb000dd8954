"""JAX in its best form: one jitted ``lax.scan`` over the whole epoch, state donated."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .works import Work, data

RNG = np.random.default_rng(0)


def draw(*shape):
    return jnp.asarray(RNG.normal(size=shape) * (2 / sum(shape[-2:])) ** 0.5, "float32")


def dense_weights(sizes):
    return [(draw(a, b), jnp.zeros(b)) for a, b in pairwise(sizes)]


def dropped(key, x, rate):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def book(w, x, key):
    for a, b in w[:-1]:
        x = jax.nn.sigmoid(x @ a + b)
    return x @ w[-1][0] + w[-1][1]


def mlp(w, x, key):
    for (a, b), k in zip(w[:-1], jax.random.split(key, 2), strict=True):
        x = dropped(k, jax.nn.relu(x @ a + b), 0.2)
    return x @ w[-1][0] + w[-1][1]


def convolved(x, w, b, stride=1, padding="VALID"):
    return lax.conv_general_dilated(x, w, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")) + b


def pooled(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def cnn(w, x, key):
    for a, b in w[:-1]:
        x = pooled(jax.nn.relu(convolved(x, a, b)))
    x = dropped(key, x.reshape(x.shape[0], -1), 0.5)
    return x @ w[-1][0] + w[-1][1]


def plain_cnn(w, x, key):
    for (a, b, scale, shift), stride in zip(w[:-1], (1, 2, 1, 2, 1), strict=True):
        x = convolved(x, a, b, stride, "SAME")
        mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
        x = jax.nn.relu((x - mean) * lax.rsqrt(var + 1e-3) * scale + shift)
    return x.mean((1, 2)) @ w[-1][0] + w[-1][1]


def lstm(w, tokens, key):
    table, wx, wh, bias, out, offset = w
    z = table[tokens.T] @ wx + bias

    def step(carry, zt):
        h, c = carry
        i, f, g, o = jnp.split(zt + h @ wh, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zero = jnp.zeros((tokens.shape[0], 128))
    return lax.scan(step, (zero, zero), z)[0][0] @ out + offset


def weights(name):
    if name == "book":
        return dense_weights([784, 50, 100, 10])
    if name == "mlp":
        return dense_weights([784, 512, 512, 10])
    if name == "cnn":
        return [
            (draw(3, 3, 1, 32), jnp.zeros(32)),
            (draw(3, 3, 32, 64), jnp.zeros(64)),
            (draw(1600, 10), jnp.zeros(10)),
        ]
    if name == "plain_cnn":
        sizes = (3, 32, 64, 64, 128, 128)
        stack = [
            (draw(3, 3, a, b), jnp.zeros(b), jnp.ones(b), jnp.zeros(b)) for a, b in pairwise(sizes)
        ]
        return [*stack, (draw(128, 10), jnp.zeros(10))]
    return [draw(20_000, 128), draw(128, 512), draw(128, 512), jnp.zeros(512), draw(128, 1), jnp.zeros(1)]


def prepare(work: Work):
    """A function that trains one epoch."""
    forward = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn, "lstm": lstm}[work.name]
    x, y = (jnp.asarray(a) for a in data(work))
    w = weights(work.name)

    def loss(w, x, y, key):
        z = forward(w, x, key)
        if work.name == "lstm":
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1))

    def step(carry, rows):
        w, m, v, t, total = carry
        t = t + 1
        value, g = jax.value_and_grad(loss)(w, x[rows], y[rows], jax.random.PRNGKey(t))
        if work.name == "book":
            w = jax.tree.map(lambda p, d: p - 0.01 * d, w, g)
        else:
            m = jax.tree.map(lambda a, d: 0.9 * a + 0.1 * d, m, g)
            v = jax.tree.map(lambda a, d: 0.999 * a + 0.001 * d * d, v, g)
            rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            w = jax.tree.map(lambda p, a, b: p - rate * a / (jnp.sqrt(b) + 1e-7), w, m, v)
        return (w, m, v, t, total + value), None

    @partial(jax.jit, donate_argnums=0)
    def epoch(state, order):
        return lax.scan(step, state, order)[0]

    zero = [jax.tree.map(jnp.zeros_like, w) for _ in range(2)]
    state = [(w, *zero, jnp.int32(0), jnp.float32(0))]

    def run():
        order = np.random.default_rng(0).permutation(len(x))[: work.steps * work.batch].reshape(work.steps, work.batch)
        state[0] = epoch(state[0], order)
        return float(state[0][4])

    return run
