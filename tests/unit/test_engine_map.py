"""The engine against NumPy in float64, on every instruction set: element-wise kernels, random bits."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import FLOATS, INTEGERS, Arena, chain, elementwise, ulps

# ---- map: functions ----


def erf(x):
    from math import erf as one

    return np.array([one(v) for v in x])


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


ACCURACY = {  # name: (reference in float64, largest error in ulp)
    "exp": (np.exp, 2),
    "expm1": (np.expm1, 3),
    "log": (np.log, 2),
    "log1p": (np.log1p, 3),
    "tanh": (np.tanh, 4),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), 3),
    "erf": (erf, 3),
    "sin": (np.sin, 2),
    "cos": (np.cos, 2),
    "softplus": (softplus, 4),
    "sqrt": (np.sqrt, 0.5),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 1.5),
    "reciprocal": (lambda x: 1 / x, 0.5),
    "square": (np.square, 0.5),
    "floor": (np.floor, 0),
    "ceil": (np.ceil, 0),
    "round": (np.rint, 0),
    "neg": (np.negative, 0),
    "abs": (np.abs, 0),
    "sign": (np.sign, 0),
    "relu": (lambda x: np.maximum(x, 0), 0),
    "identity": (lambda x: x, 0),
}


def every_kind_of_float():
    random = np.random.default_rng(1)
    some = random.integers(0, 2**32, 40000, dtype=np.uint64).astype("uint32").view("float32")
    near = random.standard_normal(20000).astype("float32") * 10
    edges = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        1e-45,
        -1e-45,
        1e-38,
        3.4e38,
        -3.4e38,
        88.72,
        88.73,
        -87.3,
        -103.9,
        -104.5,
        0.5,
        1.5,
        2.5,
        -0.5,
        1.0,
        -1.0,
        np.pi,
        -100.0,
        100.0,
        8388608.5,
        1e6,
        1e7,
        1e9,
        2**-24,
    ]
    small = (random.standard_normal(4000) * 10.0 ** random.uniform(-40, 0, 4000)).astype("float32")
    return np.concatenate([some, near, small, np.array(edges, "float32")])


@pytest.mark.parametrize("functor", ACCURACY)
def test_accuracy_over_all_floats(isa, functor):
    reference, allowed = ACCURACY[functor]
    x = every_kind_of_float()
    with np.errstate(all="ignore"):
        want = reference(x.astype("float64"))
    assert ulps(elementwise(isa, functor, "float32", x), want) <= allowed + 0.5


def test_sigmoid_and_exp_at_the_ends(isa):
    x = np.array([-100, 100, -1000, 1000], "float32")
    assert elementwise(isa, "sigmoid", "float32", x)[0] < 1e-40
    assert elementwise(isa, "exp", "float32", x).tolist()[2:] == [0, np.inf]


@pytest.mark.parametrize("functor", sorted(set(ACCURACY) - {"identity"}))
def test_functions_in_float64(isa, functor):
    x = np.linspace(0.1, 5, 37)
    if functor in ("neg", "abs", "sign", "relu", "floor", "ceil", "round", "square"):
        x = x - 2.6
    assert np.allclose(elementwise(isa, functor, "float64", x), ACCURACY[functor][0](x), rtol=1e-14)


BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "pow": np.power,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "shift_right": np.right_shift,
    "bitwise_and": np.bitwise_and,
}
NASTY = [0.0, -0.0, 1.0, -1.0, 2.5, np.nan, np.inf, -np.inf, 3.0, 0.5]


def operands_of(signature):
    """Two arrays of every pair of nasty values, 100 long."""
    types = signature.split("->")[0].split(",")
    values = {
        "bool": [0, 1] * 5,
        "uint32": [0, 1, 2, 3, 4, 31, 5, 6, 7, 2**31],
        "uint8": [0, 1, 2, 3, 250, 255, 7, 8, 9, 10],
    }
    for t in types:
        v = NASTY if t.startswith("float") else values.get(t, [0, 1, -1, 2, 5, 7, -8, 3, 100, -(2**31)])
        yield np.array(v).astype(t)


@pytest.mark.parametrize("functor", BINARY)
def test_binary_functors(isa, functor):
    signatures = _native.kernels(isa)[functor]
    assert signatures
    for signature in signatures:
        a, b = operands_of(signature)
        if functor == "shift_right":
            b = b % 32
        a, b = np.repeat(a, 10), np.tile(b, 10)
        out = signature.split("->")[1]
        with np.errstate(all="ignore"):
            want = BINARY[functor](a, b)  # integers wrap around
        got = elementwise(isa, functor, out, a, b)
        if functor == "pow":
            np.testing.assert_allclose(got, want, rtol=1e-6)
        else:
            np.testing.assert_array_equal(got, want.astype(out))


def test_is_nan_and_is_finite_and_not(isa):
    x = np.array(NASTY, "float32")
    assert np.array_equal(elementwise(isa, "is_nan", "bool", x), np.isnan(x))
    assert np.array_equal(elementwise(isa, "is_finite", "bool", x), np.isfinite(x))
    assert np.array_equal(elementwise(isa, "logical_not", "bool", np.isnan(x)), ~np.isnan(x))


@pytest.mark.parametrize("source", FLOATS + INTEGERS + ("uint8", "bool"))
def test_casts(isa, source):
    x = np.array([0, 1, 2, 3.7, 200.9, 77, 5] if source.startswith("float") else [0, 1, 2, 3, 200, 77, 5]).astype(
        source
    )
    for target in FLOATS + INTEGERS + ("uint8", "bool"):
        assert np.array_equal(elementwise(isa, "cast", target, x), x.astype(target)), target
    if source != "bool" and not source.startswith("u"):
        y = np.array([-1.9, -2, 5]).astype(source)
        for target in FLOATS + ("int32", "int64"):
            assert np.array_equal(elementwise(isa, "cast", target, y), y.astype(target)), target


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS + ("uint8", "bool"))
def test_select(isa, dtype):
    a, b = np.arange(37).astype(dtype), np.arange(37)[::-1].astype(dtype)
    c = np.arange(37) % 3 == 0
    assert np.array_equal(elementwise(isa, "select", dtype, c, a, b), np.where(c, a, b))


# ---- map: shapes ----


@pytest.mark.parametrize(
    "shapes",
    [
        [(), ()],
        [(0,), (0,)],
        [(1,), (1,)],
        [(7,), (7,)],
        [(5000,), (5000,)],
        [(40, 50), (50,)],
        [(40, 50), (40, 1)],
        [(3, 2000), (2000,)],
        [(3, 2000), (3, 1)],
        [(128, 10), (10,)],
        [(2, 3, 4, 5), (3, 1, 5)],
        [(2, 3, 4, 5), (2, 1, 4, 1)],
        [(6, 0, 4), (4,)],
        [(1000,), (1,)],
        [(2, 2, 2, 2, 2, 2, 2, 2), (2, 1, 2, 1, 2, 1, 2, 1)],
        [(1, 700, 1, 3), (700, 1, 1)],
    ],
)
@pytest.mark.parametrize("pad", [0, 3])
def test_broadcasting(isa, shapes, pad):
    random = np.random.default_rng(2)
    a, b = (random.standard_normal(s).astype("float32") for s in shapes)
    pad = pad if a.ndim else 0
    assert np.array_equal(elementwise(isa, "mul", "float32", a, b, pad=pad), a * b)
    assert np.array_equal(elementwise(isa, "sub", "float32", b, a, pad=pad), b - a)


def test_views(isa):
    random = np.random.default_rng(3)
    a = random.standard_normal((61, 70)).astype("float32")
    b = random.standard_normal((70, 61)).astype("float32")
    assert np.array_equal(elementwise(isa, "add", "float32", a, b.T), a + b.T)
    assert np.array_equal(elementwise(isa, "add", "float32", a[::-1, ::2], a[:, 1::2]), a[::-1, ::2] + a[:, 1::2])
    assert np.array_equal(elementwise(isa, "less", "bool", a[3:9, 5:44], b.T[3:9, 5:44]), a[3:9, 5:44] < b.T[3:9, 5:44])


def test_a_chain_with_registers_constants_and_two_outputs(isa):
    random = np.random.default_rng(4)
    x, bias = random.standard_normal((33, 50)).astype("float32"), random.standard_normal(50).astype("float32")
    arena = Arena(isa)
    ins = [arena.put(x), arena.put(bias)]
    ins[1] = ins[1][:3] + ((33, 50), (0, 1))
    y, positive = arena.room((33, 50)), arena.room((33, 50), "bool")
    steps = [
        ("add", "float32", [0, 1], 4),
        ("greater", "bool", [4, ("c", 0.0, "float32")], 3),
        ("mul", "float32", [4, ("c", 0.1, "float32")], 5),
        ("select", "float32", [3, 4, 5], 2),
    ]
    arena.add("map", ins, [y, positive], chain=chain((33, 50), steps, 2))
    got, mask = arena.run(y, positive)
    z = x + bias
    assert np.array_equal(mask, z > 0)
    assert np.array_equal(got, np.where(z > 0, z, z * np.float32(0.1)))


def test_updates_in_place_even_when_the_input_is_read_later(isa):
    x = np.arange(3000, dtype="float32")
    arena = Arena(isa)
    place, second = arena.put(x), arena.room((3000,))
    steps = [
        ("add", "float32", [0, ("c", 1, "float32")], 1),
        ("mul", "float32", [0, 1], 2),
    ]  # x is written, then read as it was
    arena.add("map", [place], [place, second], chain=chain((3000,), steps))
    got, product = arena.run(place, second)
    assert np.array_equal(got, x + 1)
    assert np.array_equal(product, x * (x + 1))
    program = arena.program()
    assert program.run(5) == 5
    assert np.array_equal(program.read(*place), x + 5)


def test_iota(isa):
    for axis in range(3):
        for dtype in ("int32", "float32", "int64"):
            arena = Arena(isa)
            out = arena.room((3, 50, 41), dtype, pad=2)
            arena.add("map", [], [out], chain=chain((3, 50, 41), [("iota", dtype, [("c", axis, "int32")], 0)]))
            assert np.array_equal(
                arena.run(out),
                np.broadcast_to(
                    np.arange((3, 50, 41)[axis]).reshape([-1 if d == axis else 1 for d in range(3)]), (3, 50, 41)
                ),
            )


# ---- random bits ----


def philox(counter, key):
    """Philox 4x32-10 in Python integers, from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def test_the_reference_philox_has_the_published_values():
    assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    assert philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]) == [
        0xD16CFE09,
        0x94FDCCEB,
        0x5001E420,
        0x24126EA1,
    ]


