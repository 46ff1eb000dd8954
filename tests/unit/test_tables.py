"""Gradients of lookups that are never made: for which programs, and that they change no bit."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops, optimizers
from lamina.backends import native, reference
from lamina.backends.native import tables
from lamina.backends.native.program import NativeProgram
from lamina.gradients import gradients
from lamina.ops.scan import scan
from lamina.trace import Variable, trace
from lamina.types import Type

ROWS, WIDTH = 900, 24


def model_of(optimizer, rows=ROWS, width=WIDTH, backend="native", **options):
    lamina.random.set_seed(3)
    model = lamina.Sequential(
        [
            lamina.Input((5,), dtype="int32"),
            layers.Embedding(rows, width, name="words", **options),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer, loss="mse", backend=backend)
    return model


def data(rows=ROWS, seed=0):
    random = np.random.default_rng(seed)
    x = random.integers(0, rows, (48, 5)).astype("int32")
    x[:, 3] = x[:, 1]
    x[::5] = 0
    return x, random.standard_normal((48, 1)).astype("float32")


def state_after(model, **options):
    rows = model.layers[0].input_dim
    model.fit(*data(rows), epochs=2, batch_size=8, shuffle=False, verbose=0, **options)
    return [np.array(w) for w in model.get_weights()] + [v.numpy() for v in model.optimizer.variables]


def dense(monkeypatch):
    monkeypatch.setattr(tables, "SMALLEST", 2**62)


OPTIMIZERS = {
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "adamax": lambda: optimizers.Adamax(0.01),
    "lamb": lambda: optimizers.Lamb(0.01),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "decay": lambda: optimizers.SGD(0.1, weight_decay=0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "ftrl": lambda: optimizers.Ftrl(0.1, l1_regularization_strength=0.01),
    "clipvalue": lambda: optimizers.Adam(0.01, clipvalue=0.001),
    "clipnorm": lambda: optimizers.Adam(0.01, clipnorm=0.01),
    "global_clipnorm": lambda: optimizers.Adam(0.01, global_clipnorm=0.01),
    "averages": lambda: optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=3),
    "accumulated": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_gets_the_bits_of_the_dense_gradient(name, monkeypatch):
    got = state_after(model_of(OPTIMIZERS[name]()))
    dense(monkeypatch)
    for mine, want in zip(got, state_after(model_of(OPTIMIZERS[name]())), strict=True):
        assert np.array_equal(mine, want)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_makes_the_gradient(name):
    program = step_of(OPTIMIZERS[name](), [Variable(TABLE.copy())])
    assert ("order_rows" in kernels(program)) == (name != "accumulated")  # there the rows are added onto the sum so far
    assert "scatter_add" not in kernels(program)


@pytest.mark.parametrize(("rows", "width"), [(17_000, 1), (6000, 3), (300, 64), (70, 300)])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_tables_of_any_width(rows, width, mask_zero, monkeypatch):
    def outcome():
        return state_after(model_of(optimizers.Adam(0.01), rows, width, mask_zero=mask_zero))

    threads, outcomes = native.get_num_threads(), []
    try:
        for count in (1, 2, 3, 8):
            native.set_num_threads(count)
            outcomes.append(outcome())
    finally:
        native.set_num_threads(threads)
    dense(monkeypatch)
    want = outcome()
    for got in outcomes:
        assert all(np.array_equal(a, b) for a, b in zip(got, want, strict=True))


def test_a_regularizer_is_part_of_the_chain(monkeypatch):
    def outcome():
        return state_after(model_of(optimizers.Adam(0.01), embeddings_regularizer="l2"))

    got = outcome()
    dense(monkeypatch)
    assert all(np.array_equal(a, b) for a, b in zip(got, outcome(), strict=True))


# ---- steps by hand ----

IDS = np.random.default_rng(1).integers(0, ROWS, (6, 4)).astype("int32")
IDS[2] = IDS[0, 0]
GIVEN = np.random.default_rng(2).normal(size=(*IDS.shape, WIDTH)).astype("float32")
TABLE = np.random.default_rng(3).normal(size=(ROWS, WIDTH)).astype("float32")


def names(program):
    return [n.op.name for n in program.graph.nodes]


def kernels(program):
    return {d.kernel for d in program.drafts}


def planned(step, made, x=GIVEN, ids=IDS):
    program = trace(lambda x, ids: step(*made, x, ids), [Type(str(a.dtype), a.shape) for a in (x, ids)])
    return NativeProgram(program.bound)


def step_of(optimizer, made):
    optimizer.build(made)

    def step(table, x, ids):
        (gradient,) = gradients([ops.sum(ops.take(table.value, ids, axis=0) * x)], [table.value])
        optimizer.apply([gradient], [table])
        return [ops.sum(x)]

    return planned(step, made)


def plain(table, other, x, ids):
    table.assign(table.value * 0.5 + ops.segment_sum(x, ids, ROWS))
    return [ops.sum(x)]


def two_lookups(table, other, x, ids):
    old = table.value
    loss = ops.sum(ops.take(old, ids, axis=0) * x) + ops.sum(ops.square(ops.take(old, ids[:2], axis=0)))
    (gradient,) = gradients([loss], [old])
    table.assign(old * 0.9 - gradient)
    return [loss]


def two_chains(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    norm = ops.sqrt(ops.sum(ops.square(total)))
    table.assign(table.value * 0.9 - total / norm)
    return [norm]


def reshaped(table, other, x, ids):
    total = ops.reshape(ops.segment_sum(x, ids, ROWS), (ROWS // 2, 2 * WIDTH))
    other.assign(ops.reshape(ops.tanh(total) * 0.9, (ROWS, WIDTH)))
    return [ops.sum(x)]


def by_columns(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign(table.value - total * other.value[0] + total * other.value[:, :1])
    return [ops.sum(x)]


def no_numbers(table, other, x, ids):
    table.assign(table.value * 0.5 + ops.segment_sum(x[:0], ids[:0], ROWS))
    return [ops.sum(x)]


def of_constants(table, other, x, ids):
    table.assign(table.value * 0.5 + ops.segment_sum(ops.ones((*IDS.shape, WIDTH)), ids, ROWS))
    return [ops.sum(x)]


def in_a_column(table, other, x, ids):
    counts = ops.segment_sum(ops.ones((24 * 800,)), ops.reshape(ops.repeat(ids, 800), (-1,)), 40_000)
    return [ops.max(counts * 0.5 + 1.0)]


def shown(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign(table.value * 0.5 + total)
    return [total]


def turned(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign(table.value * 0.5 + total)
    return [ops.sum(ops.transpose(total) * 2.0, axis=1)]


def multiplied(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign(table.value * 0.5 + total)
    return [ops.matmul(total, ops.ones((WIDTH, 2)))]


def behind_a_product(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign(ops.matmul(other.value, ops.ones((WIDTH, WIDTH))) + total)
    return [ops.sum(x)]


def summed(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign(table.value * 0.5 + total)
    return [ops.sum(total)]


def of_a_variable(table, other, x, ids):
    """The rows lie in the very table that is written."""
    rows = ops.reshape(other.value[:24], (6, 4, WIDTH))
    other.assign(table.value * 0.5 + ops.segment_sum(rows, ids, ROWS))
    return [ops.sum(x)]


UNMADE = [plain, two_lookups, two_chains, reshaped, by_columns, no_numbers, of_constants, in_a_column]
MADE = [shown, turned, multiplied, behind_a_product, summed, of_a_variable]


def outcome(program, made):
    results = [np.array(r) for _ in range(2) for r in program.run(GIVEN, IDS)]
    return results + [v.numpy() for v in made]


def variables():
    return [Variable(TABLE.copy()), Variable(TABLE[::-1].copy())]


@pytest.mark.parametrize("step", UNMADE + MADE)
def test_steps_by_hand(step, monkeypatch):
    made = variables()
    program = planned(step, made)
    assert ("order_rows" in kernels(program)) == (step in UNMADE)
    assert ("scatter_add" in kernels(program)) == (step in MADE)
    got = outcome(program, made)
    dense(monkeypatch)
    made = variables()
    program = planned(step, made)
    assert "order_rows" not in kernels(program)
    for mine, want in zip(got, outcome(program, made), strict=True):
        assert np.array_equal(mine, want)
    made = variables()
    program = trace(lambda x, ids: step(*made, x, ids), [Type("float32", GIVEN.shape), Type("int32", IDS.shape)])
    for mine, want in zip(got, outcome(reference.compile(program.bound), made), strict=True):
        np.testing.assert_allclose(mine, want, rtol=1e-5, atol=1e-5)


def test_a_loop_has_it_in_its_body():
    def step(x, ids):
        def body(carry, rows):
            return carry * 0.5 + ops.segment_sum(rows, ids[0], ROWS), ops.sum(rows)

        total, _ = scan(body, TABLE * 0, x)
        return total

    types = [Type("float32", GIVEN.shape), Type("int32", IDS.shape)]
    want, got = (where.compile(trace(step, types).bound).run(GIVEN, IDS) for where in (reference, native))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5, atol=1e-6)


def test_small_tables_and_many_numbers_stay_dense():
    for rows, count, unmade in ((900, 24, True), (600, 24, False), (900, 1800, True), (900, 1801, False)):

        def step(x, ids, rows=rows):
            return ops.tanh(ops.segment_sum(x, ids, rows))

        program = trace(step, [Type("float32", (count, WIDTH)), Type("int32", (count,))])
        assert ("order_rows" in kernels(native.compile(program.bound))) == unmade


def test_the_memory_of_the_gradient_is_not_taken(monkeypatch):
    def arena():
        return step_of(optimizers.Adam(), [Variable(TABLE.copy())]).arena

    without = arena()
    dense(monkeypatch)
    assert arena() - without > 0.9 * TABLE.nbytes


def test_a_number_that_names_no_row_is_an_error():
    program = planned(plain, variables())
    ids = IDS.copy()
    ids[1, 2] = ROWS
    with pytest.raises(lamina.errors.RowError, match=f"the number {ROWS} names no row"):
        program.run(GIVEN, ids)


def test_explain_says_that_all_of_it_is_native():
    table = lamina.explain(model_of("adam"), batch_size=4).training
    assert table is not None
    assert "scatter_add" in {line.op for line in table.lines}
    assert not table.elsewhere
