"""Updates of some rows of a table: when they are made, that they are right, and that nobody reads it too late."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.backends import native, reference, xla
from lamina.gradients import gradients
from lamina.trace import Variable, trace
from lamina.types import Type

ROWS, WIDTH = 40, 6


def model_of(optimizer, **options):
    model = lamina.Sequential(
        [
            lamina.Input((5,), dtype="int32"),
            layers.Embedding(ROWS, WIDTH, name="words", **options),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer, loss="mse")
    return model


def explained(model):
    return lamina.explain(model, batch_size=4).training


def is_sparse(model):
    made = {line.op for line in explained(model).lines}
    assert ("scatter_onto" in made) != ("scatter_add" in made)
    return "scatter_onto" in made


def test_gradient_descent_updates_rows_without_the_reference():
    model = model_of("sgd")
    assert is_sparse(model)
    assert not explained(model).elsewhere


@pytest.mark.parametrize("rate", [1.0, 0.25, lamina.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)])
def test_so_it_does_whatever_the_learning_rate(rate):
    assert is_sparse(model_of(lamina.optimizers.SGD(rate)))


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (lambda: lamina.optimizers.SGD(0.1, momentum=0.9), {}),
        (lambda: lamina.optimizers.SGD(0.1, clipnorm=1.0), {}),
        (lambda: lamina.optimizers.SGD(0.1, clipvalue=1.0), {}),
        (lambda: lamina.optimizers.SGD(0.1, weight_decay=0.01), {}),
        (lambda: lamina.optimizers.Adam(), {}),
        (lambda: lamina.optimizers.SGD(0.1), {"embeddings_regularizer": "l2"}),
    ],
)
def test_what_moves_every_row_stays_dense(optimizer, options):
    assert not is_sparse(model_of(optimizer(), **options))


@pytest.mark.parametrize(("count", "sparse"), [(2 * ROWS, True), (2 * ROWS + 1, False)])
def test_a_table_smaller_than_what_is_looked_up_stays_dense(count, sparse):
    def step(table, x, ids):
        return table - 0.5 * ops.segment_sum(x, ids, ROWS)

    made = trace(step, [Type("float32", (ROWS, 3)), Type("float32", (count, 3)), Type("int32", (count,))])
    assert ("scatter_onto" in names(made)) == sparse


IDS = np.array([[3, 3, 7, 0, 39], [7, 3, 1, 1, 1], [39, 38, 0, 0, 3], [5, 6, 5, 6, 5]], "int32")
GIVEN = np.random.default_rng(2).normal(size=(*IDS.shape, WIDTH)).astype("float32")
TABLE = np.random.default_rng(3).normal(size=(ROWS, WIDTH)).astype("float32")


def added(x=GIVEN, ids=IDS, rows=ROWS):
    """The sum of rows by number, dense, in NumPy."""
    out = np.zeros((rows, *x.shape[ids.ndim :]), x.dtype)
    np.add.at(out, ids, x)
    return out


def descent(table, other, x, ids):
    """A step as gradient descent takes it: the table is looked up and multiplied first; gives what was read."""
    old = table.value
    looked_up, whole = ops.take(old, ids, axis=0), ops.matmul(old, ops.transpose(old))
    (gradient,) = gradients([ops.sum(looked_up * x)], [old])
    table.assign_sub(gradient * 0.5)
    return [looked_up, whole, ops.take(table.value, ids, axis=0)]


def whole_before(table, other, x, ids):
    old = table.value
    table.assign_add(ops.segment_sum(x, ids, ROWS))
    return [old, ops.transpose(old), table.value]


def onto_another(table, other, x, ids):
    old = table.value
    table.assign(other.value * 2.0)
    other.assign(old + 0.5 * ops.segment_sum(x, ids, ROWS))
    return [ops.sum(x)]


def of_itself(table, other, x, ids):
    old = table.value
    rows = ops.reshape(old[:20], (4, 5, WIDTH))
    table.assign(old - ops.segment_sum(rows, ids, ROWS) * 0.25)
    return [ops.sum(x)]


def onto_itself(table, other, x, ids):
    numbers = ops.concatenate([ops.reshape(ids, (20,)), ops.reshape(ids, (20,))], 0)
    table.assign(table.value + ops.segment_sum(table.value, numbers, ROWS))
    return [ops.sum(x)]


def two_lookups(table, other, x, ids):
    old = table.value
    loss = ops.sum(ops.take(old, ids, axis=0) * x) + ops.sum(ops.square(ops.take(old, ids[:2], axis=0)))
    table.assign_sub(gradients([loss], [old])[0] * 0.5)
    return [loss]


def result_only(table, other, x, ids):
    return [table.value - 0.5 * ops.segment_sum(x, ids, ROWS), ops.take(table.value, ids, axis=0)]


def sum_shown(table, other, x, ids):
    total = ops.segment_sum(x, ids, ROWS)
    table.assign_sub(0.5 * total)
    return [total]


STEPS = [descent, whole_before, onto_another, of_itself, onto_itself, two_lookups, result_only, sum_shown]


def outcome(compiled, made, steps=2):
    results = [r for _ in range(steps) for r in compiled.run(GIVEN, IDS)]
    return [*map(np.array, results), *(v.numpy() for v in made)]


def traced(step):
    made = [Variable(TABLE.copy()), Variable(TABLE[::-1].copy())]
    return made, trace(lambda x, ids: step(*made, x, ids), [Type("float32", GIVEN.shape), Type("int32", IDS.shape)])


def names(program):
    return [n.op.name for n in program.graph.nodes]


@pytest.mark.parametrize("backend", [native, xla])
@pytest.mark.parametrize("step", STEPS)
def test_backends_agree_whoever_else_reads_the_table(backend, step):
    outcomes = []
    for where in (reference, backend):
        made, program = traced(step)
        assert ("scatter_onto" in names(program)) == (step not in (two_lookups, sum_shown))
        outcomes.append(outcome(where.compile(program.bound), made))
    for want, got in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", [reference, native])
@pytest.mark.parametrize(
    ("step", "want"),
    [
        (descent, lambda: [TABLE - 0.5 * added(), TABLE[::-1]]),
        (whole_before, lambda: [TABLE + added(), TABLE[::-1]]),
        (onto_another, lambda: [TABLE[::-1] * 2, TABLE + 0.5 * added()]),
        (of_itself, lambda: [TABLE - 0.25 * added(TABLE[:20].reshape(4, 5, WIDTH)), TABLE[::-1]]),
        (onto_itself, lambda: [TABLE + added(TABLE, np.tile(IDS.ravel(), 2)), TABLE[::-1]]),
        (result_only, lambda: [TABLE, TABLE[::-1]]),
    ],
)
def test_the_update_is_the_dense_one(backend, step, want):
    made, program = traced(step)
    *_, table, other = outcome(backend.compile(program.bound), made, steps=1)
    for got, expected in zip((table, other), want(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_rows_that_nobody_looked_up_keep_their_bits():
    made, program = traced(descent)
    native.compile(program.bound).run(GIVEN, IDS)
    rest = np.setdiff1d(np.arange(ROWS), IDS)
    assert np.array_equal(made[0].numpy()[rest], TABLE[rest])
    assert not np.any(np.all(made[0].numpy()[np.unique(IDS)] == TABLE[np.unique(IDS)], axis=1))


def test_the_table_is_updated_where_it_lies():
    _, program = traced(descent)
    drafts = native.compile(program.bound).drafts
    (update,) = (d for d in drafts if d.kernel == "scatter_onto")
    assert update.outs[0].storage.root.base
    assert not any(d.kernel == "copy" and d.outs[0].size == ROWS * WIDTH for d in drafts)


@pytest.mark.parametrize("rows", [450, 5000])
def test_the_bits_do_not_depend_on_the_number_of_threads(rows):
    x = np.random.default_rng(4).normal(size=(900, 96)).astype("float32")
    ids = np.arange(900, dtype="int32") ** 2 % rows
    found = []
    for threads in (1, 2, 3, 8):
        lamina.set_num_threads(threads)
        table = Variable(np.ones((rows, 96), "float32"))

        def step(x, ids, table=table, rows=rows):
            table.assign_sub(0.3 * ops.segment_sum(x, ids, rows))
            return ops.sum(x)

        made = trace(step, [Type("float32", x.shape), Type("int32", ids.shape)])
        assert "scatter_onto" in names(made)
        made.program("native").run(x, ids)
        found.append(table.numpy())
    assert all(np.array_equal(found[0], other) for other in found)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_training_moves_the_rows_as_by_hand(backend):
    model = model_of(lamina.optimizers.SGD(0.5))
    model.compile(lamina.optimizers.SGD(0.5), loss="mse", backend=backend)
    table, kernel, bias = (np.array(w) for w in model.get_weights())
    y = np.arange(4, dtype="float32").reshape(4, 1)
    error = table[IDS].mean(1) @ kernel + bias - y
    model.train_on_batch(IDS, y)
    rows = np.broadcast_to((2 * error / 4 @ kernel.T / 5)[:, None], (*IDS.shape, WIDTH))
    np.testing.assert_allclose(model.get_weights()[0], table - 0.5 * added(rows), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_number_that_names_no_row_is_an_error(backend):
    table = Variable(np.ones((5, 2), "float32"), name="words")

    def step(x, ids):
        table.assign_sub(0.5 * ops.segment_sum(x, ids, 5))
        return ops.sum(x)

    program = trace(step, [Type("float32", (3, 2)), Type("int32", (3,))]).program(backend)
    with pytest.raises(lamina.errors.RowError, match="the number 5 names no row"):
        program.run(np.ones((3, 2), "float32"), np.array([1, 5, 2], "int32"))
