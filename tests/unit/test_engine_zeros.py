"""Products whose zeros are left out: the bits of products that multiply them, whoever holds them, however they lie."""

import numpy as np
import pytest

from unit.engine_programs import Arena, assert_close, chain, pack

IN_A, IN_B = 1, 2
SIZES = [  # rows, k, columns
    (128, 512, 512),
    (33, 40, 97),
    (64, 70, 130),
    (25, 1024, 112),
    (24, 32, 96),
    (145, 33, 258),
    (97, 500, 24),
    (109, 64, 99),
    (8, 200, 300),
    (300, 65, 514),
    (97, 200, 66),  # two columns in the last vector; tiles whose last one has few rows
    (227, 128, 389),
]


def emptied(random, shape, how):
    """Numbers of which many are zero, some of them with a sign."""
    x = random.standard_normal(shape).astype("float32")
    rows, columns = shape[-2:]
    keep = {
        "some": random.random(shape) < 0.4,
        "few": random.random(shape) < 0.05,
        "rows": np.broadcast_to(random.random((rows, 1)) < 0.5, shape),
        "columns": np.broadcast_to(random.random((1, columns)) < 0.5, shape),
        "none": np.zeros(shape, bool),
        "late": np.broadcast_to(np.arange(columns) > columns // 2, shape),
        "dense": np.ones(shape, bool),
    }[how]
    return x * np.where(keep, np.float32(1), np.where(random.random(shape) < 0.5, np.float32(0), np.float32(-0.0)))


def multiplied(isa, a, b, hint, packed=False, bias=None, threads=1):
    arena = Arena(isa)
    first, second = arena.put(a), arena.put(b)
    shape = (*a.shape[:-1], b.shape[-1])
    out = arena.room(shape)
    if packed:
        second = pack(arena, second)
    ints = [int(packed), *([0, 0, hint] if hint else [])]
    if bias is None:
        arena.add("gemm", [first, second], [out], ints=ints)
    else:
        ins = [first, second, (*arena.put(bias)[:3], shape, (0,) * (len(shape) - 1) + (1,))]
        steps = [("add", "float32", [0, 1], 2), ("relu", "float32", [2], 2)]
        arena.add("gemm", ins, [out], ints=ints, chain=chain(shape, steps))
    return arena.run(out, threads=threads)


def assert_same_bits(got, want):
    np.testing.assert_array_equal(got, want)
    assert np.array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize("how", ["some", "few", "rows", "columns", "none", "late", "dense"])
@pytest.mark.parametrize(("m", "k", "n"), SIZES)
def test_zeros_of_a_that_are_left_out_change_no_bit(isa, m, k, n, how):
    random = np.random.default_rng(5)
    a, b = emptied(random, (m, k), how), random.standard_normal((k, n)).astype("float32")
    bias = random.standard_normal(n).astype("float32")
    assert_close(multiplied(isa, a, b, IN_A), a.astype("float64") @ b, k)
    for left in (a, np.asfortranarray(a)):
        for right, packed in ((b, False), (np.asfortranarray(b), False), (b, True)):
            for added in (None, bias):
                want = multiplied(isa, left, right, 0, packed, added)
                for threads in (1, 3):
                    assert_same_bits(multiplied(isa, left, right, IN_A, packed, added, threads), want)


@pytest.mark.parametrize("how", ["some", "few", "rows", "columns", "none", "late", "dense"])
@pytest.mark.parametrize(("m", "k", "n"), SIZES)
def test_zeros_of_b_that_are_left_out_change_no_bit(isa, m, k, n, how):
    random = np.random.default_rng(6)
    a, b = random.standard_normal((m, k)).astype("float32"), emptied(random, (k, n), how)
    bias = random.standard_normal(n).astype("float32")
    for left in (a, np.asfortranarray(a)):
        for right in (b, np.asfortranarray(b)):
            for added in (None, bias):
                want = multiplied(isa, left, right, 0, bias=added)
                for hint, threads in ((IN_B, 1), (IN_B, 8), (IN_A | IN_B, 2)):
                    assert_same_bits(multiplied(isa, left, right, hint, bias=added, threads=threads), want)


@pytest.mark.parametrize("hint", [IN_A, IN_B, IN_A | IN_B])
def test_a_batch_of_products(isa, hint):
    random = np.random.default_rng(7)
    a, b = emptied(random, (3, 50, 70), "some"), emptied(random, (3, 70, 110), "some")
    for right in (b, b[:1]):
        want = multiplied(isa, a, right, 0)
        assert_close(want, a.astype("float64") @ right, 70)
        for threads in (1, 2, 3, 8):
            assert_same_bits(multiplied(isa, a, right, hint, threads=threads), want)


def test_what_is_added_may_lie_where_the_result_goes(isa):
    random = np.random.default_rng(8)
    a, b = emptied(random, (128, 300), "some"), random.standard_normal((300, 128)).astype("float32")
    c = random.standard_normal((128, 128)).astype("float32")
    results = []
    for ints in ([0], [0, 0, 0, IN_A]):
        arena = Arena(isa)
        place = arena.put(c)
        steps = [("add", "float32", [0, 1], 2)]
        arena.add("gemm", [arena.put(a), arena.put(b), place], [place], ints=ints, chain=chain(c.shape, steps))
        results.append(arena.run(place))
    assert_same_bits(*results)


@pytest.mark.parametrize(("hint", "side"), [(IN_A, 0), (IN_B, 1)])
def test_what_is_not_finite_is_no_zero(isa, hint, side):
    """Where the zeros are it spreads as ever; in the other operand it may meet nothing but zeros and be left out."""
    random = np.random.default_rng(9)
    pair = [random.standard_normal(s).astype("float32") for s in ((100, 70), (70, 112))]
    pair[side] = emptied(random, pair[side].shape, "some")
    pair[side][3, 7], pair[side][50, 9] = np.nan, np.inf
    assert_same_bits(multiplied(isa, *pair, hint), multiplied(isa, *pair, 0))
    pair[side] = np.nan_to_num(pair[side], posinf=1)
    empty = (slice(None), 5) if side == 0 else (5, slice(None))
    pair[side][empty] = 0
    want = multiplied(isa, *pair, hint)
    pair[1 - side][empty[::-1]] = np.nan
    assert_same_bits(multiplied(isa, *pair, hint), want)
