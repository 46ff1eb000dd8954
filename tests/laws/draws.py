"""Inputs for the samples of ops, chosen by an enemy, and programs made of one sample."""

from dataclasses import dataclass

import numpy as np
import pytest

from lamina.backends import BACKENDS, Bound, backend_named
from lamina.graph import Graph, placeholder
from lamina.op import OPS, Op, item
from lamina.types import Type


@dataclass
class Sample:
    """One sample of one op, applied to placeholders. Several results are read one by one."""

    op: Op
    types: tuple[Type, ...]
    attrs: dict

    def program(self):
        xs = [placeholder(t) for t in self.types]
        y = self.op(*xs, **self.attrs) if xs else self.op.node([], self.attrs)
        return xs, [y] if len(y.types) == 1 else [item(y, i) for i in range(len(y.types))]

    def graph(self):
        return Graph(*self.program())

    @property
    def differentiable(self):
        xs, ys = self.program()
        return self.op.differentiable and any(x.type.is_float for x in xs) and any(y.type.is_float for y in ys)


def all_samples():
    return [
        pytest.param(Sample(op, types, attrs), id=f"{name}-{i}")
        for name, op in OPS.items()
        for i, (types, attrs) in enumerate(op.samples)
    ]


def plain(op, type, rng, span=None):
    """All different, none at a kink or a tie, in random order; both signs where the domain has them."""
    if type.dtype == "bool":
        return rng.integers(0, 2, type.shape).astype(bool)
    if not type.is_float:
        low, high = (0, 40) if type.dtype.startswith("u") else op.whole
        return rng.integers(low, high, type.shape).astype(type.dtype)
    low, high = span or op.domain
    places = (rng.permutation(type.size) + rng.uniform(0.3, 0.7, type.size)) / max(type.size, 1)
    return (low + (high - low) * places).reshape(type.shape)


def ties(op, type, rng):
    """Few different numbers, zero among them if the domain has it."""
    if not type.is_float:
        return plain(op, type, rng)
    low, high = op.domain
    return rng.choice(np.arange(np.ceil(low), np.floor(high) + 1), type.shape)


def repeats(op, type, rng):
    """One number everywhere."""
    if not type.is_float:
        return np.full(type.shape, min(1, max(op.whole) - 1), type.dtype)
    return np.full(type.shape, sum(op.domain) / 2)


def negative(op, type, rng):
    """All below zero."""
    return plain(op, type, rng, (-3.0, -0.5)) if type.is_float else plain(op, type, rng)


def zeros(op, type, rng):
    """Nothing but zeros, some of them negative."""
    return (
        np.where(rng.integers(0, 2, type.shape), 0.0, -0.0)
        if type.is_float
        else np.full(type.shape, max(op.whole[0], 0), type.dtype)
    )


def huge(op, type, rng):
    """Where exponentials overflow and squares do."""
    return (
        rng.choice([-1e30, -200.0, -60.0, 0.5, 60.0, 200.0, 1e30], type.shape)
        if type.is_float
        else plain(op, type, rng)
    )


def tiny(op, type, rng):
    """Where differences from 1 are lost."""
    return rng.choice([-1e-3, -1e-6, 1e-12, 1e-6, 1e-3], type.shape) if type.is_float else plain(op, type, rng)


def special(op, type, rng):
    """Ordinary numbers with NaN and infinities among them."""
    x = plain(op, type, rng)
    if type.is_float and type.size:
        flat = x.reshape(-1)
        for value in (np.nan, np.inf, -np.inf):
            if type.size > 1:
                flat[rng.integers(type.size)] = value
    return x


TAME = [plain, ties, repeats, negative, zeros, tiny]  # finite in float32, so compared with float64
WILD = [huge, special]  # infinities and NaN: compared in float32, place by place


def drawn(draw, sample, rng, dtype="float32"):
    """An array for each input of a sample; floats as ``dtype``."""
    arrays = (draw(sample.op, t, rng) for t in sample.types)
    return [np.asarray(a, dtype if t.is_float else t.dtype) for a, t in zip(arrays, sample.types, strict=True)]


def strided(array):
    """The same values, lying in memory backwards and with gaps."""
    if array.ndim == 0:
        return array
    wide = np.zeros([2 * n for n in array.shape], array.dtype)
    view = wide[tuple(slice(None, None, -2) for _ in array.shape)]
    view[...] = array
    return view


def compilers():
    """Each way to compile a program, as parameters: every backend, and the native one on each instruction set."""
    ways = []
    for name in BACKENDS:
        module = backend_named(name)
        if hasattr(module, "isas"):
            ways += [
                pytest.param(lambda bound, isa=isa, m=module: m.compile(bound, isa=isa), id=f"{name}-{isa}")
                for isa in module.isas()
            ]
        else:
            ways.append(pytest.param(module.compile, id=name))
    return ways


def bound(graph):
    return Bound(graph, [], [])
