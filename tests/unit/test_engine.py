"""The native engine against NumPy in float64: every kernel, every instruction set this machine runs, nasty shapes.

The engine is driven directly here, by hand-written instructions; planning is somebody else's test.
"""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from lamina import _native

ISAS = _native.isas()
FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64", "uint32")


@pytest.fixture(params=ISAS)
def isa(request):
    return request.param


@pytest.fixture(autouse=True)
def threads():
    before = _native.get_num_threads()
    yield
    _native.set_num_threads(before)


def name(dtype):
    return {"bool_": "bool"}.get(np.dtype(dtype).name, np.dtype(dtype).name)


class Arena:
    """Hand-written programs: arrays placed in an arena, instructions appended, results read back."""

    def __init__(self, isa, num_bases=1):
        self.isa, self.num_bases, self.size, self.instructions, self.prologue, self.fills = isa, num_bases, 64, [], [], []

    def room(self, shape, dtype="float32", pad=0):
        """An uninitialised contiguous operand; `pad` elements of extra row stride."""
        size = np.dtype(dtype).itemsize
        strides, step = [], 1
        for i, n in enumerate(reversed(shape)):
            strides.append(step)
            step *= n + (pad if i == 0 else 0)
        operand = (0, self.size, name(dtype), tuple(shape), tuple(reversed(strides)))
        self.size += -(-max(step, 1) * size // 64) * 64 + 64
        return operand

    def put(self, array):
        """A place whose first value is this array, with the array's own strides (0, negative, transposed)."""
        array = np.asarray(array)
        base = array
        while isinstance(base.base, np.ndarray):
            base = base.base
        base = np.lib.stride_tricks.as_strided(base, base.shape, base.strides)
        flat = np.ascontiguousarray(base) if base.flags.c_contiguous else base.T
        assert flat.flags.c_contiguous
        start = array.__array_interface__["data"][0] - flat.__array_interface__["data"][0]
        offset = self.room((flat.size,), flat.dtype)[1]
        self.fills.append((offset, flat))
        return (0, offset + start, name(array.dtype), array.shape, tuple(s // array.itemsize for s in array.strides))

    def add(self, kernel, ins=(), outs=(), ints=(), floats=(), **more):
        self.instructions.append(dict(kernel=kernel, **{"in": list(ins)}, out=list(outs), ints=list(ints), floats=list(floats), **more))

    def program(self):
        bases = self.num_bases + len(self.fills)
        fills = []
        for i, (offset, flat) in enumerate(self.fills):
            place = (0, offset, "uint8", (flat.nbytes,), (1,))
            fills.append(dict(kernel="copy", **{"in": [(self.num_bases + i, 0, "uint8", (flat.nbytes,), (1,))]}, out=[place], ints=[], floats=[]))
        program = _native.Program(self.instructions, self.size, bases, fills + self.prologue, self.isa)
        for i, (_, flat) in enumerate(self.fills):
            program.bind(self.num_bases + i, flat.reshape(-1).view("uint8") if flat.size else np.zeros(0, "uint8"))
        return program

    def run(self, *outs, steps=1, threads=1):
        _native.set_num_threads(threads)
        program = self.program()
        assert program.run(steps) == steps
        return [program.read(*o) for o in outs] if len(outs) != 1 else program.read(*outs[0])


def chain(shape, steps, registers=0):
    return {"shape": tuple(shape), "steps": steps, "n_registers": registers}


def elementwise(isa, functor, out_dtype, *arrays, shape=None, pad=0):
    """One functor over the broadcast shape of its arrays."""
    arena = Arena(isa)
    arrays = [np.asarray(a) for a in arrays]
    shape = np.broadcast_shapes(*[a.shape for a in arrays]) if shape is None else shape
    ins = [arena.put(a)[:3] + (shape, arena_strides(a, shape)) for a in arrays]
    out = arena.room(shape, out_dtype, pad)
    arena.add("map", ins, [out], chain=chain(shape, [(functor, name(out_dtype), list(range(len(ins))), len(ins))]))
    return arena.run(out)


def arena_strides(a, shape):
    return tuple(s // a.itemsize for s in np.broadcast_to(a, shape).strides)


def ulps(got, want):
    """Largest error in units of the last place of the float32 nearest to `want` (float64)."""
    with np.errstate(all="ignore"):
        near = want.astype("float32")
        both = np.isfinite(near) & np.isfinite(got)
        assert np.array_equal(np.isnan(got), np.isnan(near))
        assert np.array_equal(got[~both & ~np.isnan(near)], near[~both & ~np.isnan(near)])
        step = np.maximum(np.spacing(np.abs(near[both])), np.float32(1e-45)).astype("float64")
        return np.max(np.abs(got[both] - want[both]) / step, initial=0)


# ---- map: functions ----

def erf(x):
    from math import erf as one
    return np.array([one(v) for v in x])


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


ACCURACY = {  # name: (reference in float64, largest error in ulp)
    "exp": (np.exp, 2), "expm1": (np.expm1, 3), "log": (np.log, 2), "log1p": (np.log1p, 3), "tanh": (np.tanh, 4),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), 3), "erf": (erf, 3), "sin": (np.sin, 2), "cos": (np.cos, 2), "softplus": (softplus, 4),
    "sqrt": (np.sqrt, 0.5), "rsqrt": (lambda x: 1 / np.sqrt(x), 1.5), "reciprocal": (lambda x: 1 / x, 0.5),
    "square": (np.square, 0.5), "floor": (np.floor, 0), "ceil": (np.ceil, 0), "round": (np.rint, 0), "neg": (np.negative, 0),
    "abs": (np.abs, 0), "sign": (np.sign, 0), "relu": (lambda x: np.maximum(x, 0), 0), "identity": (lambda x: x, 0),
}


def every_kind_of_float():
    random = np.random.default_rng(1)
    some = random.integers(0, 2**32, 40000, dtype=np.uint64).astype("uint32").view("float32")
    near = random.standard_normal(20000).astype("float32") * 10
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38, 88.72, 88.73, -87.3, -103.9, -104.5, 0.5, 1.5, 2.5, -0.5,
             1.0, -1.0, np.pi, -100.0, 100.0, 8388608.5, 1e6, 1e7, 1e9, 2**-24]
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
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum, "minimum": np.minimum, "pow": np.power,
    "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "logical_and": np.logical_and, "logical_or": np.logical_or, "shift_right": np.right_shift,
    "bitwise_and": np.bitwise_and,
}
NASTY = [0.0, -0.0, 1.0, -1.0, 2.5, np.nan, np.inf, -np.inf, 3.0, 0.5]


