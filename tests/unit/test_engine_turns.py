"""Pieces of a loop in turns: each goes through all its times once, in order, whoever has it."""

import re

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import ISAS, Arena, chain

WIDTH, ROWS = 64, 8


def states(isa, times, pieces, threads=1, runs=1, reverse=False):
    """h = tanh(h W + x) over all times: what each run gives, what NumPy says, what the engine says of its units."""
    random = np.random.default_rng(times)
    w = (random.standard_normal((WIDTH, WIDTH)) / 16).astype("float32")
    x = random.standard_normal((times, pieces * ROWS, WIDTH)).astype("float32")
    first = times if reverse else 0
    history = np.zeros((times + 1, pieces * ROWS, WIDTH), "float32")
    arena = Arena(isa)
    weights, inputs, h = (arena.put(a) for a in (w, x, history))
    step, piece = 4 * pieces * ROWS * WIDTH, 4 * ROWS * WIDTH
    forward = -1 if reverse else 1
    at = lambda o, t: (0, o[1] + t * step, "float32", (ROWS, WIDTH), (WIDTH, 1))  # noqa: E731
    inner = lambda base, shape=(ROWS, WIDTH): (base, 0, "float32", shape, (WIDTH, 1))  # noqa: E731
    body = dict(
        kernel="gemm",
        **{"in": [inner(1), inner(2, (WIDTH, WIDTH)), inner(3)]},
        out=[inner(4)],
        ints=[0],
        floats=[],
        chain=chain((ROWS, WIDTH), [("add", "float32", [0, 1], 3), ("tanh", "float32", [3], 2)], 1),
    )
    arena.add(
        "scan",
        [at(h, first), weights, at(inputs, times - 1 if reverse else 0)],
        [at(h, first + forward)],
        ints=[
            *(times, int(reverse), forward * step, 0, forward * step, forward * step),
            *(pieces, piece, 0, piece, piece),
        ],
        body=[body],
    )
    want = history
    for t in range(times):
        now = times - t if reverse else t
        want[now + forward] = np.tanh(want[now] @ w + x[now - 1 if reverse else now])
    program, outcomes = arena.program(), []
    _native.set_num_threads(threads)
    for _ in range(runs):
        program.run(1)
        outcomes.append(program.read(*h))
    return outcomes, want, program.describe()


def units(text):
    return int(re.findall(r"scan, units (\d+)", text)[0])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("times", "pieces", "reverse"), [(701, 4, False), (640, 3, True), (97, 11, False)])
def test_every_time_of_every_piece_comes_once_and_in_order(isa, times, pieces, reverse):
    (one,), want, text = states(isa, times, pieces, reverse=reverse)
    assert units(text) > pieces
    np.testing.assert_allclose(one, want, atol=2e-5)
    for threads in (2, 3, 8):  # also more of them than pieces: turns are owed
        for again in states(isa, times, pieces, threads, runs=12, reverse=reverse)[0]:
            np.testing.assert_array_equal(again, one)


def test_the_last_turns_are_short_but_not_too_short():
    assert units(states("", 2000, 4)[2]) == 4 * 5  # 1000, 500, 250, 125 and what is left
    assert units(states("", 97, 11)[2]) < 11 * 5


def test_what_is_alone_or_short_has_no_turns():
    assert units(states("", 2000, 1)[2]) == 1
    assert units(states("", 8, 4)[2]) == 4
