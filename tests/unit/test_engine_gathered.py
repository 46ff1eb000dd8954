"""Products that read the rows of a batch in the data set: the same bits as of the batch copied first."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import Arena, chain

BY_ROWS, BY_COLUMNS = 1, 2
SIZES = [  # rows of the batch, columns of the data, columns of the other side
    (1, 1, 1),
    (1, 7, 33),
    (5, 13, 10),
    (13, 12, 34),
    (100, 784, 50),
    (37, 1, 65),
    (25, 1500, 18),
    (3, 90, 200),
    (66, 100, 98),  # two columns in the last vector; tiles whose last one has two rows
    (49, 25, 3),
    (1030, 26, 40),
]


def multiplied(isa, x, order, cursor, count, b, side, packed=False, bias=None, gathered=True, threads=1):
    """The product of b and rows order[cursor + k] of x, or of their transpose; ``gathered`` False copies them first."""
    _native.set_num_threads(threads)
    cells = x.shape[1]
    if not gathered:
        x, order, cursor = np.ascontiguousarray(x[order[cursor : cursor + count]]), np.arange(count), 0
    m, n, k = (count, b.shape[1], cells) if side == BY_ROWS else (cells, b.shape[1], count)
    panels = _native.packed_size(k, n, isa) // 4
    held = len(x) if gathered else count
    shape, strides = ((held, cells), (cells, 1)) if side == BY_ROWS else ((cells, held), (1, cells))
    ins = [(1, 0, "float32", shape, strides), (3, 0, "float32", (k, n), (n, 1))]
    place = (0, 0, "float32", (m, n), (n, 1))
    instructions = []
    if packed:
        buffer = (0, -(-m * n // 16) * 64 + 64, "float32", (panels,), (1,))
        instructions.append({"kernel": "pack", "in": [ins[1]], "out": [buffer]})
        ins[1] = buffer
    if gathered:
        ins += [(2, 0, "int64", order.shape, (1,)), (4, 0, "int64", (1,), (1,))]
    product = {"kernel": "gemm", "in": ins, "out": [place], "ints": [int(packed), side, count][: 3 if gathered else 1]}
    if bias is not None:
        product["in"] = [*ins, (5, 0, "float32", (m, n), (0, 1))]
        product["chain"] = chain((m, n), [("add", "float32", [0, 1], 2), ("relu", "float32", [2], 2)])
    arena = 4 * (m * n + panels + 64)
    program = _native.Program([*instructions, product], arena, 6, isa=isa)
    arrays = [x, order, b, np.array([cursor]), np.zeros(1, "float32") if bias is None else bias]
    for base, array in enumerate(arrays, 1):
        program.bind(base, array)
    program.run()
    return program.read(*place)


def drawn(count, cells, n, side, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2 * count + 5, cells)).astype("float32")
    b = rng.standard_normal((cells if side == BY_ROWS else count, n)).astype("float32")
    return x, rng.permutation(len(x)), b, rng.standard_normal(n).astype("float32")


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("with_chain", [False, True])
@pytest.mark.parametrize(("count", "cells", "n"), SIZES)
def test_gathered_rows_give_the_bits_of_a_copy(isa, count, cells, n, side, packed, with_chain):
    x, order, b, bias = drawn(count, cells, n, side)
    told = {"packed": packed, "bias": bias if with_chain else None}
    for cursor in (0, 3, count + 5):  # the last has no rows behind it
        want = multiplied(isa, x, order, cursor, count, b, side, gathered=False, **told)
        batch = x[order[cursor : cursor + count]].astype("float64")
        near = (batch if side == BY_ROWS else batch.T) @ b
        near = np.maximum(near + bias, 0) if with_chain else near
        np.testing.assert_allclose(want, near, rtol=1e-4, atol=1e-4 * b.shape[0] ** 0.5)
        for threads in (1, 3):
            got = multiplied(isa, x, order, cursor, count, b, side, threads=threads, **told)
            np.testing.assert_array_equal(got, want)


def emptied(x, how):
    """Most numbers made zero: here and there, whole rows, whole columns, all but one of a row, or all."""
    rng = np.random.default_rng(8)
    rows, cells = x.shape
    keep = {
        "some": rng.random(x.shape) < 0.2,
        "rows": np.repeat(rng.random((rows, 1)) < 0.3, cells, axis=1),
        "columns": np.repeat(rng.random((1, cells)) < 0.3, rows, axis=0),
        "one": np.arange(cells) == rng.integers(0, cells, (rows, 1)),
        "none": np.zeros(x.shape, bool),
        "late": (np.arange(rows)[:, None] > 2 * rows // 3) & (np.arange(cells) > cells // 2),
    }[how]
    return np.where(keep, x, np.float32(0)) * np.where(rng.random(x.shape) < 0.5, np.float32(1), np.float32(-1))


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
@pytest.mark.parametrize("how", ["some", "rows", "columns", "one", "none", "late"])
@pytest.mark.parametrize(("count", "cells", "n"), SIZES)
def test_zeros_that_are_skipped_change_no_bit(isa, count, cells, n, side, how):
    x, order, b, bias = drawn(count, cells, n, side)
    x = emptied(x, how)
    for packed in (False, True):
        want = multiplied(isa, x, order, 2, count, b, side, packed, bias, gathered=False)
        for threads in (1, 2, 8):
            got = multiplied(isa, x, order, 2, count, b, side, packed, bias, threads=threads)
            np.testing.assert_array_equal(got, want)
            assert np.array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize(("count", "cells", "n"), [(100, 392, 50), (37, 388, 18), (13, 1100, 34), (26, 40, 130)])
def test_columns_of_the_data_side_by_side(isa, count, cells, n, dense, side):
    """Products of the batch's first and of its last columns, each with a matrix of its own, in one instruction."""
    x, order, _, _ = drawn(count, 2 * cells + 3, n, BY_ROWS)
    x = x if dense else emptied(x, "some")
    m, k = (count, cells) if side == BY_ROWS else (cells, count)
    b = np.random.default_rng(4).standard_normal((2, k, n)).astype("float32")
    layout = ((len(x), cells), (x.shape[1], 1)) if side == BY_ROWS else ((cells, len(x)), (1, x.shape[1]))
    a = (1, 0, "float32", (2, *layout[0]), (cells + 3, *layout[1]))
    ins = [a, (3, 0, "float32", b.shape, (k * n, n, 1)), (2, 0, "int64", order.shape, (1,))]
    place = (0, 0, "float32", (2, m, n), (n, 2 * n, 1))  # the rows of both beside each other
    product = {"kernel": "gemm", "in": [*ins, (4, 0, "int64", (1,), (1,))], "out": [place], "ints": [0, side, count]}
    program = _native.Program([product], 8 * m * n, 5, isa=isa)
    for base, array in enumerate([x, order, b, np.array([3])], 1):
        program.bind(base, array)
    for threads in (1, 3):
        _native.set_num_threads(threads)
        program.run()
        got = program.read(*place)
        for part, first in enumerate((0, cells + 3)):
            own = np.ascontiguousarray(x[:, first : first + cells])
            want = multiplied(isa, own, order, 3, count, b[part], side, gathered=False)
            np.testing.assert_array_equal(got[part], want)


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
def test_what_is_not_finite_among_zeros(isa, side):
    """In the data it spreads as ever; in the other operand it may meet a zero and be left out."""
    x, order, b, _ = drawn(48, 50, 40, side)
    x = emptied(x, "some")
    batch = order[:48]
    x[batch[3], 7], x[batch[9], 11] = np.nan, np.inf
    want = multiplied(isa, x, order, 0, 48, b, side, gathered=False)
    np.testing.assert_array_equal(multiplied(isa, x, order, 0, 48, b, side), want)
    x, wrong = emptied(x, "columns" if side == BY_ROWS else "rows"), b.copy()
    a = x[batch] if side == BY_ROWS else x[batch].T
    empty = int(np.flatnonzero(~a.any(0))[0])
    wrong[empty] = np.nan
    whole = multiplied(isa, np.nan_to_num(x, posinf=1), order, 0, 48, wrong, side)
    np.testing.assert_array_equal(whole, multiplied(isa, np.nan_to_num(x, posinf=1), order, 0, 48, b, side))


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
def test_a_row_may_be_read_twice_and_the_data_may_be_one_row(isa, side):
    x, _, b, _ = drawn(20, 30, 40, side)
    for order in (np.array([4] * 20), np.array([4, 9] * 10)):
        want = multiplied(isa, x, order, 0, 20, b, side, gathered=False)
        np.testing.assert_array_equal(multiplied(isa, x, order, 0, 20, b, side), want)
    one = np.ascontiguousarray(x[4:5])
    want = multiplied(isa, x, np.array([4] * 20), 0, 20, b, side, gathered=False)
    np.testing.assert_array_equal(multiplied(isa, one, np.zeros(20, "int64"), 0, 20, b, side), want)


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
def test_a_number_that_names_no_row_is_an_error(isa, side):
    x, order, b, _ = drawn(20, 30, 40, side)
    for place, number in ((7, 45), (19, -1)):
        wrong = order.copy()
        wrong[place] = number
        with pytest.raises(IndexError, match=rf"\(gemm\): index {number} at position {place} is out of range for 45"):
            multiplied(isa, x, wrong, 0, 20, b, side)
    with pytest.raises(IndexError, match="index 45 at position 5 is out of range for 45"):
        multiplied(isa, x, order, 40, 20, b, side)


