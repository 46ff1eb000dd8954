"""Products whose units pack their own columns, and chains that run over whole blocks of a product."""

import numpy as np
import pytest

from unit.engine_programs import Arena, assert_close, chain, gemm, pack

SIZES = [(1, 7, 5), (4, 60, 512), (13, 33, 515), (64, 2500, 96), (100, 0, 40), (128, 130, 640), (401, 70, 1030)]


def packing_for_itself(isa, a, b, threads=1):
    arena = Arena(isa)
    out = arena.room((a.shape[0], b.shape[1]), pad=3)
    arena.add("gemm", [arena.put(a), arena.put(b)], [out], ints=[2])
    return arena.run(out, threads=threads)


@pytest.mark.parametrize(("m", "k", "n"), SIZES)
@pytest.mark.parametrize("turned", [False, True])
def test_units_pack_their_own_columns(isa, m, k, n, turned):
    """The bits are those of a product with a packed matrix, for any number of threads."""
    random = np.random.default_rng(3)
    a, b = (random.standard_normal(s).astype("float32") for s in [(m, k), (n, k) if turned else (k, n)])
    b = b.T if turned else b
    got = packing_for_itself(isa, a, b)
    assert_close(got, a.astype("float64") @ b.astype("float64"), k)
    np.testing.assert_array_equal(got, gemm(isa, a, b, packed=True))
    for threads in (2, 3, 8):
        np.testing.assert_array_equal(got, packing_for_itself(isa, a, b, threads))


ADAM = [
    ("sub", "float32", [0, 1], 7),
    ("mul", "float32", [7, ("c", 0.1, "float32")], 8),
    ("add", "float32", [1, 8], 4),
    ("mul", "float32", [4, ("c", 0.01, "float32")], 8),
    ("square", "float32", [0], 7),
    ("sub", "float32", [7, 2], 9),
    ("mul", "float32", [9, ("c", 0.001, "float32")], 7),
    ("add", "float32", [2, 7], 5),
    ("sqrt", "float32", [5], 7),
    ("add", "float32", [7, ("c", 1e-7, "float32")], 9),
    ("div", "float32", [8, 9], 7),
    ("sub", "float32", [3, 7], 6),
]


@pytest.mark.parametrize(
    ("m", "k", "n"), [(37, 50, 96), (100, 33, 512), (25, 17, 130), (13, 9, 1000), (3, 300, 640), (50, 128, 77)]
)
@pytest.mark.parametrize("kind", ["turned", "packed", "itself"])
@pytest.mark.parametrize("in_place", [False, True])
def test_an_optimizer_behind_a_product(isa, m, k, n, kind, in_place):
    """The same bits as the product, and the chain over it one by one."""
    random = np.random.default_rng(4)
    a, b = (random.standard_normal(s).astype("float32") for s in [(k, m), (k, n)])
    moment, spread, weights = (np.abs(random.standard_normal((m, n))).astype("float32") for _ in range(3))
    arena = Arena(isa)
    first, second = arena.put(a.T), arena.put(b)
    state = [arena.put(x) for x in (moment, spread, weights)]
    product, apart = arena.room((m, n)), [arena.room((m, n)) for _ in range(3)]
    together = state if in_place else [arena.room((m, n)) for _ in range(3)]
    ints = [{"turned": 0, "packed": 1, "itself": 2}[kind]]
    if kind == "packed":
        second = pack(arena, second)
    arena.add("gemm", [first, second], [product], ints=ints)
    arena.add("map", [product, *state], apart, chain=chain((m, n), ADAM, 3))
    arena.add("gemm", [first, second, *state], together, ints=ints, chain=chain((m, n), ADAM, 3))
    results = arena.run(*apart, *together)
    for want, got in zip(results[:3], results[3:], strict=True):
        np.testing.assert_array_equal(got, want)
    gradient = a.T.astype("float64") @ b
    want = moment + (gradient - moment) * 0.1
    assert_close(results[0], want, k)


@pytest.mark.parametrize(("m", "k", "n"), [(901, 60, 1001), (700, 40, 1030)])
@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_an_optimizer_whose_matrices_come_from_memory(isa, m, k, n, zeros):
    """They are more than caches keep, so that they are asked for early: the same bits."""
    random = np.random.default_rng(5)
    a, b = (random.standard_normal(s) * (random.random(s) < 0.4) for s in [(k, m), (k, n)])
    arena = Arena(isa)
    given = [arena.put(x.astype("float32")) for x in (a.T, b)]
    state = [arena.put(np.abs(random.standard_normal((m, n))).astype("float32")) for _ in range(3)]
    product, apart, together = arena.room((m, n)), *([arena.room((m, n)) for _ in range(3)] for _ in range(2))
    arena.add("gemm", given, [product], ints=[0, 0, 0, zeros])
    arena.add("map", [product, *state], apart, chain=chain((m, n), ADAM, 3))
    arena.add("gemm", [*given, *state], together, ints=[0, 0, 0, zeros], chain=chain((m, n), ADAM, 3))
    first = None
    for threads in (1, 2, 3):
        results = arena.run(product, *apart, *together, threads=threads)
        assert_close(results[0], a.T.astype("float32").astype("float64") @ b.astype("float32"), k)
        for want, got in zip(results[1:4], results[4:], strict=True):
            np.testing.assert_array_equal(got, want)
        first = first or results
        for got, want in zip(results, first, strict=True):
            np.testing.assert_array_equal(got, want)
