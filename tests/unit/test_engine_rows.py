"""Rows in order, and chains that add them up piece by piece: the bits of scatter_add, on every instruction set."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import ISAS, Arena, arena_strides, chain


def random_ids(rows, count, kind="int32", seed=0):
    return np.random.default_rng(seed).integers(0, rows, count).astype(kind)


# ---- order_rows ----


@pytest.mark.parametrize("kind", ["int32", "int64"])
@pytest.mark.parametrize(
    ("rows", "count"),
    [(1, 5), (2, 9), (7, 0), (11, 300), (2048, 5000), (2049, 100), (40_000, 9000), (3_000_000, 700), (2**31 - 1, 900)],
)
def test_numbers_in_order_equal_ones_as_they_came(kind, rows, count):
    ids = random_ids(rows, count, kind)
    ids[: count // 3] = ids[count - count // 3 :]
    arena = Arena("")
    out = arena.room((2, count), "int32")
    arena.add("order_rows", [arena.put(ids)], [out], ints=[rows])
    numbers, places = arena.run(out)
    want = np.argsort(ids, kind="stable")
    assert np.array_equal(places, want)
    assert np.array_equal(numbers, ids[want])


@pytest.mark.parametrize("bad", [-1, 11, 2**31 - 1, -(2**31)])
def test_a_number_that_names_no_row(bad):
    arena = Arena("")
    arena.add("order_rows", [arena.put(np.array([3, bad, 2, -9], "int32"))], [arena.room((2, 4), "int32")], ints=[11])
    message = rf"instruction 0 \(order_rows\): index {bad} at position 1 is out of range for 11 rows"
    with pytest.raises(IndexError, match=message):
        arena.program().run()


# ---- map and map_sum over rows ----

TABLES = [  # rows, width, count
    (5, 3, 4),
    (700, 1, 300),
    (1000, 3, 200),
    (90, 64, 7),
    (90, 64, 4000),
    (50, 300, 20),
    (3, 5000, 8),
    (4000, 16, 1),
    (300, 17, 0),
]


class Given:
    """A table, rows to add up, what scatter_add makes of them, and a number for each column and for each row."""

    def __init__(self, rows, width, count):
        random = np.random.default_rng(rows)
        self.rows, self.ids = rows, random_ids(rows, count)
        self.ids[: count // 4] = rows - 1
        self.x, self.table, self.column, self.lead = (
            random.standard_normal(s).astype("float32") for s in ((count, width), (rows, width), (width,), (rows, 1))
        )
        self.dense = np.zeros((rows, width), "float32")
        np.add.at(self.dense, self.ids, self.x)
        self.shape = self.table.shape

    def operands(self, arena, *arrays):
        """Arrays over the table's shape, then the rows, then their order."""
        order = arena.room((2, len(self.ids)), "int32")
        arena.add("order_rows", [arena.put(self.ids)], [order], ints=[self.rows])
        wide = [arena.put(a)[:3] + (self.shape, arena_strides(a, self.shape)) for a in arrays]
        return [*wide, arena.put(self.x), order]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("table", TABLES)
def test_a_chain_reads_the_table_that_scatter_add_makes(isa, table):
    given = Given(*table)
    steps = [("mul", "float32", [1, ("c", 3.0, "float32")], 3), ("add", "float32", [0, 3], 2)]
    outcomes = []
    for threads in (1, 2, 3, 8):
        arena = Arena(isa)
        ins, out = given.operands(arena, given.table), arena.room(given.shape)
        arena.add("map", ins, [out], chain={**chain(given.shape, steps, 1), "rows": [1]})
        outcomes.append(arena.run(out, threads=threads, steps=2))
    for got in outcomes:
        assert np.array_equal(got, given.table + given.dense * np.float32(3))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", ["column", "lead"])
