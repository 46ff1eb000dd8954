"""map_sum: sums of registers, of any layout that the engine takes, with equal bits for any number of threads."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import ISAS, Arena, arena_strides, chain

LAYOUTS = [
    ((7,), (0,)),
    ((70_001,), (0,)),
    ((3, 5), (0,)),
    ((3, 5), (1,)),
    ((1000, 3), (0,)),
    ((4100, 33), (0,)),
    ((2, 3, 17), (1,)),
    ((2, 3, 17), (0, 1)),
    ((2, 3, 17), (1, 2)),
    ((5, 1, 2000), (0, 1)),
    ((5, 1, 2000), (2,)),
    ((3, 90_000), (1,)),
    ((2, 900, 1500), (1,)),
    ((40, 6, 5, 7), (0, 1, 2)),
    ((3000, 9), (1,)),
]


def sums(isa, x, axes, threads=1, keep=False):
    """The sums of x and of its squares, over axes; and the squares, where they are to be kept."""
    arena = Arena(isa)
    shape = x.shape
    kept = [n for i, n in enumerate(shape) if i not in axes]
    ins = [arena.put(x)[:3] + (shape, arena_strides(x, shape))]
    outs = [arena.room(shape)] if keep else []
    totals = [arena.room(kept), arena.room(kept)]
    steps = {**chain(shape, [("square", "float32", [0], 1)], 0 if keep else 1), "sums": [0, 1]}
    arena.add("map_sum", ins, outs + totals, ints=axes, chain=steps)
    return arena.run(*outs, *totals, threads=threads)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
@pytest.mark.parametrize("keep", [False, True])
def test_sums_of_an_input_and_of_what_is_computed(isa, shape, axes, keep):
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    *squares, first, second = sums(isa, x, axes, keep=keep)
    wide = x.astype("float64")
    np.testing.assert_allclose(first, wide.sum(axis=axes), rtol=1e-5, atol=1e-5 * x.size**0.5)
    np.testing.assert_allclose(second, (wide**2).sum(axis=axes), rtol=1e-6)
    for y in squares:
        np.testing.assert_array_equal(y, x * x)


@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
def test_bits_do_not_depend_on_threads(shape, axes):
    x = np.random.default_rng(1).standard_normal(shape).astype("float32")
    try:
        one = sums("", x, axes)
        for threads in (2, 3, 8):
            for got, want in zip(sums("", x, axes, threads), one, strict=True):
                np.testing.assert_array_equal(got, want)
    finally:
        _native.set_num_threads(1)


@pytest.mark.parametrize("isa", ISAS)
def test_a_broadcast_input_is_summed_as_often_as_it_is_seen(isa):
    row = np.broadcast_to(np.arange(5, dtype="float32"), (7, 5))
    one = np.broadcast_to(np.float32(3), (7, 5))
    np.testing.assert_array_equal(sums(isa, row, (0,))[0], 7 * np.arange(5))
    np.testing.assert_array_equal(sums(isa, one, (0,))[0], np.full(5, 21))
    np.testing.assert_array_equal(sums(isa, one, (1,))[0], np.full(7, 15))


@pytest.mark.parametrize("isa", ISAS)
def test_nan_and_infinity_stay_in_their_column(isa):
    x = np.ones((100, 20), "float32")
    x[50, 3], x[99, 19] = np.nan, np.inf
    total = sums(isa, x, (0,))[0]
    assert np.isnan(total[3])
    assert np.isinf(total[19])
    assert (np.delete(total, [3, 19]) == 100).all()


@pytest.mark.parametrize("steps", [1, 3])
def test_pieces_are_counted_anew_at_each_step(steps):
    arena = Arena("")
    x = np.ones((100_000, 4), "float32")
    place, total = arena.put(x), arena.room((4,))
    arena.add("map_sum", [place], [total], ints=[0], chain={**chain(x.shape, []), "sums": [0]})
    np.testing.assert_array_equal(arena.run(total, steps=steps, threads=2), np.full(4, 1e5))
    _native.set_num_threads(1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sums": [], "out": []}, "needs a chain with sums"),
        ({"sums": [5]}, "a sum is over a register of float32"),
        ({"sums": [0] * 9}, "more sums than outputs"),
        ({"ints": [3]}, "there is no axis 3"),
        ({"ints": [0, 2]}, "need the values in memory"),
        ({"out": [(0, 48, "float32", (3, 4), (4, 1))]}, "a sum is over what an output overwrites"),
        ({"kernel": "map"}, "gives no sums"),
        ({"shape": (0, 3, 4)}, "nothing to sum"),
    ],
)
def test_what_is_refused(change, words):
    shape = change.pop("shape", (2, 3, 4))
    x = (0, 0, "float32", shape, (12, 4, 1))
    one = {
        "kernel": "map_sum",
        "in": [x],
        "out": [(0, 1024, "float32", (3, 4), (4, 1))],
        "ints": [0],
        "floats": [],
        "chain": {**chain(shape, []), "sums": change.pop("sums", [0])},
        **change,
    }
    with pytest.raises(ValueError, match=words):
        _native.Program([one], 4096, 1)