def operands_of(signature):
    """Two arrays of every pair of nasty values, 100 long."""
    types = signature.split("->")[0].split(",")
    values = {"bool": [0, 1] * 5, "uint32": [0, 1, 2, 3, 4, 31, 5, 6, 7, 2**31], "uint8": [0, 1, 2, 3, 250, 255, 7, 8, 9, 10]}
    for t in types:
        v = NASTY if t.startswith("float") else values.get(t, [0, 1, -1, 2, 5, 7, -8, 3, 100, -2**31])
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
            want = BINARY[functor](a, b)                     # integers wrap around
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
    x = np.array([0, 1, 2, 3.7, 200.9, 77, 5] if source.startswith("float") else [0, 1, 2, 3, 200, 77, 5]).astype(source)
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

@pytest.mark.parametrize("shapes", [
    [(), ()], [(0,), (0,)], [(1,), (1,)], [(7,), (7,)], [(5000,), (5000,)], [(40, 50), (50,)], [(40, 50), (40, 1)], [(3, 2000), (2000,)],
    [(3, 2000), (3, 1)], [(128, 10), (10,)], [(2, 3, 4, 5), (3, 1, 5)], [(2, 3, 4, 5), (2, 1, 4, 1)], [(6, 0, 4), (4,)], [(1000,), (1,)],
    [(2, 2, 2, 2, 2, 2, 2, 2), (2, 1, 2, 1, 2, 1, 2, 1)], [(1, 700, 1, 3), (700, 1, 1)],
])
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
    steps = [("add", "float32", [0, 1], 4), ("greater", "bool", [4, ("c", 0.0, "float32")], 3), ("mul", "float32", [4, ("c", 0.1, "float32")], 5),
             ("select", "float32", [3, 4, 5], 2)]
    arena.add("map", ins, [y, positive], chain=chain((33, 50), steps, 2))
    got, mask = arena.run(y, positive)
    z = x + bias
    assert np.array_equal(mask, z > 0)
    assert np.array_equal(got, np.where(z > 0, z, z * np.float32(0.1)))


def test_updates_in_place_even_when_the_input_is_read_later(isa):
    x = np.arange(3000, dtype="float32")
    arena = Arena(isa)
    place, second = arena.put(x), arena.room((3000,))
    steps = [("add", "float32", [0, ("c", 1, "float32")], 1), ("mul", "float32", [0, 1], 2)]    # x is written, then read as it was
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
            assert np.array_equal(arena.run(out), np.broadcast_to(np.arange((3, 50, 41)[axis]).reshape([-1 if d == axis else 1 for d in range(3)]), (3, 50, 41)))


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
    assert philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def random_bits(isa, shape, seed, step, stream, pad=0, threads=1):
    arena = Arena(isa)
    ins = [arena.put(np.array([v], "uint32")) for v in (seed, step)]
    out = arena.room(shape, "uint32", pad)
    arena.add("map", ins, [out], chain=chain(shape, [("random_bits", "uint32", [0, 1, ("c", stream, "uint32")], 2)]))
    return arena.run(out, threads=threads)


@pytest.mark.parametrize("seed, step, stream", [(0, 0, 0), (0xA4093822, 0x13198A2E, 0x299F31D0), (2**32 - 1, 2**32 - 1, 2**32 - 1)])
def test_random_bits_are_philox(isa, seed, step, stream):
    want = np.array([philox([i, 0, step, 0], [seed, stream]) for i in range(300)], "uint32").reshape(-1)
    assert np.array_equal(random_bits(isa, (1200,), seed, step, stream), want)
    assert np.array_equal(random_bits(isa, (1197,), seed, step, stream), want[:1197])
    assert np.array_equal(random_bits(isa, (17, 5, 13), seed, step, stream, pad=3).reshape(-1), want[: 17 * 5 * 13])
    assert np.array_equal(random_bits(isa, (1,), seed, step, stream), want[:1])


