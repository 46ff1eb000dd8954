"""Work that waits for memory, done between the steps of products: all of it, with the same bits for any threads."""

import re

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import ISAS, Arena, chain

RANDOM = np.random.default_rng(5)
A = RANDOM.standard_normal((700, 100)).astype("float32")
CASES = [  # the shape of what waits, of which 8 MB are moved at least, and the width of the products
    ((10_000, 128), 1000),
    ((3, 347, 1001), 130),
    ((1_100_007,), 1000),
    ((33, 33_000), 130),
]


def planned(isa, shape, width, steps=2, threads=1):
    """A momentum over the whole shape beside two products of A: what comes out, and what the engine says of it."""
    random = np.random.default_rng(len(shape))
    weights, moments, b = (random.standard_normal(s).astype("float32") for s in (shape, shape, (700, width)))
    arena = Arena(isa)
    w, m, a, right = (arena.put(x) for x in (weights, moments, A, b))
    half = ("c", 0.5, "float32")
    steps_of_one = [("mul", "float32", [1, half], 3), ("add", "float32", [3, 0], 3), ("sub", "float32", [0, 3], 2)]
    arena.add("map", [w, m], [w, m], chain=chain(shape, steps_of_one))
    turned = (*a[:3], a[3][::-1], a[4][::-1])
    outs = [arena.room((100, width)) for _ in range(2)]
    arena.add("gemm", [turned, right], [outs[0]], ints=[0])
    again = chain((100, width), [("mul", "float32", [0, ("c", -1.0, "float32")], 1)])
    arena.add("gemm", [turned, right], [outs[1]], ints=[0], chain=again)
    arena.add("sum", [right], [arena.room((width,))], ints=[0])
    _native.set_num_threads(threads)
    program = arena.program()
    program.run(steps)
    for _ in range(steps):
        moments = moments * np.float32(0.5) + weights
        weights = weights - moments
    return [program.read(*o) for o in (w, m, *outs)], [weights, moments, A.T @ b], program.describe()


def besides(text):
    """Of two products, then of what is left, the units."""
    done = [int(n) for n in re.findall(r"gemm, units \d+, \d+ ns, besides (\d+) units of 0\n", text)]
    left = [int(n) for n in re.findall(r" 0 map, units (\d+)", text)]
    return done, left


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("shape", "width"), CASES)
def test_all_of_it_is_done_once_by_whoever_has_time(isa, shape, width):
    outcomes = []
    for threads in (1, 2, 5):
        got, (weights, moments, product), text = planned(isa, shape, width, threads=threads)
        assert len(besides(text)[0]) == 2
        assert all(besides(text)[0])
        np.testing.assert_array_equal(got[0], weights)
        np.testing.assert_array_equal(got[1], moments)
        np.testing.assert_allclose(got[2], product, rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(got[3], -got[2])
        outcomes.append(got)
    for got in outcomes[1:]:
        np.testing.assert_array_equal(got[2], outcomes[0][2])


def test_products_do_as_much_as_they_have_time_for():
    done, left = besides(planned("", (10_000, 128), 6000)[2])
    assert abs(done[0] - done[1]) <= 1
    assert 0.05 < left[0] / (sum(done) + left[0]) < 0.15  # what lets the threads end together
    short, rest = besides(planned("", (60_000, 128), 130)[2])
    assert rest[0] > 3 * sum(short)


def test_what_reads_the_last_results_comes_before_them():
    step = planned("", (10_000, 128), 1000)[2].partition("steps\n")[2]
    kernels = re.findall(r"\d+ (\w+), units", step)
    assert kernels == ["sum", "gemm", "gemm", "map"]  # as added: map, gemm, gemm, sum


def far(arena, rows):
    """A momentum over rows of 128 numbers: 60 bytes each are moved, from and to memory."""
    w, m = arena.room((rows, 128)), arena.room((rows, 128))
    arena.add(
        "map", [w, m], [w, m], chain=chain((rows, 128), [("add", "float32", [0, 1], 3), ("sub", "float32", [0, 3], 2)])
    )


def test_of_two_that_wait_the_larger_has_company_and_the_other_comes_behind():
    arena = Arena("")
    far(arena, 9_000)
    far(arena, 20_000)
    a, b = arena.room((40, 300)), arena.room((300, 3000))
    arena.add("gemm", [a, b], [arena.room((40, 3000))], ints=[0])
    arena.add("sum", [b], [arena.room((300,))], ints=[1])
    lines = re.findall(r"(\d \w+), units \d+, \d+ ns(, besides \d+ units of 1)?", arena.program().describe())
    assert [line for line, _ in lines] == ["3 sum", "2 gemm", "0 map", "1 map"]
    assert [bool(company) for _, company in lines] == [False, True, False, False]


def test_products_of_few_rows_have_time_as_well():
    arena = Arena("")
    far(arena, 20_000)
    a, b = arena.room((8, 128)), arena.room((128, 50_000))
    arena.add("gemm", [a, b], [arena.room((8, 50_000))], ints=[0])
    assert besides(arena.program().describe())[0][0] > 50


def test_a_map_that_fits_caches_is_done_by_itself():
    assert besides(planned("", (1000, 128), 1000)[2])[0] == []
