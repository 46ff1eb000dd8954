"""Products in shares of a long k: which they are, the reference's numbers, and bits that depend on nobody who looks."""

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers, ops
from lamina.backends import native, reference
from lamina.backends.native import shares
from lamina.gradients import gradients
from lamina.trace import Variable, trace
from lamina.types import Type

RANDOM = np.random.default_rng(11)


def step_of(rows, k, columns, trains=True, curious=False):
    """A dense layer, another one, and their weights moved against the gradients."""
    random = np.random.default_rng(2)
    first = Variable(random.normal(size=(k, columns)).astype("float32") / k**0.5)
    second = Variable(random.normal(size=(columns, 5)).astype("float32") / columns)

    def step(x):
        product = ops.matmul(x, first.value)
        y = ops.matmul(ops.relu(product), second.value)
        loss = ops.mean(y * y)
        weights = [first, second] if trains else [second]
        for v, g in zip(weights, gradients([loss], [v.value for v in weights]), strict=True):
            v.assign_sub(0.1 * g)
        return [loss, *([product, ops.relu(product)] if curious else [])]

    return trace(step, [Type("float32", (rows, k))]), [first, second]


def in_shares(program):
    """Shapes of the products of shares, and of the weights that each step packs."""
    drafts = program.drafts
    found = [d.outs[0].shape for d in drafts if d.kernel == "gemm" and len(d.outs[0].shape) == 3]
    return found, [d.ins[0].shape for d in drafts if d.kernel == "pack"]


@pytest.mark.parametrize(
    ("rows", "k", "columns", "wanted"),
    [
        (100, 784, 50, [(2, 100, 50)]),
        (33, 777, 37, [(2, 33, 37), (1, 33, 37)]),  # one column of the batch is left over
        (16, 1024, 16, [(2, 16, 16)]),
        (100, 299, 80, []),  # the sums would be as large as the weight
        (15, 784, 50, []),  # a batch that no stretch divides
        (33, 777, 10, []),  # a small weight
        (33, 1025, 130, []),  # one that no core's cache holds
        (33, 777, 512, []),  # and one that is not packed
    ],
)
def test_which_products_are_divided(rows, k, columns, wanted):
    traced, _ = step_of(rows, k, columns)
    found, packed = in_shares(native.compile(traced.bound))
    assert found == wanted
    assert ((k, columns) in packed) == (not wanted and columns < 512)
    assert in_shares(native.compile(step_of(rows, k, columns, trains=False)[0].bound))[0] == []


@pytest.mark.parametrize(("rows", "k", "columns"), [(100, 784, 50), (33, 777, 37), (24, 1500, 20)])
def test_steps_agree_with_the_reference(rows, k, columns):
    traced, weights = step_of(rows, k, columns, curious=True)
    starts = [v.numpy().copy() for v in weights]
    x = RANDOM.normal(size=(rows, k)).astype("float32")
    program = native.compile(traced.bound)
    assert in_shares(program)[0]
    outcomes = []
    for backend in (program, reference.compile(traced.bound)):
        for v, start in zip(weights, starts, strict=True):
            v.assign(start)
        results = [r.copy() for _ in range(2) for r in backend.run(x)]
        outcomes.append([*results, *(v.numpy().copy() for v in weights)])
    for got, want in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(("rows", "k", "columns"), [(100, 784, 50), (33, 777, 37)])
def test_asking_for_values_changes_no_bit(rows, k, columns):
    x, order = RANDOM.normal(size=(3 * rows, k)).astype("float32"), RANDOM.permutation(3 * rows)
    outcomes = []
    for curious in (False, True):
        traced, weights = step_of(rows, k, columns, curious=curious)
        native.compile(traced.bound).run_steps([x], order, 0, 3)
        outcomes.append(b"".join(v.numpy().tobytes() for v in weights))
    assert outcomes[0] == outcomes[1]


NETWORKS = {
    "sigmoid": ((784,), 100, "sgd", lambda: dense(50, 100, activation="sigmoid")),
    "odd": ((777,), 33, "adam", lambda: dense(37, activation="relu")),
    "pictures": ((28, 28), 48, "sgd", lambda: [layers.Flatten(), *dense(64, activation="tanh"), layers.Dropout(0.2)]),
    "no bias": ((900,), 64, "adam", lambda: [layers.Dense(40, use_bias=False), layers.BatchNormalization()]),
}  # fmt: skip


def dense(*sizes, activation):
    return [layers.Dense(n, activation=activation) for n in sizes]


def fitted(name, zeros=False, kind="float32", each=False, told=None):
    shape, batch, optimizer, make = NETWORKS[name]
    rng = np.random.default_rng(3)
    x = rng.random((3 * batch + 7, *shape), "float32")
    x = np.where(rng.random(x.shape) < 0.2, x, 0).astype(kind) if zeros else x.astype(kind)
    y = rng.integers(0, 4, len(x))
    lamina.random.set_seed(5)
    model = lamina.Sequential([layers.Input(shape), *make(), layers.Dense(4, activation="softmax")])
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], lint="off")
    if each:
        for i in range(3):
            model.train_on_batch(x[i * batch : (i + 1) * batch], y[i * batch : (i + 1) * batch])
    else:
        model.fit(x[: 3 * batch], y[: 3 * batch], batch_size=batch, verbose=0, shuffle=False, **(told or {}))
    return b"".join(w.tobytes() for w in model.get_weights())


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_threads_and_batches_given_one_by_one_change_no_bit(name, zeros, monkeypatch):
    made, found = [], shares.in_shares
    monkeypatch.setattr(shares, "in_shares", lambda *given: made.append(given) or found(*given))
    threads = native.get_num_threads()
    try:
        native.set_num_threads(1)
        wanted = fitted(name, zeros)
        assert made
        for count in (1, 2, 3, 4, 8):
            native.set_num_threads(count)
            assert fitted(name, zeros) == wanted
        assert fitted(name, zeros, each=True) == wanted
        assert fitted(name, zeros, "float64") == wanted  # a batch that is copied
        look = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
        assert fitted(name, zeros, told={"callbacks": [look]}) == wanted
    finally:
        native.set_num_threads(threads)


def test_labels_are_gathered_by_those_who_read_them():
    """The stretch behind the shares is the first to read them, and gathers them by pieces."""
    arrangement = labelled().program("native").arrangement
    (stretch,) = (entry for entry in arrangement.order if not isinstance(entry, int))
    inside = [arrangement.lines[i].draft for i in stretch.lines]
    assert [d.outs[0].shape for d in inside if d.kernel == "feed"] == [(96,)]
    x, y = RANDOM.normal(size=(300, 900)).astype("float32"), RANDOM.normal(size=300).astype("float32")
    order = RANDOM.permutation(300)
    wanted, got = (labelled().program(name).run_steps([x, y], order, 96, 2)[0] for name in ("reference", "native"))
    np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=1e-5)


def labelled():
    """Rows by a weight that the step moves, away from one number for each row."""
    w = Variable(np.random.default_rng(1).normal(size=(900, 40)).astype("float32") / 30)
    others = np.random.default_rng(2).normal(size=(40, 120)).astype("float32")

    def step(x, y):
        values = ops.tanh(ops.matmul(ops.tanh(ops.matmul(x, w.value)), others)) - ops.expand_dims(y, 1)
        w.assign(w.value + 1e-4 * ops.matmul(ops.transpose(x, (1, 0)), values[:, :40]))
        return values

    return trace(step, [Type("float32", (96, 900)), Type("float32", (96,))])
