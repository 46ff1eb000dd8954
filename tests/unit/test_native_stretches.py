"""Stretches of a step run by pieces of the batch: the reference's numbers, and no bit depends on threads."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.backends import native
from lamina.backends.native import stretches
from lamina.gradients import gradients
from lamina.trace import Generator, Variable, trace
from lamina.types import Type


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Networks that are small enough to be tested have stretches too."""
    monkeypatch.setattr(stretches, "PIECE", 200.0)


def cuts(program):
    """Pieces of each stretch, without the last, smaller one, and how many instructions it has."""
    return [(entry.count, len(entry.lines)) for entry in program.arrangement.order if not isinstance(entry, int)]


def run(program):
    """The numbers of the lines, as often as each is run."""
    order = program.arrangement.order
    return sorted(i for entry in order for i in ([entry] if isinstance(entry, int) else entry.lines))


def dense(*sizes, activation="sigmoid"):
    return [layers.Dense(n, activation=activation) for n in sizes]


class Residual(layers.Layer):
    """A layer, what went into it, and a norm."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.norm = inner, layers.LayerNormalization()

    def build(self, input_shape):
        self.inner.build(input_shape)
        self.norm.build(input_shape)

    def call(self, x, training=False):
        return self.norm(x + self.inner(x, training=training))


NETWORKS = {
    "dense": ((100, 60), lambda: [*dense(50, 70), *dense(5, activation="softmax")]),
    "dropped out": ((37, 21), lambda: [*dense(33), layers.Dropout(0.3), *dense(18), layers.Dropout(0.5)]),
    "noise": ((64, 20), lambda: [layers.GaussianNoise(0.1), *dense(30), layers.GaussianDropout(0.2), *dense(7)]),
    "residual": ((72, 24), lambda: [Residual(layers.Dense(24, activation="gelu")) for _ in range(3)]),
    "over time": ((24, 6, 20), lambda: [*dense(31, 12, activation="tanh"), layers.Flatten(), *dense(3)]),
    "attention": ((24, 7, 16), lambda: [layers.MultiHeadAttention(2, 8), layers.Flatten(), *dense(9)]),
    "normalised": ((50, 20), lambda: [*dense(30), layers.BatchNormalization(), *dense(17, 4)]),
    "convolution": (
        (24, 9, 9, 2),
        lambda: [layers.Conv2D(5, 3), layers.MaxPooling2D(2), layers.Flatten(), *dense(30, 7)],
    ),
    "as many units as rows": ((32, 32), lambda: dense(32, 32, 32)),
}  # fmt: skip


def training(name):
    """A step that gives the loss, and the gradients of the input and of all weights."""
    shape, make = NETWORKS[name]
    lamina.random.set_seed(5)
    chosen = make()

    def step(x):
        values = x
        for layer in chosen:
            attention = isinstance(layer, layers.MultiHeadAttention)
            values = layer(values, values) if attention else layer(values, training=True)
        loss = ops.mean(values * values)
        weights = [v.value for layer in chosen for v in layer.trainable_variables]
        return [loss, values, *gradients([loss], [x, *weights])]

    def build(x):
        values = x
        for layer in chosen:
            values = layer(values, values) if isinstance(layer, layers.MultiHeadAttention) else layer(values)
        return values

    trace(build, [Type("float32", shape)], generator=Generator(1))
    x = np.random.default_rng(2).standard_normal(shape).astype("float32")
    return trace(step, [Type("float32", shape)], training=True, generator=Generator(1)), x


@pytest.mark.parametrize("name", NETWORKS)
def test_pieces_agree_with_the_reference(name):
    made, x = training(name)
    assert any(pieces > 1 and count > 1 for pieces, count in cuts(made.program("native")))
    assert len(set(run(made.program("native")))) == len(run(made.program("native")))
    for want, got in zip(made.program("reference").run(x), made.program("native").run(x), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_threads_change_no_bit(name):
    threads, outcomes = native.get_num_threads(), []
    try:
        for count in (1, 2, 3, 8):
            native.set_num_threads(count)
            made, x = training(name)
            outcomes.append(b"".join(r.tobytes() for r in made.program("native").run(x)))
    finally:
        native.set_num_threads(threads)
    assert len(set(outcomes)) == 1


def test_all_of_a_small_network_is_one_stretch():
    made, _ = training("dense")
    ((pieces, count),) = cuts(made.program("native"))
    assert pieces * 16 <= 100
    assert count >= 8


def test_weights_that_no_cache_holds_are_left_to_all_threads(monkeypatch):
    monkeypatch.setattr(stretches, "WEIGHTS", 15_000)  # bytes: the first matrix has 15,360 in panels
    made, x = training("dense")
    arrangement = made.program("native").arrangement
    alone = [arrangement.lines[entry].draft for entry in arrangement.order if isinstance(entry, int)]
    assert any(d.kernel == "gemm" and d.outs[0].shape == (100, 50) for d in alone)
    want = made.program("reference").run(x)
    np.testing.assert_allclose(made.program("native").run(x)[1], want[1], rtol=1e-4, atol=1e-6)


def test_the_rows_of_each_step_come_from_where_the_order_says():
    w = np.random.default_rng(1).standard_normal((12, 40)).astype("float32")
    total = Variable(np.zeros(5, "float32"), name="total")

    def step(x, y):
        values = ops.tanh(ops.matmul(x, w)) + ops.expand_dims(y, 1)
        values = ops.softmax(values[:, :5])
        total.assign(total.value + ops.sum(values, axis=0))
        return values

    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((301, 12)), rng.standard_normal(301).astype("float32")
    order = rng.permutation(301).astype("int64")
    outcomes = []
    for backend in ("reference", "native"):
        total.assign(np.zeros(5, "float32"))
        made = trace(step, [Type("float32", (60, 12)), Type("float32", (60,))])
        outcomes.append((made.program(backend).run_steps([x, y], order, 30, 4)[0], total.numpy()))
    assert cuts(made.program("native"))
    for want, got in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_labels_that_only_the_last_of_several_stretches_reads(monkeypatch):
    """Batch normalization ends a stretch; where the first layer is too small for one, the second begins with them."""
    monkeypatch.setattr(stretches, "PIECE", 4000.0)
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((388, 5)).astype("float32"), rng.integers(0, 2, 388)
    losses = []
    for backend in ("reference", "native"):
        lamina.random.set_seed(5)
        inner = [[layers.Dense(n), layers.BatchNormalization(), layers.Activation("relu")] for n in (96, 300)]
        model = lamina.Sequential([layers.Input((5,)), *inner[0], *inner[1], layers.Dense(2, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], backend=backend, lint="off")
        losses.append(model.fit(x, y, batch_size=194, epochs=2, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_data_of_which_each_row_reads_all_are_there_before(monkeypatch):
    """Rows against all the others of the batch, as a contrastive loss has them, in a stretch behind two norms."""
    monkeypatch.setattr(stretches, "PIECE", 8000.0)
    norms = [f for n in (8, 8) for f in (layers.Dense(n), layers.BatchNormalization())]
    chosen = [*norms, layers.Dense(64, activation="tanh")]

    def step(x, y):
        for layer in chosen:
            x = layer(x, training=True) if isinstance(layer, layers.BatchNormalization) else layer(x)
        return ops.softmax(ops.matmul(x, ops.transpose(y, (1, 0))))

    types = [Type("float32", (256, 5)), Type("float32", (256, 64))]
    trace(step, types, generator=Generator(1))
    made = trace(step, types, training=True, generator=Generator(1))
    rng = np.random.default_rng(3)
    data, order = [rng.standard_normal((300, n)).astype("float32") for n in (5, 64)], rng.permutation(300)
    want, got = (made.program(name).run_steps(data, order, 20, 1)[0] for name in ("reference", "native"))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


W = np.random.default_rng(3).standard_normal((32, 32)).astype("float32") / 8
STEPS = {
    "a mean of all rows": lambda x: ops.tanh(x @ W) - ops.mean(x, axis=0),
    "rows turned about": lambda x: ops.flip(ops.tanh(x @ W), axis=0),
    "columns for rows": lambda x: ops.tanh(ops.transpose(x) @ W),
    "a matrix on the left": lambda x: ops.tanh(W @ x),
    "rows along rows": lambda x: ops.cumsum(ops.tanh(x @ W), axis=0),
    "the number of a row": lambda x: ops.tanh(x @ W) * ops.cast(ops.expand_dims(ops.arange(32), 1), "float32"),
    "the largest of a column": lambda x: ops.softmax(x @ W, axis=0),
    "some of the columns": lambda x: ops.concatenate([ops.tanh(x @ W)[:, 3:], x[:, :3]], axis=1),
    "what is sorted": lambda x: ops.sort(x @ W, axis=-1),
    "the rows of a table": lambda x: ops.take(W, ops.argmax(x @ W, axis=1), axis=0) + x,
    "a softmax of one number a row": lambda x: x * ops.expand_dims(ops.softmax(ops.sum(ops.tanh(x @ W), axis=1)), 1),
    "squares of a column": lambda x: ops.tanh(x @ W) * ops.sum(ops.square(ops.sin(x @ W)), axis=0),
    "products of rows": lambda x: ops.matmul(x, ops.transpose(x)) * 0.1,
}  # fmt: skip


@pytest.mark.parametrize("what", STEPS)
def test_rows_may_meet(what):
    step = STEPS[what]

    def twice(x):
        first = step(ops.sigmoid(x @ W))
        return [step(ops.tanh(first @ W)), ops.sum(first, axis=0), ops.sum(first, axis=1)]

    made = trace(twice, [Type("float32", (32, 32))])
    x = np.random.default_rng(4).standard_normal((32, 32)).astype("float32")
    assert cuts(made.program("native"))
    for want, got in zip(made.program("reference").run(x), made.program("native").run(x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_long_rows_are_summed_by_each_thread_for_itself():
    """Sums of so many terms are split, and their parts wait in a workspace for each other."""

    def step(x):
        values = ops.sin(x)
        return [ops.sum(values * values, axis=1), ops.max(values, axis=1), *ops.moments(values, axes=1)]

    made = trace(step, [Type("float32", (32, 140_000))])
    program = made.program("native")
    ((pieces, _),) = cuts(program)
    x = np.random.default_rng(6).standard_normal((32, 140_000)).astype("float32")
    want = made.program("reference").run(x)
    threads = native.get_num_threads()
    try:
        native.set_num_threads(4)
        outcomes = [program.run(x) for _ in range(4)]
    finally:
        native.set_num_threads(threads)
    assert pieces > 1
    assert len({b"".join(r.tobytes() for r in outcome) for outcome in outcomes}) == 1
    for got, right in zip(outcomes[0], want, strict=True):
        np.testing.assert_allclose(got, right, rtol=2e-5, atol=1e-6)


def test_arguments_of_different_lengths():
    def step(x, z):
        return [ops.tanh(ops.tanh(x @ W) @ W), ops.tanh(ops.tanh(z @ W) @ W) + x[:16] * z]

    made = trace(step, [Type("float32", (32, 32)), Type("float32", (16, 32))])
    x = np.random.default_rng(4).standard_normal((48, 32)).astype("float32")
    assert cuts(made.program("native"))
    results = (made.program(backend).run(x[:32], x[32:]) for backend in ("reference", "native"))
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_what_all_rows_read_is_written_on_only_behind_them():
    """Both halves lie in one place; the right one is read by all rows before the left one is put beside it."""

    def step(x):
        middle = x - ops.mean(x, axis=0)
        return [ops.tanh(ops.matmul(middle, ops.transpose(middle))) @ W, ops.concatenate([x, middle], axis=1)]

    made = trace(step, [Type("float32", (32, 32))])
    x = np.random.default_rng(4).standard_normal((32, 32)).astype("float32")
    assert cuts(made.program("native"))
    for want, got in zip(made.program("reference").run(x), made.program("native").run(x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_a_row_that_is_not_there_is_named():
    table = layers.Embedding(9, 6, name="table")

    def step(ids):
        return ops.sum(ops.tanh(ops.matmul(table(ids), W[:6])), axis=-1)

    trace(step, [Type("int32", (64,))], generator=Generator(1))
    made = trace(step, [Type("int32", (64,))], generator=Generator(1))
    with pytest.raises(IndexError, match=r"table.*names no row"):
        made.program("native").run(np.full(64, 9, "int32"))
