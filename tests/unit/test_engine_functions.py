"""The engine's rarer functions against float64, on every instruction set: trigonometry, erfinv, whole division."""

import math

import numpy as np
import pytest

from lamina import _native
from lamina.op import OPS
from unit.engine_programs import elementwise, ulps
from unit.test_engine_map import NASTY, every_kind_of_float


def erfinv(x):
    return OPS["erfinv"].compute(np, x)


ACCURACY = {  # name: (reference in float64, largest error in ulp beyond the rounding of the result)
    "sin": (np.sin, 1.5),
    "cos": (np.cos, 1.5),
    "tan": (np.tan, 0.1),
    "asin": (np.arcsin, 0.1),
    "acos": (np.arccos, 0.1),
    "atan": (np.arctan, 0.1),
    "sinh": (np.sinh, 0.1),
    "cosh": (np.cosh, 0.1),
    "asinh": (np.arcsinh, 0.1),
    "acosh": (np.arccosh, 0.1),
    "atanh": (np.arctanh, 0.1),
    "erfinv": (erfinv, 0.3),
    "trunc": (np.trunc, 0),
}
INSIDE = {
    "acosh": (1.01, 30.0),
    "asin": (-0.99, 0.99),
    "acos": (-0.99, 0.99),
    "atanh": (-0.99, 0.99),
    "erfinv": (-0.999, 0.999),
}


def everywhere(functor):
    """All magnitudes, and many numbers of the interval in which the function is defined."""
    low, high = INSIDE.get(functor, (-20.0, 20.0))
    random = np.random.default_rng(11)
    near_one = 1 - 2.0 ** -random.uniform(1, 24, 3000)
    drawn = (random.uniform(low, high, 30000), near_one, -near_one)
    return np.concatenate([every_kind_of_float(), *(x.astype("float32") for x in drawn)])


@pytest.mark.parametrize("functor", ACCURACY)
def test_accuracy_over_all_floats(isa, functor):
    reference, allowed = ACCURACY[functor]
    x = everywhere(functor)
    with np.errstate(all="ignore"):
        want = reference(x.astype("float64"))
    assert ulps(elementwise(isa, functor, "float32", x), want) <= 0.5 + allowed


ODD = "sin tan asin atan sinh tanh asinh atanh expm1 log1p erf erfinv sqrt floor ceil round trunc"


@pytest.mark.parametrize("functor", ODD.split())
def test_zero_keeps_its_sign(isa, functor):
    got = elementwise(isa, functor, "float32", np.array([-0.0, 0.0] * 20, "float32"))
    np.testing.assert_array_equal(got, 0)
    np.testing.assert_array_equal(np.signbit(got), [True, False] * 20)


def test_angles_beyond_a_million_keep_every_bit(isa):
    """2^k for k up to 127: the sine needs two hundred bits of pi. Values by mpmath with 60 digits."""
    x = np.array([2.0**20, 2.0**40, 2.0**100, -(2.0**127), 3.4028234663852886e38, 16367173.0 * 2.0**72], "float32")
    sine = [0.33049314, -0.40570501, -0.87218361, -0.62338551, -0.52187652, 1.0]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(np.sin(x.astype("float64")), sine, atol=1e-7)
    np.testing.assert_allclose(elementwise(isa, "sin", "float32", x), sine, atol=1e-7)


@pytest.mark.parametrize("functor", ACCURACY)
def test_functions_in_float64(isa, functor):
    x = np.linspace(*INSIDE.get(functor, (-3.0, 3.0)), 37)
    assert np.allclose(elementwise(isa, functor, "float64", x), ACCURACY[functor][0](x), rtol=1e-14, atol=1e-15)


def test_erfinv_in_float64_up_to_the_last_number_before_one(isa):
    y = np.array([1e-9, 0.3, 0.9, 1.7, 2.9, 4.2, 5.6])
    x = np.array([math.erf(v) for v in y])
    slope = 2 / math.sqrt(math.pi) * np.exp(-y * y)
    got = elementwise(isa, "erfinv", "float64", np.concatenate([x, -x, [1, -1, 2, 0.0, -0.0]]))
    assert np.all(np.abs(got[:7] - y) <= 4e-16 * y + np.spacing(x) / slope)
    assert np.array_equal(got[:7], -got[7:14])
    assert got[14:16].tolist() == [np.inf, -np.inf]
    assert np.isnan(got[16])
    assert np.array_equal(np.signbit(got[17:]), [False, True])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_atan2_in_all_quadrants(isa, dtype):
    y, x = (np.array(NASTY + [1e-40, 1e30, -1e-30], dtype),) * 2
    y, x = np.repeat(y, len(x)), np.tile(x, len(y))
    got, want = elementwise(isa, "atan2", dtype, y, x), np.arctan2(y.astype("float64"), x.astype("float64"))
    np.testing.assert_allclose(got, want.astype(dtype), rtol=1.2e-7 if dtype == "float32" else 1e-15)
    assert np.array_equal(np.signbit(got[want == 0]), np.signbit(want[want == 0]))


@pytest.mark.parametrize("functor", ["floor_divide", "mod"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint32", "uint8"])
def test_whole_division_is_numpy_s(isa, functor, dtype):
    values = NASTY + [7.25, -7.25, 1e10, -1e10, 1e-10, 3e38] if dtype.startswith("f") else [0, 1, 2, 3, 7, 250]
    values += [-1, -2, -7, -(2**31), 2**31 - 1] if dtype.startswith("i") else []
    values = np.array(values).astype(dtype)
    a, b = np.repeat(values, len(values)), np.tile(values, len(values))
    with np.errstate(all="ignore"):
        want = {"floor_divide": np.floor_divide, "mod": np.mod}[functor](a, b)
    got = elementwise(isa, functor, dtype, a, b)
    np.testing.assert_array_equal(got, want)
    if dtype.startswith("f"):
        assert np.array_equal(np.signbit(got[want == 0]), np.signbit(want[want == 0]))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint8"])
@pytest.mark.parametrize("functor", ["floor", "ceil", "round", "trunc"])
def test_whole_numbers_are_their_own_rounding(isa, functor, dtype):
    x = np.array([0, 1, 5, 200, 2**31 - 1, 16777217]).astype(dtype)
    assert np.array_equal(elementwise(isa, functor, dtype, x), x)


def test_arithmetic_of_bytes_and_truth_values(isa):
    a, b = np.repeat(np.array([0, 1, 200, 255], "uint8"), 4), np.tile(np.array([0, 1, 200, 255], "uint8"), 4)
    p, q = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    for functor, f in {"add": np.add, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum}.items():
        assert np.array_equal(elementwise(isa, functor, "uint8", a, b), f(a, b))
        assert np.array_equal(elementwise(isa, functor, "bool", p, q), f(p, q))
    assert np.array_equal(elementwise(isa, "sub", "uint8", a, b), a - b)
    assert np.array_equal(elementwise(isa, "abs", "bool", p), p)
    assert "bool->bool" in _native.kernels(isa)["square"]