def test_random_bits_are_the_same_for_any_number_of_threads(isa):
    results = [random_bits(isa, (200, 1003), 5, 6, 7, threads=t) for t in (1, 2, 3, 8)]
    assert all(np.array_equal(results[0], r) for r in results)


# ---- gemm and pack ----

def close(got, want, k=1):
    """Within float32 rounding of a sum of k products."""
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6 * max(1, k) ** 0.5 * 3)


def gemm(isa, a, b, packed=False, pad=0, threads=1):
    arena = Arena(isa)
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + (a.shape[-2], b.shape[-1])
    ins, out = [arena.put(a), arena.put(b)], arena.room(shape, pad=pad)
    if packed:
        ins[1] = pack(arena, ins[1])
    arena.add("gemm", ins, [out], ints=[int(packed)])
    return arena.run(out, threads=threads)


def pack(arena, operand):
    batch, (k, n) = operand[3][:-2], operand[3][-2:]
    one = _native.packed_size(k, n, arena.isa) // 4
    buffer = arena.room((int(np.prod(batch)) * one,))
    arena.add("pack", [operand], [buffer])
    return buffer if not batch else buffer[:3] + (batch + (one,), tuple(one * int(np.prod(batch[d + 1:])) for d in range(len(batch))) + (1,))


SIZES = [(1, 1, 1), (1, 7, 5), (1, 513, 70), (3, 5, 7), (12, 64, 32), (13, 65, 33), (25, 100, 10), (100, 784, 50), (2, 1, 200), (128, 1500, 17), (37, 0, 11),
         (0, 5, 4), (5, 4, 0), (31, 31, 16), (6, 2000, 48)]


@pytest.mark.parametrize("m, k, n", SIZES)
@pytest.mark.parametrize("layout", ["ab", "aTb", "abT", "aTbT", "strided"])
@pytest.mark.parametrize("packed", [False, True])
def test_gemm(isa, m, k, n, layout, packed):
    random = np.random.default_rng(5)
    draw = lambda *shape: random.standard_normal(shape).astype("float32")  # noqa: E731
    a = draw(k, m).T if "aT" in layout else draw(2 * m, 2 * k)[::2, ::2] if layout == "strided" else draw(m, k)
    b = draw(n, k).T if "bT" in layout else draw(2 * k, 2 * n)[1::2, 1::2] if layout == "strided" else draw(k, n)
    close(gemm(isa, a, b, packed), a.astype("float64") @ b.astype("float64"), k)
    close(gemm(isa, a, b, packed, pad=5), a.astype("float64") @ b.astype("float64"), k)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("batch_a, batch_b", [((4,), (4,)), ((4,), ()), ((2, 3), (2, 3)), ((), (5,)), ((2, 3), ())])
def test_gemm_batches(isa, batch_a, batch_b, packed):
    random = np.random.default_rng(6)
    a, b = random.standard_normal(batch_a + (9, 20)).astype("float32"), random.standard_normal(batch_b + (20, 35)).astype("float32")
    close(gemm(isa, a, b, packed), a.astype("float64") @ b.astype("float64"), 20)


def test_gemm_reads_a_bound_matrix_only_to_its_end(isa):
    a, b = np.ones((3, 4), "float32"), np.arange(4 * 5, dtype="float32").reshape(4, 5)
    program = _native.Program([dict(kernel="gemm", **{"in": [(1, 0, "float32", (3, 4), (4, 1)), (2, 0, "float32", (4, 5), (5, 1))]},
                                    out=[(0, 0, "float32", (3, 5), (5, 1))], ints=[0], floats=[])], 64, 3, isa=isa)
    program.bind(1, a)
    program.bind(2, b)
    program.run()
    assert np.array_equal(program.read(0, 0, "float32", (3, 5), (5, 1)), a @ b)


@pytest.mark.parametrize("m, k, n", [(1, 7, 5), (50, 60, 70), (128, 33, 10), (13, 2, 33), (3, 4, 1)])
@pytest.mark.parametrize("packed", [False, True])
def test_gemm_with_a_chain(isa, m, k, n, packed):
    random = np.random.default_rng(7)
    a, b, bias, mask = (random.standard_normal(s).astype("float32") for s in [(m, k), (k, n), (n,), (m, n)])
    arena = Arena(isa)
    ins = [arena.put(a), arena.put(b), arena.put(bias)[:3] + ((m, n), (0, 1)), arena.put(mask)]
    if packed:
        ins[1] = pack(arena, ins[1])
    raw, y = arena.room((m, n), pad=3), arena.room((m, n))
    steps = [("identity", "float32", [0], 3), ("add", "float32", [0, 1], 5), ("relu", "float32", [5], 5), ("mul", "float32", [5, 2], 4)]
    arena.add("gemm", ins, [raw, y], ints=[int(packed)], chain=chain((m, n), steps, 1))
    product, got = arena.run(raw, y)
    want = a.astype("float64") @ b
    close(product, want, k)
    close(got, np.maximum(product + bias, 0) * mask)


