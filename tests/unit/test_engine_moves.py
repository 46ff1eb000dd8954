"""The engine against NumPy in float64, on every instruction set: copies, indexing, sorting, loops."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import FLOATS, Arena, chain

# ---- copies ----


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_copy(isa, dtype):
    x = np.random.default_rng(15).integers(0, 2, (5, 6, 7, 33)).astype(dtype)
    views = [
        x,
        x.transpose(3, 1, 0, 2),
        x.transpose(0, 3, 1, 2),
        x[::-1, 1:4, ::3, ::-2],
        np.broadcast_to(x[:, :1], x.shape),
        x[:0],
        x[2, 3, 4, 5],
        x.reshape(30, 231).T,
        x.transpose(3, 2, 1, 0),
    ]
    for view in views:
        for pad in (0, 3):
            arena = Arena(isa)
            out = arena.room(view.shape, dtype, pad if view.ndim else 0)
            arena.add("copy", [arena.put(view)], [out])
            assert np.array_equal(arena.run(out, threads=2), view)


def test_copy_into_a_view(isa):
    arena = Arena(isa)
    out = arena.room((6, 8), "float32")
    x = np.arange(12, dtype="float32").reshape(3, 4)
    reversed_odd = (0, out[1] + 4 * (5 * 8 + 7), "float32", (3, 4), (-16, -2))
    arena.add("fill", [], [out], floats=[-1.0])
    arena.add("copy", [arena.put(x)], [reversed_odd])
    want = np.full((6, 8), -1, "float32")
    want[::-2, ::-2] = x
    assert np.array_equal(arena.run(out), want)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("float32", -np.inf), ("int32", -7), ("bool", 1), ("int64", 5), ("uint8", 255), ("float64", 0.1)],
)
def test_pad_and_fill(isa, dtype, value):
    x = np.random.default_rng(16).integers(0, 2, (3, 4, 5)).astype(dtype)
    arena = Arena(isa)
    padded, filled, scalar = arena.room((6, 4, 9), dtype), arena.room((2, 3), dtype, 1), arena.room((), dtype)
    arena.add("pad", [arena.put(x.transpose(0, 1, 2)[:, ::-1])], [padded], ints=[1, 0, 2], floats=[value])
    arena.add("fill", [], [filled], floats=[value])
    arena.add("fill", [], [scalar], floats=[value])
    got, other, one = arena.run(padded, filled, scalar)
    assert np.array_equal(
        got, np.pad(x[:, ::-1], [(1, 2), (0, 0), (2, 2)], constant_values=np.array(value).astype(dtype))
    )
    assert np.array_equal(other, np.full((2, 3), value, dtype))
    assert one == np.array(value, dtype)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_concatenate(isa, axis, dtype):
    random = np.random.default_rng(17)
    parts = [
        random.integers(0, 99, tuple(n if d == axis else s for d, s in enumerate((4, 50, 60)))).astype(dtype)
        for n in (3, 0, 1, 70)
    ]
    parts[0] = parts[0][::-1]
    arena = Arena(isa)
    want = np.concatenate(parts, axis)
    out = arena.room(want.shape, dtype)
    arena.add("concatenate", [arena.put(p) for p in parts], [out], ints=[axis])
    assert np.array_equal(arena.run(out, threads=2), want)


# ---- gather, scatter, feed ----


@pytest.mark.parametrize("ids_dtype", ["int32", "int64"])
@pytest.mark.parametrize(
    ("ids_shape", "row"), [((5,), (3,)), ((4, 6), ()), ((0,), (2,)), ((300,), (64,)), ((7, 2), (4, 5)), ((), (3,))]
)
def test_gather_and_scatter_add(isa, ids_shape, row, ids_dtype):
    random = np.random.default_rng(18)
    table, ids = (
        random.standard_normal((11,) + row).astype("float32"),
        random.integers(0, 11, ids_shape).astype(ids_dtype),
    )
    arena = Arena(isa)
    place, rows, back = arena.put(ids), arena.room(ids_shape + row), arena.room((11,) + row)
    arena.add("gather", [arena.put(table), place], [rows])
    arena.add("scatter_add", [rows, place], [back])
    got, scattered = arena.run(rows, back, threads=2, steps=2)
    assert np.array_equal(got, table[ids])
    want = np.zeros((11,) + row)
    np.add.at(want, ids, table[ids].astype("float64"))
    np.testing.assert_allclose(scattered, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize(
    ("count", "row", "ids_dtype"), [(5, (3,), "int32"), (900, (64,), "int64"), (1, (2,), "int32"), (7, (), "int32")]
)
def test_scatter_onto_adds_to_what_is_there(isa, count, row, ids_dtype, dtype):
    random = np.random.default_rng(28)
    table = random.integers(0, 9, (37, *row)).astype(dtype)
    rows, ids = random.integers(0, 9, (count, *row)).astype(dtype), random.integers(0, 37, count).astype(ids_dtype)
    arena = Arena(isa)
    place = arena.room(table.shape, dtype)
    arena.add("copy", [arena.put(table)], [place])
    arena.add("scatter_onto", [arena.put(rows), arena.put(ids)], [place])
    want = table.copy()
    np.add.at(want, ids, rows)
    assert np.array_equal(arena.run(place, threads=3), want)


@pytest.mark.parametrize("bad", [-1, 11, 2**31 - 1, -(2**31)])
def test_an_index_out_of_range_is_an_error_that_names_it(isa, bad):
    table, ids = np.ones((11, 3), "float32"), np.array([0, 3, bad, 5, 99999], "int32")
    arena = Arena(isa)
    out, place = arena.room((5, 3)), arena.put(ids)
    arena.add("fill", [], [out])
    arena.add("gather", [arena.put(table), place], [out])
    program = arena.program()
    for _ in range(2):
        with pytest.raises(
            IndexError, match=rf"instruction 1 \(gather\): index {bad} at position 2 is out of range for 11 rows"
        ):
            program.run()
    arena = Arena(isa)
    arena.add("scatter_add", [arena.put(np.ones((5, 3), "float32")), arena.put(ids)], [arena.room((11, 3))])
    with pytest.raises(IndexError, match=rf"instruction 0 \(scatter_add\): index {bad} at position 2"):
        arena.program().run()
    arena = Arena(isa)
    arena.add("scatter_onto", [arena.put(np.ones((5, 3), "float32")), arena.put(ids)], [arena.room((11, 3))])
    with pytest.raises(IndexError, match=rf"instruction 0 \(scatter_onto\): index {bad} at position 2"):
        arena.program().run()


@pytest.mark.parametrize("source", FLOATS + ("int32", "int64", "uint8", "bool"))
@pytest.mark.parametrize("target", ["float32", "int32", "int64", "bool"])
def test_feed_walks_the_order_and_converts(isa, source, target):
    x = np.random.default_rng(19).integers(0, 3, (10, 4)).astype(source)
    order = np.random.default_rng(20).permutation(10)
    batch, cursor = (0, 0, target, (3, 4), (4, 1)), (0, 192, "int64", (1,), (1,))
    program = _native.Program(
        [
            dict(
                kernel="feed",
                **{"in": [(1, 0, source, (10, 4), (4, 1)), (2, 0, "int64", (10,), (1,)), cursor]},
                out=[batch],
            ),
            {"kernel": "advance", "out": [cursor], "ints": [3]},
        ],
        256,
        3,
        [{"kernel": "fill", "out": [cursor]}],
        isa,
    )
    program.bind(1, x)
    program.bind(2, order)
    for at in (0, 3, 6):
        assert program.run(1, prologue=at == 0) == 1
        assert np.array_equal(program.read(*batch), x[order[at : at + 3]].astype(target))
    with pytest.raises(IndexError, match="out of range for 10 rows"):
        program.run(1, prologue=False)
    assert program.run(3) == 3


# ---- order ----


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_cumsum_sort_and_top_k(isa, dtype, axis):
    x = np.random.default_rng(21).integers(-5, 5, (4, 30, 3)).astype(dtype)
    if dtype.startswith("float"):
        x[1, 3:5] = np.nan
    for view in (x, x[::-1, ::2]):
        arena = Arena(isa)
        place, k = arena.put(view), min(3, view.shape[axis])
        short = tuple(k if d == axis else n for d, n in enumerate(view.shape))
        outs = (
            [arena.room(view.shape, dtype) for _ in range(3)]
            + [arena.room(view.shape, "int32") for _ in range(2)]
            + [arena.room(short, dtype), arena.room(short, "int32")]
        )
        arena.add("cumsum", [place], outs[0:1], ints=[axis, 0, 0])
        arena.add("cumsum", [place], outs[1:2], ints=[axis, 1, 1])
        arena.add("sort", [place], outs[2:3], ints=[axis])
        arena.add("argsort", [place], outs[3:4], ints=[axis])
        arena.add("argsort", [place], outs[4:5], ints=[axis, 1])
        arena.add("top_k", [place], outs[5:7], ints=[axis])
        total, after, ordered, order, backwards, values, positions = arena.run(*outs)
        assert np.allclose(total, view.cumsum(axis), equal_nan=True)
        flipped = np.flip(np.cumsum(np.flip(view, axis), axis), axis)
        want = np.concatenate(
            [np.take(flipped, range(1, view.shape[axis]), axis), np.zeros_like(np.take(view, [0], axis))], axis
        )
        assert np.allclose(after, want, equal_nan=True)
        assert np.array_equal(ordered, np.sort(view, axis), equal_nan=dtype.startswith("float"))
        assert np.array_equal(order, np.argsort(view, axis, kind="stable"))
        assert np.array_equal(backwards, np.argsort(-view, axis, kind="stable"))
        key = np.where(view != view, -np.inf, -view.astype("float64"))  # NaN counts as the largest
        best = np.take(np.argsort(key, axis, kind="stable"), range(k), axis)
        assert np.array_equal(positions, best)
        assert np.array_equal(values, np.take_along_axis(view, best, axis), equal_nan=dtype.startswith("float"))


# ---- scan ----


def recurrence(isa, x, weight, reverse, threads=1, pieces=0):
    """h[t+1] = tanh(h[t] W + x[t]), all h kept; by a scan whose carries are two operands into one history."""
    length, batch, width = x.shape
    rows = batch // max(1, pieces)
    arena = Arena(isa)
    history, xs, w = arena.room((length + 1, batch, width)), arena.put(x), arena.put(weight)
    row = batch * width * 4
    one = lambda base: (base, 0, "float32", (rows, width), (width, 1))  # noqa: E731
    body = [
        dict(
            kernel="gemm",
            **{"in": [one(1), (3, 0, "float32", (width, width), (width, 1)), one(2)]},
            out=[one(4)],
            ints=[0],
            chain=chain((rows, width), [("add", "float32", [0, 1], 3), ("tanh", "float32", [3], 2)], 1),
        )
    ]
    sign, first = (-1, length - 1) if reverse else (1, 0)
    start = history[1] + (length * row if reverse else 0)
    ins = [(0, start) + one(0)[2:], (0, xs[1] + first * row) + one(0)[2:], w]
    outs = [(0, start + sign * row) + one(0)[2:]]
    ints = [length, int(reverse), sign * row, sign * row, 0, sign * row]
    ints += [pieces, row // pieces, row // pieces, 0, row // pieces] if pieces else []
    arena.add("scan", ins, outs, ints=ints, body=body)
    return arena.run(history, threads=threads)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("length", "batch", "width"), [(0, 2, 3), (1, 2, 3), (9, 4, 5), (20, 64, 96)])
def test_scan(isa, length, batch, width, reverse):
    random = np.random.default_rng(22)
    x, w = (
        random.standard_normal((length, batch, width)).astype("float32"),
        (random.standard_normal((width, width)) / width**0.5).astype("float32"),
    )
    got = recurrence(isa, x, w, reverse)
    h = np.zeros((batch, width))
    for t in range(length):
        at = length - 1 - t if reverse else t
        h = np.tanh(h @ w.astype("float64") + x[at])
        np.testing.assert_allclose(got[at if reverse else at + 1], h, rtol=1e-3, atol=2e-5)
    results = [recurrence(isa, x, w, reverse, threads=t) for t in (2, 3, 8)]
    assert all(np.array_equal(got, r) for r in results)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("length", "batch", "width", "pieces"), [(0, 4, 3, 2), (1, 6, 5, 1), (9, 6, 5, 3), (20, 64, 96, 8)]
)
def test_a_scan_in_pieces(isa, length, batch, width, pieces, reverse):
    random = np.random.default_rng(23)
    x, w = random.standard_normal((length, batch, width)).astype("float32"), np.eye(width, dtype="float32")
    got = recurrence(isa, x, w, reverse, pieces=pieces)
    np.testing.assert_allclose(got, recurrence(isa, x, w, reverse), rtol=1e-5, atol=1e-6)
    results = [recurrence(isa, x, w, reverse, threads=t, pieces=pieces) for t in (2, 3, 8)]
    assert all(np.array_equal(got, r) for r in results)


def test_a_scan_within_a_scan(isa):
    """total += x[i, j] over both, and a Python call in the innermost body."""
    seen = []
    arena = Arena(isa)
    x = np.arange(12, dtype="float32").reshape(3, 4)
    total, xs = arena.room((1,)), arena.put(x)
    number = lambda base: (base, 0, "float32", (1,), (1,))  # noqa: E731
    inner = [
        dict(
            kernel="map",
            **{"in": [number(1), number(2)]},
            out=[number(1)],
            chain=chain((1,), [("add", "float32", [0, 1], 2)]),
        ),
        dict(kernel="python", **{"in": [number(2)]}, out=[], call=lambda ins, outs: seen.append(float(ins[0][0]))),
    ]
    outer = [dict(kernel="scan", **{"in": [number(1), number(2)]}, out=[], ints=[4, 0, 0, 4], body=inner)]
    arena.add("scan", [total[:3] + ((1,), (1,)), (0, xs[1], "float32", (1,), (1,))], [], ints=[3, 0, 0, 16], body=outer)
    assert arena.run(total) == 66
    assert seen == list(range(12))
