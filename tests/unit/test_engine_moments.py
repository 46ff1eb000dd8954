"""moments: mean and variance in one pass, exact far from zero too, with equal bits for any number of threads."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import ISAS, Arena

LAYOUTS = [
    ((7,), (0,)),
    ((70_001,), (0,)),
    ((3, 5), (0,)),
    ((3, 5), (1,)),
    ((4100, 33), (0,)),
    ((2, 3, 17), (0, 2)),
    ((2, 900, 1500), (1,)),
    ((64, 300, 20), (0, 1)),
    ((3, 1), (1,)),
    ((2, 3), ()),
    ((3, 90_000), (1,)),
]


def moments(isa, x, axes, threads=1):
    arena = Arena(isa)
    kept = [n for i, n in enumerate(x.shape) if i not in axes]
    outs = [arena.room(kept, x.dtype), arena.room(kept, x.dtype)]
    arena.add("moments", [arena.put(x)], outs, ints=axes)
    return arena.run(*outs, threads=threads)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
@pytest.mark.parametrize("away", [0.0, 1000.0])
def test_mean_and_variance(isa, shape, axes, away):
    x = (np.random.default_rng(0).standard_normal(shape) + away).astype("float32")
    mean, variance = moments(isa, x, axes)
    np.testing.assert_allclose(mean, x.astype("float64").mean(axis=axes), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, x.astype("float64").var(axis=axes), rtol=2e-6)


@pytest.mark.parametrize("isa", ISAS)
def test_strides_and_float64(isa):
    x = np.random.default_rng(0).standard_normal((6, 7, 8))[::-1, :, ::2].transpose(2, 0, 1)
    for axes in [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)]:
        mean, variance = moments(isa, x, axes)
        np.testing.assert_allclose(mean, x.mean(axis=axes), rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(variance, x.var(axis=axes), rtol=1e-13)


@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
def test_bits_do_not_depend_on_threads(shape, axes):
    x = np.random.default_rng(1).standard_normal(shape).astype("float32")
    try:
        one = moments("", x, axes)
        for threads in (2, 3, 8):
            for got, want in zip(moments("", x, axes, threads), one, strict=True):
                np.testing.assert_array_equal(got, want)
    finally:
        _native.set_num_threads(1)


def test_moments_of_nothing_are_zero():
    for y in moments("", np.zeros((0, 3), "float32"), (0,)):
        np.testing.assert_array_equal(y, np.zeros(3))


def test_nan_stays_in_its_column():
    x = np.ones((100, 20), "float32")
    x[50, 3] = np.nan
    for y, want in zip(moments("", x, (0,)), (1.0, 0.0), strict=True):
        assert np.isnan(y[3])
        np.testing.assert_array_equal(np.delete(y, 3), np.full(19, want))
