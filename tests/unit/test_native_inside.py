"""Products drawn into loops: the same numbers as the reference, the same bits for any number of threads."""

import numpy as np
import pytest

from lamina import layers, ops
from lamina.backends import native
from lamina.backends.native import inside
from lamina.trace import trace
from lamina.types import Type
from unit.recurrent_layers import LAYERS, built, training

BATCH, TIMES, WIDTH = SHAPE = 39, 5, 4
STACKS = {name: [make] for name, make in LAYERS.items()} | {
    "two": [lambda: layers.LSTM(6, return_sequences=True), lambda: layers.GRU(9)]
}


def products(program):
    """How many products stand outside of loops, and how many inside."""
    outside = sum(d.kernel == "gemm" for d in program.drafts)
    return outside, sum(d.kernel == "gemm" for draft in program.drafts if draft.body for d in draft.body.drafts)


def numbers():
    rng = np.random.default_rng(2)
    return [
        rng.standard_normal((BATCH, TIMES, WIDTH)).astype("float32"),
        rng.integers(0, TIMES + 1, BATCH).astype("int32"),
    ]


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("name", STACKS)
def test_products_in_loops_agree_with_those_outside(name, mask, monkeypatch):
    made = built(STACKS[name], SHAPE)
    outside = training(made, SHAPE, mask).program("native")
    monkeypatch.setattr(inside, "WIDE", 0)
    traced = training(made, SHAPE, mask)
    drawn = traced.program("native")
    assert products(drawn)[0] < products(outside)[0]
    assert products(drawn)[1] > products(outside)[1]
    found = drawn.run(*numbers())
    for want, got in zip(outside.run(*numbers()), found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)
    for want, got in zip(traced.program("reference").run(*numbers()), found, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", STACKS)
def test_threads_change_no_bit(name, monkeypatch):
    monkeypatch.setattr(inside, "WIDE", 0)
    program = training(built(STACKS[name], SHAPE), SHAPE, name != "two").program("native")
    threads, outcomes = native.get_num_threads(), []
    try:
        for count in (1, 2, 3, 4, 8):
            native.set_num_threads(count)
            outcomes.append(b"".join(r.tobytes() for r in program.run(*numbers())))
    finally:
        native.set_num_threads(threads)
    assert len(set(outcomes)) == 1


def test_a_product_that_somebody_else_reads_stays_outside(monkeypatch):
    layer = layers.LSTM(9)
    layer.build((BATCH, TIMES, WIDTH))
    monkeypatch.setattr(inside, "WIDE", 0)
    types = [Type("float32", (BATCH, TIMES, WIDTH))]

    def step(x, shown):
        rows = ops.transpose(x, (1, 0, 2))
        projected = ops.matmul(rows, layer.cell.kernel) + layer.cell.bias
        last = layer(x)
        return [last, projected] if shown else [last]

    alone, shown = (trace(lambda x, shown=shown: step(x, shown), types).program("native") for shown in (False, True))
    assert products(alone)[0] == 0
    assert products(shown)[0] == 1
    np.testing.assert_array_equal(alone.run(numbers()[0])[0], shown.run(numbers()[0])[0])


@pytest.mark.parametrize("batch", [37, 41])
def test_products_that_would_leave_a_row_stay_outside(batch, monkeypatch):
    """Of 37 rows the last piece has 7; 41 times 5 are 205: one more than tiles of six, summed in another order."""
    monkeypatch.setattr(inside, "WIDE", 0)
    shape = (batch, TIMES, WIDTH)
    assert products(training(built(STACKS["lstm"], shape), shape).program("native"))[0] > 2


def test_narrow_and_small_products_stay_outside():
    assert products(training(built(STACKS["lstm"], SHAPE), SHAPE).program("native"))[0] > 2