def random_bits(isa, shape, seed, step, stream, pad=0, threads=1):
    arena = Arena(isa)
    ins = [arena.put(np.array([v], "uint32")) for v in (seed, step)]
    out = arena.room(shape, "uint32", pad)
    arena.add("map", ins, [out], chain=chain(shape, [("random_bits", "uint32", [0, 1, ("c", stream, "uint32")], 2)]))
    return arena.run(out, threads=threads)


@pytest.mark.parametrize(
    ("seed", "step", "stream"), [(0, 0, 0), (0xA4093822, 0x13198A2E, 0x299F31D0), (2**32 - 1, 2**32 - 1, 2**32 - 1)]
)
def test_random_bits_are_philox(isa, seed, step, stream):
    want = np.array([philox([i, 0, step, 0], [seed, stream]) for i in range(300)], "uint32").reshape(-1)
    assert np.array_equal(random_bits(isa, (1200,), seed, step, stream), want)
    assert np.array_equal(random_bits(isa, (1197,), seed, step, stream), want[:1197])
    assert np.array_equal(random_bits(isa, (17, 5, 13), seed, step, stream, pad=3).reshape(-1), want[: 17 * 5 * 13])
    assert np.array_equal(random_bits(isa, (1,), seed, step, stream), want[:1])


def test_random_bits_are_the_same_for_any_number_of_threads(isa):
    results = [random_bits(isa, (200, 1003), 5, 6, 7, threads=t) for t in (1, 2, 3, 8)]
    assert all(np.array_equal(results[0], r) for r in results)
