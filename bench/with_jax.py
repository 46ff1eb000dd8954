"""JAX in its best form: one jitted ``lax.scan`` over the whole epoch, state donated."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .works import WORKS, Work, data, weights


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


def lstm(wx, wh, bias, x):
    def step(carry, zt):
        h, c = carry
        i, f, g, o = jnp.split(zt + h @ wh, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zero = jnp.zeros((x.shape[1], len(wh)))
    return lax.scan(step, (zero, zero), x @ wx + bias)[0][0]


def gru(wx, wh, bias, x):
    def step(h, zt):
        xz, xr, xh = jnp.split(zt, 3, axis=-1)
        hz, hr, hh = jnp.split(h @ wh + bias[1], 3, axis=-1)
        z, r = jax.nn.sigmoid(xz + hz), jax.nn.sigmoid(xr + hr)
        return z * h + (1 - z) * jnp.tanh(xh + r * hh), None

    return lax.scan(step, jnp.zeros((x.shape[1], len(wh))), x @ wx + bias[0])[0]


def recurrent(told, w, x, key):
    """One layer; time comes first."""
    *table, wx, wh, bias, out, offset = w
    x = table[0][x.T] if told.words else x.transpose(1, 0, 2)
    return {"LSTM": lstm, "GRU": gru}[told.cell](wx, wh, bias, x) @ out + offset


NETWORKS = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn}


def tree(name):
    """The common weights, as the functions above want them; JAX's batch norm has no bias before it and no averages."""
    given = [jnp.asarray(w) for w in weights(name)]
    if WORKS[name].recurrent:
        return given
    if name == "plain_cnn":
        return [*(tuple(given[6 * i : 6 * i + 4]) for i in range(5)), tuple(given[30:])]
    return list(zip(given[::2], given[1::2], strict=True))


def prepare(work: Work):
    """A function that trains one epoch, and the first outputs of networks without dropout and batch norm."""
    told = work.recurrent
    forward = partial(recurrent, told) if told else NETWORKS[work.network]
    x, y = (jnp.asarray(a) for a in data(work))
    w = tree(work.name)

    def loss(w, x, y, key):
        z = forward(w, x, key)
        if told:
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1))

    def step(carry, rows):
        w, m, v, t, total = carry
        t = t + 1
        value, g = jax.value_and_grad(loss)(w, x[rows], y[rows], jax.random.PRNGKey(t))
        if work.network == "book":
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

    z = np.asarray(forward(w, x[:16], None)) if told or work.network == "book" else None
    if z is None:
        return run, []
    z = z.astype("float64")
    answer = 1 / (1 + np.exp(-z)) if told else np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return run, [answer]