@pytest.mark.parametrize("functor", ["add", "tanh"])
def test_beside_numbers_that_are_repeated(isa, table, name, functor):
    given = Given(*table)
    arena = Arena(isa)
    other = getattr(given, name)
    steps = [("mul", "float32", [0, 1], 3), (functor, "float32", [3, 1] if functor == "add" else [3], 2)]
    ins, out = given.operands(arena, other), arena.room(given.shape, pad=5)
    arena.add("map", ins, [out], chain={**chain(given.shape, steps, 1), "rows": [1]})
    product = other * given.dense
    got = arena.run(out, threads=2)
    if functor == "add":
        assert np.array_equal(got, product + given.dense)
    else:
        np.testing.assert_allclose(got, np.tanh(product), rtol=1e-6)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_sums_of_the_table_and_of_what_is_made_of_it(isa, table, axes):
    given = Given(*table)
    kept = [n for i, n in enumerate(given.shape) if i not in axes]
    made = {**chain(given.shape, [("square", "float32", [0], 1)], 1), "sums": [0, 1]}
    outcomes = []
    for rows in (True, False):
        arena = Arena(isa)
        ins = given.operands(arena) if rows else [arena.put(given.dense)]
        totals = [arena.room(kept), arena.room(kept)]
        arena.add("map_sum", ins, totals, ints=axes, chain={**made, "rows": [0]} if rows else made)
        outcomes.append(arena.run(*totals, threads=1 + rows))
    for got, want in zip(*outcomes, strict=True):
        assert np.array_equal(got, want)


def test_two_tables_in_one_chain():
    given, other = Given(700, 9, 30), Given(700, 9, 800)
    arena = Arena("")
    first, second = given.operands(arena), other.operands(arena)
    ins, out = [first[0], second[0], first[1], second[1]], arena.room(given.shape)
    arena.add("map", ins, [out], chain={**chain(given.shape, [("sub", "float32", [1, 0], 2)]), "rows": [0, 1]})
    assert np.array_equal(arena.run(out), other.dense - given.dense)


def test_orders_that_are_wrong_touch_nothing_else():
    """The order is data: whatever it holds, only rows that exist are read and written."""
    order = np.array([[-5, 0, 7, 2**31 - 1], [0, 4, -(2**31), 2**31 - 1]], "int32")
    arena = Arena("")
    ins, out = [arena.put(np.ones((4, 3), "float32")), arena.put(order)], arena.room((8, 3))
    arena.add("map", ins, [out], chain={**chain((8, 3), [("neg", "float32", [0], 1)]), "rows": [0]})
    assert np.isfinite(arena.run(out)).all()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rows": [1], "x": (8, 3), "order": (2, 8)}, "rows are those of an input"),
        ({"rows": [0, 0]}, "an order for each"),
        ({"x": (4, 5)}, "rows to add up are"),
        ({"x": (12,)}, "rows to add up are"),
        ({"order": (2, 5)}, "the order of rows is"),
        ({"order_kind": "int64"}, "the order of rows is"),
        ({"inside": True}, "an output lies where rows are read from"),
        ({"kernel": "gemm"}, "adds no rows"),
    ],
)
def test_what_is_refused(change, complaint):
    arena = Arena("")
    x = arena.room(change.get("x", (4, 3)))
    ins = [x, arena.room(change.get("order", (2, 4)), change.get("order_kind", "int32"))]
    out = (*x[:3], (8, 3), (3, 1)) if change.get("inside") else arena.room((8, 3))
    made = {**chain((8, 3), [("neg", "float32", [0], 1)]), "rows": change.get("rows", [0])}
    arena.add(change.get("kernel", "map"), ins, [out], chain=made)
    with pytest.raises(ValueError, match=complaint):
        arena.program()


def test_order_rows_refuses_what_it_cannot_order():
    for ids, out, rows in (
        (((4,), "float32"), ((2, 4), "int32"), 9),
        (((2, 2), "int32"), ((2, 4), "int32"), 9),
        (((4,), "int32"), ((4,), "int32"), 9),
        (((4,), "int32"), ((2, 4), "int32"), 2**31),
    ):
        arena = Arena("")
        arena.add("order_rows", [arena.room(*ids)], [arena.room(*out)], ints=[rows])
        with pytest.raises(ValueError, match="order_rows"):
            arena.program()
    assert "order_rows" in _native.kernels(_native.isa())