@pytest.mark.parametrize("side", [BY_ROWS, BY_COLUMNS])
def test_a_sum_of_no_terms_is_zero(isa, side):
    """Rows without columns, or columns of no rows; whatever an instruction before left in a thread's scratch."""
    arena = Arena(isa)
    left = arena.room((8, 5000))
    arena.add("softmax", [arena.put(np.full((5000, 8), 7.5, "float32").T)], [left])  # by a copy of a row
    arena.run(left)
    x = np.ones((9, 0) if side == BY_ROWS else (9, 5), "float32")
    count, b = (5, 0)[side == BY_COLUMNS], np.ones((0, 40), "float32")
    order = np.arange(9)
    a = (1, 0, "float32", *(((9, 0), (1, 1)) if side == BY_ROWS else ((5, 9), (1, 5))))
    ins = [a, (3, 0, "float32", (0, 40), (40, 1)), (2, 0, "int64", (9,), (1,)), (4, 0, "int64", (1,), (1,))]
    place = (0, 0, "float32", (5, 40), (40, 1))
    product = {"kernel": "gemm", "in": ins, "out": [place], "ints": [0, side, count]}
    program = _native.Program([product], 1024, 5, isa=isa)
    for base, array in enumerate([x, order, b, np.zeros(1, "int64")], 1):
        program.bind(base, array)
    program.run()
    np.testing.assert_array_equal(program.read(*place), np.zeros((5, 40), "float32"))


