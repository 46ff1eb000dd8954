"""Which weights a step packs, and which its products read as they are."""

import numpy as np
import pytest

from lamina import ops
from lamina.backends import native, reference
from lamina.trace import Variable, trace
from lamina.types import Type


def step_of(rows, width, columns, trains):
    """A product with a weight and one with the weight turned, as in the two directions of a dense layer."""
    random = np.random.default_rng(2)
    weight = Variable(random.normal(size=(width, columns)).astype("float32") / width)

    def step(x):
        y = ops.matmul(x, weight.value)
        back = ops.matmul(ops.relu(y), ops.transpose(weight.value, (1, 0)))
        if trains:
            weight.assign(weight.value - 0.01 * ops.matmul(ops.transpose(x, (1, 0)), y))
        return back

    traced = trace(step, [Type("float32", (rows, width))])
    return traced, weight, random.normal(size=(rows, width)).astype("float32")


@pytest.mark.parametrize(
    ("rows", "width", "columns", "packs"),
    [
        (40, 512, 512, 0),
        (5, 520, 650, 0),
        (256, 515, 513, 0),
        (257, 512, 512, 2),  # so many rows that each panel would be packed by several units
        (3, 512, 512, 0),  # so few that packing does not pay
        (240, 512, 100, 1),  # too few columns to divide them; turned they are enough
        (40, 512, 100, 0),  # ... and read where it is by shares of a long k
        (40, 100, 100, 2),
    ],
)
def test_products_that_pack_for_themselves(rows, width, columns, packs):
    traced, weight, x = step_of(rows, width, columns, trains=True)
    program, start = native.compile(traced.bound), weight.numpy().copy()
    assert [d.kernel for d in program.drafts].count("pack") == packs
    results = []
    for backend in (program, reference.compile(traced.bound)):
        weight.assign(start)
        results.append([backend.run(x)[0], backend.run(x)[0], weight.numpy().copy()])
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4)


def test_what_no_step_changes_is_packed_before_the_first():
    traced, _, _ = step_of(40, 512, 512, trains=False)
    program = native.compile(traced.bound)
    assert [d.kernel for d in program.prologue] == ["pack", "pack"]
    assert "pack" not in [d.kernel for d in program.drafts]