def test_batched_gemm_with_a_chain(isa):
    random = np.random.default_rng(8)
    a, b, bias = (random.standard_normal(s).astype("float32") for s in [(2, 3, 14, 6), (2, 3, 6, 40), (2, 1, 14, 1)])
    arena = Arena(isa)
    shape = (2, 3, 14, 40)
    ins = [arena.put(a), arena.put(b), arena.put(bias)[:3] + (shape, (14, 0, 1, 0))]
    out = arena.room(shape)
    arena.add("gemm", ins, [out], ints=[0], chain=chain(shape, [("add", "float32", [0, 1], 2)]))
    close(arena.run(out), a.astype("float64") @ b + bias, 6)


@pytest.mark.parametrize("packed", [False, True])
def test_gemm_bits_do_not_depend_on_threads(isa, packed):
    random = np.random.default_rng(9)
    a, b = random.standard_normal((301, 1301)).astype("float32"), random.standard_normal((1301, 203)).astype("float32")
    results = [gemm(isa, a, b, packed, threads=t) for t in (1, 2, 3, 8)]
    assert all(np.array_equal(results[0], r) for r in results)


# ---- folds ----

FOLDS = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin}


def fold(isa, kernel, x, axes, threads=1):
    arena = Arena(isa)
    shape = tuple(n for d, n in enumerate(x.shape) if d not in axes)
    out = arena.room(shape, "int32" if kernel.startswith("arg") else x.dtype)
    arena.add(kernel, [arena.put(x)], [out], ints=axes)
    return arena.run(out, threads=threads)


FOLD_CASES = [((), []), ((5,), [0]), ((1,), [0]), ((7, 3), []), ((128, 10), [1]), ((128, 10), [0]), ((33, 300), [0]), ((33, 300), [1]), ((33, 300), [0, 1]),
              ((4, 5, 6, 7), [0, 2]), ((4, 5, 6, 7), [1, 3]), ((4, 5, 6, 7), [0, 1, 2]), ((4, 5, 6, 7), [3, 1]), ((20000, 3), [0]), ((3, 20000), [1]),
              ((300, 700), [0, 1]), ((2, 1, 3, 1), [1, 2]), ((0, 4), [1]), ((9, 2000, 17), [1]), ((2,) * 8, [0, 3, 5, 6])]


@pytest.mark.parametrize("kernel", FOLDS)
@pytest.mark.parametrize("shape, axes", FOLD_CASES)
def test_folds(isa, kernel, shape, axes):
    random = np.random.default_rng(10)
    for dtype in _native.kernels(isa)[kernel]:
        x = np.asarray(random.integers(0, 4, shape) if dtype not in FLOATS else random.standard_normal(shape)).astype(dtype)
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
            close(fold(isa, "sum", view, axes), view.astype("float64").sum(tuple(axes)), 50)
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
                np.testing.assert_allclose(p, want, rtol=8e-6, atol=1e-37)          # x - max is rounded
                np.testing.assert_allclose(log_p, np.log(want), rtol=3e-6, atol=1e-6)


def test_softmax_of_huge_and_of_nan(isa):
    arena = Arena(isa)
    x = np.array([[1e30, 1e30, -np.inf], [0, np.nan, 1], [-1e30, -1e30, -1e30]], "float32")
    out = arena.room(x.shape)
    arena.add("softmax", [arena.put(x)], [out])
    got = arena.run(out)
    assert np.array_equal(got[0], [0.5, 0.5, 0]) and np.isnan(got[1]).all() and np.allclose(got[2], 1 / 3)


# ---- copies ----

@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_copy(isa, dtype):
    x = np.random.default_rng(15).integers(0, 2, (5, 6, 7, 33)).astype(dtype)
    views = [x, x.transpose(3, 1, 0, 2), x.transpose(0, 3, 1, 2), x[::-1, 1:4, ::3, ::-2], np.broadcast_to(x[:, :1], x.shape), x[:0], x[2, 3, 4, 5],
             x.reshape(30, 231).T, x.transpose(3, 2, 1, 0)]
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


