"""Where the planner expects many zeros, and that leaving them out changes nothing that a user sees."""

import numpy as np
import pytest

import lamina
from lamina import layers, losses, models, optimizers
from lamina.backends.native import emit, zeros


def words(monkeypatch, build, x, y):
    """The engine's words for the products of a training step, by the shapes of their results."""
    found = {}
    inner = emit.matrix_operands

    def spied(planner, node):
        views, ints = inner(planner, node)
        found.setdefault(node.shape, set()).add(ints[3] if len(ints) > 3 else 0)
        return views, ints

    monkeypatch.setattr(emit, "matrix_operands", spied)
    model = build()
    model.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
    return found


def network(activation, dropout=0.0):
    def build():
        model = models.Sequential(
            [
                layers.Input((30,)),
                layers.Dense(120, activation=activation),
                layers.Dropout(dropout),
                layers.Dense(110, activation=activation),
                layers.Dense(5),
            ]
        )
        model.compile(optimizers.Adam(0.01), losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    return build


def data(rows=150):
    random = np.random.default_rng(2)
    return random.standard_normal((rows, 30)).astype("float32"), random.integers(0, 5, rows).astype("int32")


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_what_a_relu_gives_and_what_comes_back_through_it_may_hold_zeros(monkeypatch, dropout):
    found = words(monkeypatch, network("relu", dropout), *data())
    assert found[(150, 120)] == {0, zeros.IN_A}  # of the data, and of what comes back to the first layer
    assert found[(150, 110)] == {zeros.IN_A, 0}  # forward, and of what comes back from the last layer
    assert found[(30, 120)] == {zeros.IN_B}
    assert found[(120, 110)] == {zeros.IN_A | zeros.IN_B}
    assert found[(110, 5)] == {zeros.IN_A}


def test_nothing_else_is_looked_at(monkeypatch):
    assert set().union(*words(monkeypatch, network("tanh", 0.3), *data()).values()) == {0}


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_training_has_the_same_bits_for_any_number_of_threads(activation):
    x, y = data(480)
    results = []
    for threads in (1, 2, 3, 8):
        lamina.set_num_threads(threads)
        lamina.random.set_seed(4)
        model = network(activation, 0.2)()
        model.fit(x, y, batch_size=160, epochs=2, verbose=0)
        results.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    assert all(np.array_equal(results[0], r) for r in results[1:])


def test_the_reference_agrees():
    x, y = data(320)
    results = []
    for backend in ("native", "reference"):
        lamina.random.set_seed(4)
        model = network("relu")()
        model.compile(optimizers.SGD(0.05), losses.SparseCategoricalCrossentropy(from_logits=True), backend=backend)
        model.fit(x, y, batch_size=160, epochs=2, verbose=0, shuffle=False)
        results.append(model.predict(x, verbose=0))
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)