def test_what_cannot_be_gathered_is_refused(isa):
    def refused(words, a=(1, 0, "float32", (9, 4), (4, 1)), order="int64", ints=(0, BY_ROWS, 5), extra=()):
        ins = [a, (2, 0, "float32", (4, 3), (3, 1)), (3, 0, order, (9,), (1,)), (4, 0, "int64", (1,), (1,)), *extra]
        product = {"kernel": "gemm", "in": ins, "out": [(0, 0, "float32", (5, 3), (3, 1))], "ints": list(ints)}
        with pytest.raises(ValueError, match=words):
            _native.Program([product], 64, 5, isa=isa)

    refused("order must be int64", order="int32")
    refused("rows of a gathered A must be contiguous", a=(1, 0, "float32", (9, 4), (8, 2)))
    refused("A's rows differ", ints=(0, BY_ROWS, 6))
    refused("its rows or 2", ints=(0, 3, 5))
    refused("its rows or 2", ints=(0, BY_ROWS))
    refused("so many rows, or so few", ints=(0, BY_ROWS, -1))
    refused("so many rows, or so few", ints=(0, BY_COLUMNS, 2**61))
    refused("A's batch differs from C's", a=(1, 0, "float32", (2, 9, 4), (2, 4, 1)))
    refused("no rows", a=(1, 0, "float32", (0, 4), (4, 1)))
    refused("one output unless", extra=[(2, 0, "float32", (4, 3), (3, 1))])