@pytest.mark.parametrize("dtype, value", [("float32", -np.inf), ("int32", -7), ("bool", 1), ("int64", 5), ("uint8", 255), ("float64", 0.1)])
def test_pad_and_fill(isa, dtype, value):
    x = np.random.default_rng(16).integers(0, 2, (3, 4, 5)).astype(dtype)
    arena = Arena(isa)
    padded, filled, scalar = arena.room((6, 4, 9), dtype), arena.room((2, 3), dtype, 1), arena.room((), dtype)
    arena.add("pad", [arena.put(x.transpose(0, 1, 2)[:, ::-1])], [padded], ints=[1, 0, 2], floats=[value])
    arena.add("fill", [], [filled], floats=[value])
    arena.add("fill", [], [scalar], floats=[value])
    got, other, one = arena.run(padded, filled, scalar)
    assert np.array_equal(got, np.pad(x[:, ::-1], [(1, 2), (0, 0), (2, 2)], constant_values=np.array(value).astype(dtype)))
    assert np.array_equal(other, np.full((2, 3), value, dtype)) and one == np.array(value, dtype)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_concatenate(isa, axis, dtype):
    random = np.random.default_rng(17)
    parts = [random.integers(0, 99, tuple(n if d == axis else s for d, s in enumerate((4, 50, 60)))).astype(dtype) for n in (3, 0, 1, 70)]
    parts[0] = parts[0][::-1]
    arena = Arena(isa)
    want = np.concatenate(parts, axis)
    out = arena.room(want.shape, dtype)
    arena.add("concatenate", [arena.put(p) for p in parts], [out], ints=[axis])
    assert np.array_equal(arena.run(out, threads=2), want)


# ---- gather, scatter, feed ----

