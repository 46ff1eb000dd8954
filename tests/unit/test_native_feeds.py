"""Batches that are not copied: which they are, and that training does not notice."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.backends.native import feeds
from lamina.gradients import gradients
from lamina.trace import Variable, trace
from lamina.types import Type

RANDOM = np.random.default_rng(5)


def kernels(program, dtype="float32", rows=50):
    """Names of the instructions that an engine program gets in front of those that were planned, and all gemms."""
    made = feeds.Feeds([(dtype, rows)] * len(program.arguments), rows)
    drafts = [d for d in made.given(program.arguments, program.drafts, program.results) if d is not None]
    lead = len(drafts) - len(program.drafts)
    return [d.kernel for d in drafts[:lead]], [d.ints[1:] for d in drafts if d.kernel == "gemm"]


def planned(function, *shapes):
    return trace(function, [Type("float32", s) for s in shapes]).program("native")


def test_a_batch_that_only_products_read_is_not_copied():
    w = Variable(RANDOM.normal(size=(6, 4)).astype("float32"))

    def step(x):
        y = ops.tanh(ops.matmul(x, w.value))
        w.assign_sub(0.1 * gradients([ops.mean(y)], [w.value])[0])
        return [ops.mean(y)]

    assert kernels(planned(step, (8, 6))) == ([], [[feeds.BY_ROWS, 8], [feeds.BY_COLUMNS, 8]])
    assert kernels(planned(step, (8, 6)), "float64")[0] == ["feed"]
    assert kernels(planned(lambda x: ops.matmul(ops.reshape(x, (8, 6)), w.value), (8, 2, 3))) == ([], [[1, 8]])
    assert kernels(planned(lambda x: ops.matmul(x[:, 2:8], w.value), (8, 9))) == ([], [[1, 8]])
    w3 = np.ones((3, 8, 4), "float32")
    planes = planned(lambda x: ops.matmul(ops.transpose(x, (1, 2, 0)), w3), (8, 3, 2))
    assert kernels(planes) == ([], [[feeds.BY_COLUMNS, 8]])
    x = RANDOM.normal(size=(8, 3, 2)).astype("float32")
    np.testing.assert_allclose(planes.run(x)[0], x.transpose(1, 2, 0) @ w3, rtol=1e-5, atol=1e-5)


def test_any_other_reader_keeps_the_copy():
    w = Variable(RANDOM.normal(size=(6, 4)).astype("float32"))
    for function, shape in (
        (lambda x: [ops.matmul(x, w.value), x], (8, 6)),  # it is asked for
        (lambda x: [ops.matmul(x, w.value), ops.sum(x)], (8, 6)),
        (lambda x: ops.matmul(ops.reshape(x, (16, 6)), w.value), (8, 2, 6)),  # rows of rows
        (lambda x: ops.matmul(x[::2], w.value), (8, 6)),
        (lambda x: ops.matmul(x[:, ::2], w.value), (8, 12)),
        (lambda x: ops.matmul(x[1:], w.value), (8, 6)),
        (lambda x: ops.matmul(x[:7], w.value), (8, 6)),
        (lambda x: ops.matmul(ops.transpose(x), x), (8, 6)),
        (lambda x: ops.matmul(ops.tanh(w.value), x), (4, 6)),
        (lambda x: ops.tanh(x), (8, 6)),
    ):
        assert kernels(planned(function, shape))[0] == ["feed"]


def test_some_columns_of_a_batch():
    w = RANDOM.normal(size=(6, 4)).astype("float32")
    x, order = RANDOM.normal(size=(40, 9)).astype("float32"), RANDOM.permutation(40)
    program = planned(lambda x: ops.matmul(x[:, 2:8], w), (8, 9))
    (got,) = program.run_steps([x], order, 16, 2)
    np.testing.assert_allclose(got, x[order[24:32], 2:8] @ w, rtol=1e-4, atol=1e-4)
    program = planned(lambda x: ops.matmul(ops.transpose(x[:, 1:4]), np.ones((8, 5), "float32")), (8, 9))
    assert kernels(program) == ([], [[feeds.BY_COLUMNS, 8]])
    (got,) = program.run_steps([x], order, 16, 2)
    np.testing.assert_allclose(got[:, 0], x[order[24:32], 1:4].sum(0), rtol=1e-4, atol=1e-4)


def fitted(x, y, copies, monkeypatch, **told):
    with monkeypatch.context() as patch:
        if copies:
            patch.setattr(feeds, "side_of", lambda draft, batch: 0)
        lamina.random.set_seed(2)
        model = lamina.Sequential(
            [
                layers.Input(x.shape[1:]),
                layers.Flatten(),
                layers.Dense(50, activation="relu"),
                layers.Dropout(0.1),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"], lint="off")
        history = model.fit(x, y, epochs=2, verbose=0, **told)
        one = model.predict_on_batch(x[:1])
        return [*model.get_weights(), model.predict(x, verbose=0), model.predict(x, batch_size=7, verbose=0), one], [
            history.history,
            model.evaluate(x, y, verbose=0),
        ]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("shape", "batch"), [((784,), 100), ((20,), 64), ((1,), 5), ((28, 28), 33), ((1300,), 1)])
def test_training_has_the_bits_of_copied_batches(shape, batch, shuffle, monkeypatch):
    n = min(3, batch) * batch + 2  # the last batch is ragged
    x, y = np.abs(RANDOM.normal(size=(n, *shape))), RANDOM.integers(0, 3, n)
    for kind in ("float32", "float64", "uint8"):
        told = {"batch_size": batch, "shuffle": shuffle, "validation_split": 0.2}
        arrays, numbers = fitted(x.astype(kind), y, False, monkeypatch, **told)
        want, wanted = fitted(x.astype(kind), y, True, monkeypatch, **told)
        assert numbers == wanted
        for a, b in zip(arrays, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_engine_is_forgotten_with_its_numbers():
    program = planned(lambda x: ops.matmul(x, np.ones((6, 2), "float32")), (4, 6))
    x = RANDOM.normal(size=(40, 6)).astype("float32")
    for rows in range(20, 40):
        (last,) = program.run_steps([x[:rows]], np.arange(rows), 8, 2)
        np.testing.assert_allclose(last, x[12:16].sum(1, keepdims=True).repeat(2, 1), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(program.run(x[:4])[0][:, 0], x[:4].sum(1), rtol=1e-5, atol=1e-5)
    assert program.arranged.keys() == program.engines.keys()
    with pytest.raises(IndexError, match="index 40 at position 3"):
        program.run_steps([x], np.array([0, 1, 2, 40]), 0, 1)
