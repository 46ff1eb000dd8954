"""Loops whose rows are cut into pieces: the same numbers as the reference, the same bits for any number of threads."""

import numpy as np
import pytest

from lamina import layers, ops
from lamina.backends import native
from lamina.ops.scan import scan
from lamina.trace import Generator, trace
from lamina.types import Type
from unit.recurrent_layers import LAYERS, built, training


class Minimal(layers.Layer):
    """A cell of somebody's own: a product, a gate that is a softmax over the features, a row of its own weights."""

    state_size = 6

    def build(self, input_shape, states_shape=None):
        self.kernel = self.add_weight(shape=(input_shape[-1], 6), name="kernel")
        self.scale = self.add_weight(shape=(6,), name="scale")

    def call(self, inputs, states, training=False):
        h = ops.tanh(ops.matmul(inputs, self.kernel) + states[0] * self.scale)
        h = h * ops.softmax(h) + ops.mean(h, axis=-1, keepdims=True)
        return h, [h]


def loops(program):
    """Each loop of a program: into how many pieces its rows are cut, 0 for none."""
    return [draft.body.pieces for draft in program.drafts if draft.body is not None]


LAYERS = {
    **LAYERS,
    "stacked": lambda: layers.RNN([layers.LSTMCell(6), layers.GRUCell(5)]),
    "own_cell": lambda: layers.RNN(Minimal()),
}


@pytest.mark.parametrize("batch", [1, 16, 37])
@pytest.mark.parametrize(
    ("name", "mask"), [*((n, False) for n in LAYERS), *((n, True) for n in LAYERS if n != "stacked")]
)
def test_cut_loops_agree_with_the_reference(name, batch, mask):
    shape = (batch, 5, 4)
    made = training(built([LAYERS[name]], shape), shape, mask)
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal((batch, 5, 4)).astype("float32"), rng.integers(0, 6, batch).astype("int32")]
    found = loops(made.program("native"))
    assert found
    assert all(pieces > 0 for pieces in found) == (batch > 1)
    for want, got in zip(made.program("reference").run(*arrays), made.program("native").run(*arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_threads_change_no_bit_of_a_cut_loop(name):
    shape = (37, 5, 4)
    made = training(built([LAYERS[name]], shape), shape, name != "stacked")
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal((37, 5, 4)).astype("float32"), rng.integers(0, 6, 37).astype("int32")]
    threads, outcomes = native.get_num_threads(), []
    try:
        for count in (1, 2, 3, 8):
            native.set_num_threads(count)
            outcomes.append(b"".join(r.tobytes() for r in made.program("native").run(*arrays)))
    finally:
        native.set_num_threads(threads)
    assert len(set(outcomes)) == 1


W = np.random.default_rng(3).standard_normal((16, 16)).astype("float32") / 8
TOGETHER = {
    "the mean of all rows": lambda c, x: ops.tanh(c @ W + x) - ops.mean(c, axis=0),
    "rows turned about": lambda c, x: ops.flip(ops.tanh(c + x), axis=0),
    "columns for rows": lambda c, x: ops.tanh(ops.transpose(c) @ W + x),
    "a matrix on the left": lambda c, x: ops.tanh(W @ c + x),
    "some rows only": lambda c, x: ops.concatenate([c[:1], ops.tanh(c[1:] + x[1:])], axis=0),
    "rows along time": lambda c, x: ops.cumsum(ops.tanh(c + x), axis=0),
}  # fmt: skip


@pytest.mark.parametrize("what", TOGETHER)
def test_rows_that_read_one_another_stay_together(what):
    step = TOGETHER[what]
    made = trace(
        lambda c, xs: scan(lambda c, x: (step(c, x), None), c, xs)[0],
        [Type("float32", (16, 16)), Type("float32", (4, 16, 16))],
    )
    rng = np.random.default_rng(4)
    arrays = [rng.standard_normal(s).astype("float32") for s in ((16, 16), (4, 16, 16))]
    assert loops(made.program("native")) == [0]
    np.testing.assert_allclose(
        made.program("native").run(*arrays)[0], made.program("reference").run(*arrays)[0], rtol=1e-5, atol=1e-6
    )


def squares(x):
    return ops.reshape(x, (16, 4, 4))


APART = {
    "as many columns as rows": lambda c, x: ops.tanh(c @ W + x),
    "a constant matrix of the same shape": lambda c, x: ops.tanh(c * W + x),
    "the largest of each row": lambda c, x: c * 0.5 + ops.max(x, axis=1, keepdims=True),
    "rows of a table": lambda c, x: ops.tanh(c + ops.take(W, ops.argmax(x, axis=1), axis=0)),
    "products of small matrices": lambda c, x: ops.reshape(squares(c) @ squares(x), (16, 16)) * 0.2,
    "what is sorted": lambda c, x: ops.sort(c, axis=-1) + x * 0.1,
}  # fmt: skip


@pytest.mark.parametrize("what", APART)
def test_rows_that_do_not_are_cut(what):
    step = APART[what]
    made = trace(
        lambda c, xs: scan(lambda c, x: (step(c, x), c), c, xs),
        [Type("float32", (16, 16)), Type("float32", (4, 16, 16))],
    )
    rng = np.random.default_rng(4)
    arrays = [rng.standard_normal(s).astype("float32") for s in ((16, 16), (4, 16, 16))]
    assert loops(made.program("native")) == [2]
    for want, got in zip(made.program("reference").run(*arrays), made.program("native").run(*arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [5, 64])
def test_a_row_that_is_not_there_is_named_by_the_layer_inside(batch):
    """Whoever finds one first, the same is named; and no layer outside, whose number is that of one in the body."""
    outer, inner = layers.Embedding(9, 6, name="outer"), layers.Embedding(9, 6, name="inner")

    def step(first, ids):
        def body(state, number):
            state = ops.tanh(inner(number) + state)
            return state, state

        return scan(body, outer(first), ops.transpose(ids))[0]

    types = [Type("int32", (batch,)), Type("int32", (batch, 4))]
    trace(step, types, generator=Generator(1))
    program = trace(step, types, generator=Generator(1)).program("native")
    ids = np.zeros((batch, 4), "int32")
    ids[:, 2] = np.arange(batch) + 20  # for each piece another one
    with pytest.raises(IndexError, match=r"^inner: the number 20 names no row\n  got:  20, inside of a loop"):
        program.run(np.zeros(batch, "int32"), ids)
    with pytest.raises(IndexError, match=r"^outer: the number 9 names no row\n  got:  9 at position 3 of the batch"):
        program.run(np.array([0, 0, 0, 9] + [0] * (batch - 4), "int32"), 0 * ids)