@pytest.mark.parametrize("ids_dtype", ["int32", "int64"])
@pytest.mark.parametrize("ids_shape, row", [((5,), (3,)), ((4, 6), ()), ((0,), (2,)), ((300,), (64,)), ((7, 2), (4, 5)), ((), (3,))])
def test_gather_and_scatter_add(isa, ids_shape, row, ids_dtype):
    random = np.random.default_rng(18)
    table, ids = random.standard_normal((11,) + row).astype("float32"), random.integers(0, 11, ids_shape).astype(ids_dtype)
    arena = Arena(isa)
    place, rows, back = arena.put(ids), arena.room(ids_shape + row), arena.room((11,) + row)
    arena.add("gather", [arena.put(table), place], [rows])
    arena.add("scatter_add", [rows, place], [back])
    got, scattered = arena.run(rows, back, threads=2, steps=2)
    assert np.array_equal(got, table[ids])
    want = np.zeros((11,) + row)
    np.add.at(want, ids, table[ids].astype("float64"))
    np.testing.assert_allclose(scattered, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad", [-1, 11, 2**31 - 1, -(2**31)])
def test_an_index_out_of_range_is_an_error_that_names_it(isa, bad):
    table, ids = np.ones((11, 3), "float32"), np.array([0, 3, bad, 5, 99999], "int32")
    arena = Arena(isa)
    out, place = arena.room((5, 3)), arena.put(ids)
    arena.add("fill", [], [out])
    arena.add("gather", [arena.put(table), place], [out])
    program = arena.program()
    for _ in range(2):
        with pytest.raises(IndexError, match=rf"instruction 1 \(gather\): index {bad} at position 2 is out of range for 11 rows"):
            program.run()
    arena = Arena(isa)
    arena.add("scatter_add", [arena.put(np.ones((5, 3), "float32")), arena.put(ids)], [arena.room((11, 3))])
    with pytest.raises(IndexError, match=rf"instruction 0 \(scatter_add\): index {bad} at position 2"):
        arena.program().run()


@pytest.mark.parametrize("source", FLOATS + ("int32", "int64", "uint8", "bool"))
@pytest.mark.parametrize("target", ("float32", "int32", "int64", "bool"))
def test_feed_walks_the_order_and_converts(isa, source, target):
    x = np.random.default_rng(19).integers(0, 3, (10, 4)).astype(source)
    order = np.random.default_rng(20).permutation(10)
    batch, cursor = (0, 0, target, (3, 4), (4, 1)), (0, 192, "int64", (1,), (1,))
    program = _native.Program([
        dict(kernel="feed", **{"in": [(1, 0, source, (10, 4), (4, 1)), (2, 0, "int64", (10,), (1,)), cursor]}, out=[batch]),
        dict(kernel="advance", out=[cursor], ints=[3])], 256, 3, [dict(kernel="fill", out=[cursor])], isa)
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
        outs = [arena.room(view.shape, dtype) for _ in range(3)] + [arena.room(view.shape, "int32") for _ in range(2)] + [arena.room(short, dtype), arena.room(short, "int32")]
        arena.add("cumsum", [place], outs[0:1], ints=[axis, 0, 0])
        arena.add("cumsum", [place], outs[1:2], ints=[axis, 1, 1])
        arena.add("sort", [place], outs[2:3], ints=[axis])
        arena.add("argsort", [place], outs[3:4], ints=[axis])
        arena.add("argsort", [place], outs[4:5], ints=[axis, 1])
        arena.add("top_k", [place], outs[5:7], ints=[axis])
        total, after, ordered, order, backwards, values, positions = arena.run(*outs)
        assert np.allclose(total, view.cumsum(axis), equal_nan=True)
        flipped = np.flip(np.cumsum(np.flip(view, axis), axis), axis)
        want = np.concatenate([np.take(flipped, range(1, view.shape[axis]), axis), np.zeros_like(np.take(view, [0], axis))], axis)
        assert np.allclose(after, want, equal_nan=True)
        assert np.array_equal(ordered, np.sort(view, axis), equal_nan=dtype.startswith("float"))
        assert np.array_equal(order, np.argsort(view, axis, kind="stable"))
        assert np.array_equal(backwards, np.argsort(-view, axis, kind="stable"))
        key = np.where(view != view, -np.inf, -view.astype("float64"))           # NaN counts as the largest
        best = np.take(np.argsort(key, axis, kind="stable"), range(k), axis)
        assert np.array_equal(positions, best)
        assert np.array_equal(values, np.take_along_axis(view, best, axis), equal_nan=dtype.startswith("float"))


# ---- scan ----

def recurrence(isa, x, weight, reverse, threads=1, big=False):
    """h[t+1] = tanh(h[t] W + x[t]), all h kept; by a scan whose carries are two operands into one history."""
    length, batch, width = x.shape
    arena = Arena(isa)
    history, xs, w = arena.room((length + 1, batch, width)), arena.put(x), arena.put(weight)
    row = batch * width * 4
    one = lambda base: (base, 0, "float32", (batch, width), (width, 1))  # noqa: E731
    body = [dict(kernel="gemm", **{"in": [one(1), (3, 0, "float32", (width, width), (width, 1)), one(2)]}, out=[one(4)], ints=[0],
                 chain=chain((batch, width), [("add", "float32", [0, 1], 3), ("tanh", "float32", [3], 2)], 1))]
    sign, first = (-1, length - 1) if reverse else (1, 0)
    start = history[1] + (length * row if reverse else 0)
    ins = [(0, start) + one(0)[2:], (0, xs[1] + first * row) + one(0)[2:], w]
    outs = [(0, start + sign * row) + one(0)[2:]]
    arena.add("scan", ins, outs, ints=[length, int(reverse), sign * row, sign * row, 0, sign * row], body=body)
    return arena.run(history, threads=threads)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length, batch, width", [(0, 2, 3), (1, 2, 3), (9, 4, 5), (20, 64, 96)])
def test_scan(isa, length, batch, width, reverse):
    random = np.random.default_rng(22)
    x, w = random.standard_normal((length, batch, width)).astype("float32"), (random.standard_normal((width, width)) / width**0.5).astype("float32")
    got = recurrence(isa, x, w, reverse)
    h = np.zeros((batch, width))
    for t in range(length):
        at = length - 1 - t if reverse else t
        h = np.tanh(h @ w.astype("float64") + x[at])
        np.testing.assert_allclose(got[at if reverse else at + 1], h, rtol=1e-3, atol=2e-5)
    results = [recurrence(isa, x, w, reverse, threads=t) for t in (2, 3, 8)]
    assert all(np.array_equal(got, r) for r in results)


def test_a_scan_within_a_scan(isa):
    """total += x[i, j] over both, and a Python call in the innermost body."""
    seen = []
    arena = Arena(isa)
    x = np.arange(12, dtype="float32").reshape(3, 4)
    total, xs = arena.room((1,)), arena.put(x)
    number = lambda base: (base, 0, "float32", (1,), (1,))  # noqa: E731
    inner = [dict(kernel="map", **{"in": [number(1), number(2)]}, out=[number(1)], chain=chain((1,), [("add", "float32", [0, 1], 2)])),
             dict(kernel="python", **{"in": [number(2)]}, out=[], call=lambda ins, outs: seen.append(float(ins[0][0])))]
    outer = [dict(kernel="scan", **{"in": [number(1), number(2)]}, out=[], ints=[4, 0, 0, 4], body=inner)]
    arena.add("scan", [total[:3] + ((1,), (1,)), (0, xs[1], "float32", (1,), (1,))], [], ints=[3, 0, 0, 16], body=outer)
    assert arena.run(total) == 66
    assert seen == list(range(12))


# ---- python ----

def test_python_gets_views_and_its_errors_come_through(isa):
    arena = Arena(isa)
    x, y, z = arena.put(np.arange(6, dtype="float32").reshape(2, 3)), arena.room((3, 2)), arena.room((3, 2))
    fail = []

    def work(ins, outs):
        if fail:
            raise KeyError("no such luck")
        assert ins[0].shape == (2, 3) and ins[0].dtype == np.float32
        outs[0][...] = ins[0].T * 2

    arena.add("python", [x], [y], call=work)
    arena.add("map", [y], [z], chain=chain((3, 2), [("neg", "float32", [0], 1)]))
    program = arena.program()
    assert program.run(2) == 2
    want = np.arange(6, dtype="float32").reshape(2, 3).T * -2
    assert np.array_equal(program.read(*z), want)
    fail.append(1)
    with pytest.raises(KeyError, match="no such luck"):
        program.run()
    fail.clear()
    assert program.run() == 1


def test_python_may_run_another_program_but_not_its_own(isa):
    inner = Arena(isa)
    out = inner.room((3,))
    inner.add("fill", [], [out], floats=[4.0])
    program = inner.program()
    outer = Arena(isa)
    outer.add("python", [], [], call=lambda ins, outs: program.run())
    outer.run(threads=2)
    assert np.array_equal(program.read(*out), [4, 4, 4])
    selves = []
    outer = Arena(isa)
    outer.add("python", [], [], call=lambda ins, outs: selves[0].run())
    selves.append(outer.program())
    with pytest.raises(ValueError, match="its own Python fallback"):
        selves[0].run()


# ---- the executor ----

def mixture(isa, seed=23):
    """A program of many kernels, large enough for several threads, dependent and independent instructions mixed."""
    random = np.random.default_rng(seed)
    arena = Arena(isa)
    a, b = arena.put(random.standard_normal((211, 150)).astype("float32")), arena.put(random.standard_normal((150, 130)).astype("float32"))
    outs = [arena.room(s) for s in [(211, 130), (211, 130), (130,), (211,), (130, 211), (130, 130), (1,)]]
    arena.add("gemm", [a, b], outs[:1], ints=[0])
    arena.add("softmax", outs[:1], outs[1:2])
    arena.add("sum", outs[1:2], outs[2:3], ints=[0])
    arena.add("max", outs[:1], outs[3:4], ints=[1])
    arena.add("copy", [outs[1][:3] + ((130, 211), (1, 130))], outs[4:5])
    arena.add("gemm", [outs[4], outs[1]], outs[5:6], ints=[0])
    arena.add("sum", [outs[5]], [outs[6][:3] + ((), ())], ints=[0, 1])
    arena.add("map", [outs[6][:3] + ((211, 150), (0, 0)), a], [a], chain=chain((211, 150), [("mul", "float32", [0, ("c", 1e-4, "float32")], 3), ("sub", "float32", [1, 3], 2)], 1))
    return arena, [a] + outs


def test_bits_do_not_depend_on_threads(isa):
    arena, outs = mixture(isa)
    results = [arena.run(*outs, steps=7, threads=t) for t in (1, 2, 3, 8)]
    for other in results[1:]:
        assert all(np.array_equal(x, y) for x, y in zip(results[0], other))


def test_programs_run_from_several_threads_at_once(isa):
    arena, outs = mixture(isa)
    want = arena.run(*outs, steps=5, threads=1)
    _native.set_num_threads(2)
    programs = [arena.program() for _ in range(4)]
    workers = [threading.Thread(target=p.run, args=(5,)) for p in programs]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    for p in programs:
        assert all(np.array_equal(p.read(*o), x) for o, x in zip(outs, want))


def test_stop_ends_a_run_between_steps(isa):
    arena, outs = mixture(isa)
    program = arena.program()
    _native.set_num_threads(2)
    threading.Timer(0.05, program.stop).start()
    assert 0 < program.run(10**9) < 10**9
    assert program.run(3) == 3


def test_a_forked_child_makes_its_own_threads(isa):
    code = f"""
import os, sys
sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})
import numpy as np
from lamina import _native
from test_engine import mixture
_native.set_num_threads(3)
arena, outs = mixture({isa!r})
program = arena.program()
program.run(5)
want = [program.read(*o) for o in outs]
child = os.fork()
if child == 0:
    other = arena.program()
    other.run(5)
    os._exit(0 if all(np.array_equal(other.read(*o), w) for o, w in zip(outs, want)) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
program.run(1)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


def test_a_cycle_through_a_fallback_is_collected(isa):
    def make_cycle():
        arena = Arena(isa)
        selves = []
        arena.add("python", [], [], call=lambda ins, outs: selves)
        selves.append(arena.program())

    gc.collect()
    before = _native.memory_in_use()
    make_cycle()
    gc.collect()
    assert _native.memory_in_use() == before


def test_memory_is_given_back(isa):
    before = _native.memory_in_use()
    program = _native.Program([], 10**6, 1, isa=isa)
    assert _native.memory_in_use() >= before + 10**6
    del program
    assert _native.memory_in_use() == before


# ---- what is refused ----

F = "float32"
REFUSED = {
    "an unknown kernel": (dict(kernel="frobnicate"), r"instruction 0 \(frobnicate\): there is no such kernel"),
    "an operand beyond the arena": (dict(kernel="fill", out=[(0, 0, F, (100,), (1,))]), r"instruction 0 \(fill\): an operand ends at byte 400 of an arena of 256"),
    "an operand before the arena": (dict(kernel="fill", out=[(0, 0, F, (2,), (-1,))]), "starts before its base"),
    "a size that overflows": (dict(kernel="fill", out=[(0, 0, F, (2**40, 2**40), (1, 1))]), "does not fit 64 bits"),
    "strides that overflow": (dict(kernel="fill", out=[(0, 0, F, (3,), (2**62,))]), "does not fit 64 bits"),
    "a negative dimension": (dict(kernel="fill", out=[(0, 0, F, (-1,), (1,))]), "a dimension is negative"),
    "an unknown base": (dict(kernel="fill", out=[(7, 0, F, (1,), (1,))]), "has base 7 of 2"),
    "an unknown dtype": (dict(kernel="fill", out=[(0, 0, "float16", (1,), (1,))]), "instruction 0: unknown dtype \"float16\""),
    "an odd offset": (dict(kernel="fill", out=[(0, 2, F, (1,), (1,))]), "not a multiple of its element size"),
    "nine dimensions": (dict(kernel="fill", out=[(0, 0, F, (1,) * 9, (1,) * 9)]), "more than 8 dimensions"),
    "matrices that do not fit": (dict(kernel="gemm", **{"in": [(0, 0, F, (2, 3), (3, 1)), (0, 0, F, (2, 3), (3, 1))]}, out=[(0, 0, F, (2, 3), (3, 1))]), "B does not fit A and C"),
    "a dtype the kernel does not know": (dict(kernel="softmax", **{"in": [(0, 0, "int32", (2, 3), (3, 1))]}, out=[(0, 0, "int32", (2, 3), (3, 1))]), r"\(softmax\): is for float32"),
    "map without a chain": (dict(kernel="map", out=[(0, 0, F, (1,), (1,))]), "map needs a chain"),
    "an unknown functor": (dict(kernel="map", out=[(0, 0, F, (1,), (1,))], chain=chain((1,), [("sinh", F, [("c", 1, F)], 0)])), "no functor \"sinh\" from float32 to float32"),
    "a register that holds nothing": (dict(kernel="map", out=[(0, 0, F, (1,), (1,))], chain=chain((1,), [("exp", F, [1], 0)], 1)), "register 1, which holds nothing"),
    "an output nobody writes": (dict(kernel="map", out=[(0, 0, F, (1,), (1,))], chain=chain((1,), [("exp", F, [("c", 1, F)], 1)], 1)), "no step writes output 0"),
    "a chain where none belongs": (dict(kernel="fill", out=[(0, 0, F, (1,), (1,))], chain=chain((1,), [])), "takes no chain"),
    "a wrong field": (dict(kernel="fill", out=[(0, 0, F, ("x",), (1,))]), "instruction 0: a field has the wrong type"),
    "a scan beyond the arena": (dict(kernel="scan", **{"in": [(0, 0, F, (1,), (1,))]}, ints=[100, 0, 4], body=[dict(kernel="fill", out=[(1, 0, F, (1,), (1,))])]), "an operand ends at byte 400"),
    "an axis that is not there": (dict(kernel="sum", **{"in": [(0, 0, F, (2,), (1,))]}, out=[(0, 0, F, (2,), (1,))], ints=[1]), "no such axis"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(isa, what):
    instruction, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        _native.Program([instruction], 256, 2, isa=isa)


def test_bases_are_checked_when_bound(isa):
    double = [dict(kernel="map", **{"in": [(1, 0, F, (10,), (1,))]}, out=[(2, 0, F, (10,), (1,))], chain=chain((10,), [("add", F, [0, 0], 1)]))]
    program = _native.Program(double, 0, 3, isa=isa)
    with pytest.raises(ValueError, match="base 1 is not bound"):
        program.run()
    with pytest.raises(ValueError, match="base 1 needs 40 bytes, the array has 36"):
        program.bind(1, np.zeros(9, F))
    with pytest.raises(ValueError, match="no base 3"):
        program.bind(3, np.zeros(10, F))
    with pytest.raises(ValueError, match="C-contiguous"):
        program.bind(1, np.zeros((10, 2), F)[:, 0])
    frozen, x = np.zeros(10, F), np.arange(10, dtype=F)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        program.bind(2, frozen)
    program.bind(1, x)
    with pytest.raises(ValueError, match="overlaps base 1"):
        program.bind(2, x)
    y = np.zeros(10, F)
    program.bind(2, y)
    program.run()
    assert np.array_equal(y, 2 * x)
    program.bind(1, frozen)
    program.run()
    assert np.array_equal(y, np.zeros(10))


def test_instruction_sets_are_chosen_by_name():
    assert _native.Program([], 0, 1, isa=ISAS[-1]).isa == ISAS[-1]
    with pytest.raises(ValueError, match="cannot run instruction set \"quantum\"; possible: " + ", ".join(ISAS)):
        _native.Program([], 0, 1, isa="quantum")
    code = "from lamina import _native; print(_native.isa()); _native.Program([], 0, 1)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    good = subprocess.run([sys.executable, "-c", code], env={**environment, "LAMINA_ISA": ISAS[-1]}, capture_output=True, text=True)
    assert good.stdout.strip() == ISAS[-1] and good.returncode == 0
    bad = subprocess.run([sys.executable, "-c", code], env={**environment, "LAMINA_ISA": "quantum"}, capture_output=True, text=True)
    assert "possible: " + ", ".join(ISAS) in bad.stderr


def test_the_number_of_threads():
    with pytest.raises(ValueError, match="from 1 to 1024"):
        _native.set_num_threads(0)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "from lamina import _native; print(_native.get_num_threads())"
    assert subprocess.run([sys.executable, "-c", code], env={**environment, "LAMINA_NUM_THREADS": "3"}, capture_output=True, text=True).stdout.strip() == "3"
    bad = subprocess.run([sys.executable, "-c", code], env={**environment, "LAMINA_NUM_THREADS": "many"}, capture_output=True, text=True)
    assert "ValueError" in bad.stderr and "many" in bad.stderr
