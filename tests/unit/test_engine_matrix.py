"""The engine against NumPy in float64, on every instruction set: matrix products, folds, softmax."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import FLOATS, Arena, assert_close, chain, gemm, pack

# ---- gemm and pack ----

SIZES = [
    (1, 1, 1),
    (1, 7, 5),
    (1, 513, 70),
    (3, 5, 7),
    (12, 64, 32),
    (13, 65, 33),
    (25, 100, 10),
    (100, 784, 50),
    (2, 1, 200),
    (128, 1500, 17),
    (37, 0, 11),
    (0, 5, 4),
    (5, 4, 0),
    (31, 31, 16),
    (6, 2000, 48),
    (29, 70, 1),  # a few columns that would leave a vector empty
    (27, 1501, 34),
    (100, 1023, 50),
    (40, 129, 36),
]


@pytest.mark.parametrize(("m", "k", "n"), SIZES)
@pytest.mark.parametrize("layout", ["ab", "aTb", "abT", "aTbT", "strided"])
@pytest.mark.parametrize("packed", [False, True])
def test_gemm(isa, m, k, n, layout, packed):
    random = np.random.default_rng(5)
    draw = lambda *shape: random.standard_normal(shape).astype("float32")  # noqa: E731
    a = draw(k, m).T if "aT" in layout else draw(2 * m, 2 * k)[::2, ::2] if layout == "strided" else draw(m, k)
    b = draw(n, k).T if "bT" in layout else draw(2 * k, 2 * n)[1::2, 1::2] if layout == "strided" else draw(k, n)
    assert_close(gemm(isa, a, b, packed), a.astype("float64") @ b.astype("float64"), k)
    assert_close(gemm(isa, a, b, packed, pad=5), a.astype("float64") @ b.astype("float64"), k)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("batch_a", "batch_b"), [((4,), (4,)), ((4,), ()), ((2, 3), (2, 3)), ((), (5,)), ((2, 3), ())])
def test_gemm_batches(isa, batch_a, batch_b, packed):
    random = np.random.default_rng(6)
    a, b = (
        random.standard_normal(batch_a + (9, 20)).astype("float32"),
        random.standard_normal(batch_b + (20, 35)).astype("float32"),
    )
    assert_close(gemm(isa, a, b, packed), a.astype("float64") @ b.astype("float64"), 20)


def test_gemm_reads_a_bound_matrix_only_to_its_end(isa):
    a, b = np.ones((3, 4), "float32"), np.arange(4 * 5, dtype="float32").reshape(4, 5)
    program = _native.Program(
        [
            dict(
                kernel="gemm",
                **{"in": [(1, 0, "float32", (3, 4), (4, 1)), (2, 0, "float32", (4, 5), (5, 1))]},
                out=[(0, 0, "float32", (3, 5), (5, 1))],
                ints=[0],
                floats=[],
            )
        ],
        64,
        3,
        isa=isa,
    )
    program.bind(1, a)
    program.bind(2, b)
    program.run()
    assert np.array_equal(program.read(0, 0, "float32", (3, 5), (5, 1)), a @ b)


@pytest.mark.parametrize(("m", "k", "n"), [(1, 7, 5), (50, 60, 70), (128, 33, 10), (13, 2, 33), (3, 4, 1)])
@pytest.mark.parametrize("packed", [False, True])
def test_gemm_with_a_chain(isa, m, k, n, packed):
    random = np.random.default_rng(7)
    a, b, bias, mask = (random.standard_normal(s).astype("float32") for s in [(m, k), (k, n), (n,), (m, n)])
    arena = Arena(isa)
    ins = [arena.put(a), arena.put(b), arena.put(bias)[:3] + ((m, n), (0, 1)), arena.put(mask)]
    if packed:
        ins[1] = pack(arena, ins[1])
    raw, y = arena.room((m, n), pad=3), arena.room((m, n))
    steps = [
        ("identity", "float32", [0], 3),
        ("add", "float32", [0, 1], 5),
        ("relu", "float32", [5], 5),
        ("mul", "float32", [5, 2], 4),
    ]
    arena.add("gemm", ins, [raw, y], ints=[int(packed)], chain=chain((m, n), steps, 1))
    product, got = arena.run(raw, y)
    want = a.astype("float64") @ b
    assert_close(product, want, k)
    assert_close(got, np.maximum(product + bias, 0) * mask)


@pytest.mark.parametrize(("m", "k", "n"), [(8, 16, 1152), (1, 4, 2048), (5, 3, 4097)])
@pytest.mark.parametrize("turned", [False, True])
def test_few_rows_that_are_longer_than_the_tiles_of_a_chain(isa, m, k, n, turned):
    random = np.random.default_rng(9)
    a, b, bias = (random.standard_normal(s).astype("float32") for s in [(m, k), (k, n), (n,)])
    arena = Arena(isa)
    ins = [arena.put(a), arena.put(b), arena.put(bias)[:3] + ((m, n), (0, 1))]
    out = arena.room((n, m) if turned else (m, n))
    out = (*out[:3], (m, n), out[4][::-1] if turned else out[4])
    steps = [("add", "float32", [0, 1], 3), ("atan2", "float32", [3, ("c", 2.0, "float32")], 4)]
    arena.add("gemm", ins, [out], ints=[0], chain=chain((m, n), [*steps, ("add", "float32", [4, 3], 2)], 2))
    z = a.astype("float64") @ b + bias
    assert_close(arena.run(out), np.arctan2(z, 2) + z, k)


@pytest.mark.parametrize(
    ("m", "k", "n"), [(1, 7, 64), (50, 60, 96), (37, 20, 99), (13, 1100, 40), (130, 2500, 64), (5, 0, 32)]
)
@pytest.mark.parametrize("what", ["bias", "matrix", "place", "swapped"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_added_to_a_product(isa, m, k, n, what, packed):
    """One operand added and nothing else: the same bits as the product, rounded, and then a sum."""
    random = np.random.default_rng(7)
    a, b, bias, matrix = (random.standard_normal(s).astype("float32") for s in [(m, k), (k, n), (n,), (m, n + 3)])
    arena = Arena(isa)
    ins = [arena.put(a), arena.put(b), arena.put(matrix[:, :n])]
    more = matrix[:, :n]
    if what == "bias":
        ins[2], more = arena.put(bias)[:3] + ((m, n), (0, 1)), bias
    if packed:
        ins[1] = pack(arena, ins[1])
    product, out = arena.room((m, n)), ins[2] if what == "place" else arena.room((m, n), pad=5)
    arena.add("gemm", ins[:2], [product], ints=[int(packed)])
    arena.add(
        "gemm",
        ins,
        [out],
        ints=[int(packed)],
        chain=chain((m, n), [("add", "float32", [1, 0] if what == "swapped" else [0, 1], 2)]),
    )
    raw, got = arena.run(product, out)
    np.testing.assert_array_equal(got, raw + more)


def test_batched_gemm_with_a_chain(isa):
    random = np.random.default_rng(8)
    a, b, bias = (random.standard_normal(s).astype("float32") for s in [(2, 3, 14, 6), (2, 3, 6, 40), (2, 1, 14, 1)])
    arena = Arena(isa)
    shape = (2, 3, 14, 40)
    ins = [arena.put(a), arena.put(b), arena.put(bias)[:3] + (shape, (14, 0, 1, 0))]
    out = arena.room(shape)
    arena.add("gemm", ins, [out], ints=[0], chain=chain(shape, [("add", "float32", [0, 1], 2)]))
    assert_close(arena.run(out), a.astype("float64") @ b + bias, 6)


@pytest.mark.parametrize("packed", [False, True])
def test_gemm_bits_do_not_depend_on_threads(isa, packed):
    random = np.random.default_rng(9)
    a, b = random.standard_normal((301, 1301)).astype("float32"), random.standard_normal((1301, 203)).astype("float32")
    results = [gemm(isa, a, b, packed, threads=t) for t in (1, 2, 3, 8)]
    assert all(np.array_equal(results[0], r) for r in results)


def test_gemm_over_a_long_k(isa):
    """Kernel gradients of long sequences: a panel of B is larger than a cache, and copied."""
    random = np.random.default_rng(10)
    a, b = (
        random.standard_normal((8300, 130)).astype("float32").T,
        random.standard_normal((8300, 530)).astype("float32"),
    )
    results = [gemm(isa, a, b, False, threads=t) for t in (1, 2, 3)]
    assert_close(results[0], a.astype("float64") @ b.astype("float64"), 8300)
    assert all(np.array_equal(results[0], r) for r in results)


# ---- folds ----

FOLDS = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin}


def fold(isa, kernel, x, axes, threads=1):
    arena = Arena(isa)
    shape = tuple(n for d, n in enumerate(x.shape) if d not in axes)
    out = arena.room(shape, "int32" if kernel.startswith("arg") else x.dtype)
    arena.add(kernel, [arena.put(x)], [out], ints=axes)
    return arena.run(out, threads=threads)


FOLD_CASES = [
    ((), []),
    ((5,), [0]),
    ((1,), [0]),
    ((7, 3), []),
    ((128, 10), [1]),
    ((128, 10), [0]),
    ((33, 300), [0]),
    ((33, 300), [1]),
    ((33, 300), [0, 1]),
    ((4, 5, 6, 7), [0, 2]),
    ((4, 5, 6, 7), [1, 3]),
    ((4, 5, 6, 7), [0, 1, 2]),
    ((4, 5, 6, 7), [3, 1]),
    ((20000, 3), [0]),
    ((3, 20000), [1]),
    ((300, 700), [0, 1]),
    ((2, 1, 3, 1), [1, 2]),
    ((0, 4), [1]),
    ((9, 2000, 17), [1]),
    ((2,) * 8, [0, 3, 5, 6]),
]


@pytest.mark.parametrize("kernel", FOLDS)
@pytest.mark.parametrize(("shape", "axes"), FOLD_CASES)
def test_folds(isa, kernel, shape, axes):
    random = np.random.default_rng(10)
    for dtype in _native.kernels(isa)[kernel]:
        x = np.asarray(random.integers(0, 4, shape) if dtype not in FLOATS else random.standard_normal(shape)).astype(
            dtype
        )
        if kernel == "prod":
            x = np.asarray(np.where(np.arange(x.size).reshape(shape) % 50 == 7, x, 1)).astype(dtype)
        if kernel.startswith("arg"):
            if len(axes) != 1:
                continue
            want = FOLDS[kernel](x, axes[0])
        else:
            want = FOLDS[kernel](x.astype("float64") if dtype == "float32" else x, tuple(axes))
        got = fold(isa, kernel, x, axes)
        if dtype in FLOATS and kernel in ("sum", "prod"):
            scale = np.sum(np.abs(x.astype("float64")), tuple(axes)) if kernel == "sum" else np.abs(want)
            assert np.all(np.abs(got - want) <= 1e-6 * scale + 1e-30)
        else:
            assert np.array_equal(got, np.asarray(want).astype(got.dtype)), dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", ["max", "min", "argmax", "argmin"])
def test_folds_let_nan_win_and_the_first_of_ties(isa, kernel, dtype):
    x = np.random.default_rng(11).integers(0, 3, (40, 90)).astype(dtype)
    x[::3, 17] = np.nan
    x[::6, 5] = np.nan
    for axis in (0, 1):
        assert np.array_equal(fold(isa, kernel, x, [axis]), FOLDS[kernel](x, axis), equal_nan=True)
    infinite = np.full((3, 20), -np.inf, dtype)
    assert np.array_equal(fold(isa, kernel, infinite, [1]), FOLDS[kernel](infinite, 1))


def test_folds_of_views_and_of_nothing(isa):
    x = np.random.default_rng(12).standard_normal((30, 40, 50)).astype("float32")
    for view in (x.transpose(2, 0, 1), x[::2, ::-1, 3:40], np.broadcast_to(x[:, :1], x.shape)):
        for axes in ([0], [1], [2], [0, 2]):
            assert_close(fold(isa, "sum", view, axes), view.astype("float64").sum(tuple(axes)), 50)
            assert np.array_equal(fold(isa, "max", view, axes), view.max(tuple(axes)))
        assert np.array_equal(fold(isa, "argmin", view, [1]), view.argmin(1))
    assert np.array_equal(fold(isa, "sum", np.zeros((3, 0), "float32"), [1]), np.zeros(3))
    with pytest.raises(ValueError, match="largest or smallest of nothing"):
        fold(isa, "max", np.zeros((3, 0), "float32"), [1])


def test_sums_are_accurate_and_the_same_for_any_number_of_threads(isa):
    x = (np.random.default_rng(13).standard_normal((40000, 33)) + 100).astype("float32")
    for axes in ([0], [1], [0, 1]):
        results = [fold(isa, "sum", x, axes, threads=t) for t in (1, 2, 3, 8)]
        assert all(np.array_equal(results[0], r) for r in results)
        np.testing.assert_allclose(results[0], x.astype("float64").sum(tuple(axes)), rtol=1e-6)


# ---- softmax ----


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (128, 10), (3, 1000), (2, 3, 17), (4, 0), (7,), (2, 5000)])
def test_softmax(isa, shape):
    x = (np.random.default_rng(14).standard_normal(shape) * 20).astype("float32")
    for view in (x, x[..., ::-1]):
        for pad in (0, 2):
            arena = Arena(isa)
            ins, probability, logarithm = arena.put(view), arena.room(shape, pad=pad), arena.room(shape, pad=pad)
            arena.add("softmax", [ins], [probability])
            arena.add("log_softmax", [ins], [logarithm])
            p, log_p = arena.run(probability, logarithm)
            if x.size:
                want = softmax(view.astype("float64"))
                np.testing.assert_allclose(p, want, rtol=8e-6, atol=1e-37)  # x - max is rounded
                np.testing.assert_allclose(log_p, np.log(want), rtol=3e-6, atol=1e-6)


def test_softmax_of_huge_and_of_nan(isa):
    arena = Arena(isa)
    x = np.array([[1e30, 1e30, -np.inf], [0, np.nan, 1], [-1e30, -1e30, -1e30]], "float32")
    out = arena.room(x.shape)
    arena.add("softmax", [arena.put(x)], [out])
    got = arena.run(out)
    assert np.array_equal(got[0], [0.5, 0.5, 0])
    assert np.isnan(got[1]).all()
    assert np.allclose(got[2], 1 / 3)
