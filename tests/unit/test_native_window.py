"""Convolution and pooling in the engine against the reference, on every instruction set: odd geometries."""

import numpy as np
import pytest

from lamina import _native, ops
from lamina.backends import native
from lamina.ops.conv import conv_, conv_input_grad, conv_kernel_grad
from lamina.ops.pool import max_pool_, max_pool_grad, sum_pool_, sum_pool_grad
from lamina.trace import Variable, trace
from lamina.types import Type
from unit.engine_programs import Arena


def geometry(x, kernel, strides=None, low=None, high=None, dilation=None, groups=1):
    """Shapes of image and kernel, and the options of a convolution."""
    axes = len(x) - 2
    low, ones = low or (0,) * axes, (1,) * axes
    padding = tuple(zip(low, high or low))
    return x, kernel, {"strides": strides or ones, "padding": padding, "dilation": dilation or ones, "groups": groups}


CONVOLUTIONS = {
    "same": geometry((2, 9, 11, 5), (3, 3, 5, 7), low=(1, 1)),
    "valid, wide channels": geometry((3, 8, 9, 40), (3, 3, 40, 70)),
    "one channel": geometry((5, 13, 12, 1), (3, 3, 1, 33)),
    "three channels, strided": geometry((2, 23, 21, 3), (7, 7, 3, 18), (2, 2), (3, 3)),
    "strides 2 and 3": geometry((2, 12, 13, 6), (3, 4, 6, 9), (2, 3), (1, 2), (0, 3)),
    "strides larger than the kernel": geometry((2, 11, 14, 4), (2, 1, 4, 5), (4, 5)),
    "dilated": geometry((2, 13, 14, 6), (3, 3, 6, 20), None, (2, 3), None, (2, 3)),
    "dilated and strided": geometry((2, 13, 14, 6), (3, 2, 6, 8), (3, 2), (2, 1), None, (2, 3)),
    "kernel larger than the image": geometry((2, 3, 4, 5), (5, 6, 5, 4), None, (2, 3)),
    "padding larger than the kernel": geometry((2, 3, 4, 5), (2, 3, 5, 4), (2, 1), (5, 4), (3, 6)),
    "pointwise": geometry((3, 6, 5, 37), (1, 1, 37, 50)),
    "pointwise, strided": geometry((3, 7, 9, 20), (1, 1, 20, 10), (2, 3)),
    "groups": geometry((2, 9, 8, 12), (3, 3, 4, 21), None, (1, 1), None, None, 3),
    "wide groups, strided": geometry((2, 9, 8, 66), (3, 3, 33, 72), (2, 1), (1, 1), None, None, 2),
    "depthwise": geometry((2, 9, 8, 35), (3, 3, 1, 35), None, (1, 1), None, None, 35),
    "depthwise, strided, dilated": geometry((2, 11, 9, 16), (3, 2, 1, 16), (2, 3), (1, 1), None, (2, 1), 16),
    "depthwise in place": geometry((2, 8, 9, 32), (5, 5, 1, 32), None, None, None, None, 32),
    "depthwise, three filters a channel": geometry((2, 7, 8, 13), (3, 3, 1, 39), (1, 2), (1, 1), None, None, 13),
    "depthwise, more than a section": geometry((1, 5, 6, 530), (3, 3, 1, 530), None, (1, 1), None, None, 530),
    "depthwise, wide rows": geometry((2, 4, 90, 64), (3, 3, 1, 64), (1, 2), (1, 1), None, None, 64),
    "depthwise of 7, odd channels": geometry((2, 10, 12, 43), (7, 7, 1, 43), None, (3, 3), None, None, 43),
    "depthwise of 7 on 7": geometry((2, 7, 7, 96), (7, 7, 1, 96), None, (3, 3), None, None, 96),
    "depthwise of 5, strides 2": geometry((2, 13, 17, 48), (5, 5, 1, 48), (2, 2), (2, 2), None, None, 48),
    "depthwise, dilated along the row": geometry((2, 9, 19, 20), (3, 3, 1, 20), None, (2, 3), None, (1, 3), 20),
    "depthwise, two filters a channel": geometry((2, 9, 8, 24), (5, 3, 1, 48), None, (2, 1), None, None, 24),
    "depthwise, many filters a channel": geometry((2, 6, 7, 2), (3, 3, 1, 66), (2, 2), (1, 1), None, None, 2),
    "depthwise, much padding": geometry((2, 3, 4, 17), (2, 3, 1, 17), (2, 1), (5, 4), (3, 6), None, 17),
    "depthwise, strides larger than the kernel": geometry((2, 11, 14, 33), (2, 1, 1, 33), (4, 5), None, None, None, 33),
    "depthwise, one axis": geometry((3, 500, 18), (5, 1, 18), None, (4,), (0,), None, 18),
    "depthwise, three axes": geometry((2, 5, 6, 7, 19), (3, 2, 3, 1, 19), (2, 1, 2), (1, 0, 1), None, None, 19),
    "depthwise, very many taps": geometry((1, 12, 11, 6, 5), (9, 8, 3, 1, 5), None, (4, 4, 1), None, None, 5),
    "one axis": geometry((3, 40, 6), (5, 6, 10), (2,), (2,)),
    "one long axis": geometry((1, 1500, 3), (9, 3, 4), None, (4,), None, (3,)),
    "one long axis, strided": geometry((1, 1501, 2), (4, 2, 17), (3,), (1,)),
    "three axes": geometry((2, 5, 6, 7, 3), (3, 2, 3, 3, 10), (2, 1, 2), (1, 0, 1)),
    "many sums": geometry((1, 4, 4, 700), (3, 3, 700, 9), None, (1, 1)),
    "very many channels": geometry((2, 3, 3, 1500), (1, 2, 1500, 33)),
    "small images": geometry((20, 3, 3, 64), (3, 3, 64, 96), None, (1, 1)),
    "wide": geometry((4, 12, 11, 32), (3, 3, 32, 48), (2, 1), (1, 1)),
    "wide, dilated": geometry((3, 12, 11, 64), (3, 3, 64, 32), None, (2, 1), None, (2, 1)),
    "wide, three axes": geometry((2, 5, 4, 6, 16), (2, 2, 3, 16, 24), None, (0, 1, 1)),
    "no images": geometry((0, 5, 5, 3), (3, 3, 3, 4)),
    "no channels": geometry((2, 5, 5, 0), (3, 3, 0, 4)),
    "no filters": geometry((2, 5, 5, 3), (3, 3, 3, 0)),
}


def draw(*shape, seed=3):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def run(isa, body, *arrays, threads=1):
    """The outputs of a program whose last argument is a variable; no Python in it."""
    *given, last = arrays
    variable = Variable(last, name="w")
    traced = trace(lambda *xs: body(*xs, variable.value), [Type("float32", x.shape) for x in given])
    program = native.compile(traced.bound, isa)
    assert {p.backend for p in program.placement()} == {"native"}
    _native.set_num_threads(threads)
    return program.run(*given)


def assert_close(got, want, count):
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=3e-6 * max(1, count) ** 0.5)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution_and_its_gradients(isa, name, sparse):
    shape, size, options = CONVOLUTIONS[name]
    x, kernel = draw(*shape), draw(*size, seed=4)
    wide = x.astype("float64"), kernel.astype("float64")
    want = conv_.compute(np, *wide, **options)
    assert_close(run(isa, lambda x, k: conv_(x, k, **options), x, kernel)[0], want, np.prod(size[:-1]))
    dy = draw(*want.shape, seed=5)
    if sparse:
        dy *= np.random.default_rng(6).random(dy.shape) < 0.1
    want = conv_input_grad.compute(np, dy.astype("float64"), wide[1], shape=shape, **options)
    got = run(isa, lambda dy, k: conv_input_grad(dy, k, shape=shape, **options), dy, kernel)[0]
    assert_close(got, want, np.prod(size[:-2]) * size[-1])
    want = conv_kernel_grad.compute(np, wide[0], dy.astype("float64"), shape=size, **options)
    got = run(isa, lambda x, dy: conv_kernel_grad(x, dy, shape=size, **options), x, dy)[0]
    assert_close(got, want, np.prod(dy.shape[:-1]))


@pytest.mark.parametrize(
    "name",
    [
        "same",
        "groups",
        "depthwise",
        "depthwise, more than a section",
        "depthwise, two filters a channel",
        "pointwise",
        "one channel",
        "strides 2 and 3",
        "no images",
    ],
)
def test_a_chain_follows_in_the_same_instruction(isa, name):
    shape, size, options = CONVOLUTIONS[name]
    x, kernel = draw(*shape), draw(*size, seed=4)
    y = conv_.compute(np, x, kernel, **options)
    bias, scale = draw(size[-1], seed=6), draw(shape[0], *(1,) * (len(shape) - 2), size[-1], seed=7)

    def body(x, bias, scale, kernel):
        z = conv_(x, kernel, **options)
        return [ops.relu(z + bias) * scale, z]

    got, raw = run(isa, body, x, bias, scale, kernel)
    assert_close(raw, y, np.prod(size[:-1]))
    assert_close(got, np.maximum(y + bias, 0) * scale, np.prod(size[:-1]))

    def back(dy, mask, kernel):
        return ops.where(mask > 0.0, conv_input_grad(dy, kernel, shape=shape, **options), 0.0)

    dx = conv_input_grad.compute(np, y, kernel, shape=shape, **options)
    got = run(isa, back, y, x, kernel)[0]
    np.testing.assert_allclose(got, np.where(x > 0, dx, 0), rtol=1e-4, atol=1e-5 * np.abs(dx).max(initial=1))


@pytest.mark.parametrize("chained", [True, False])
@pytest.mark.parametrize("groups", [1, 2, 4, 8])
def test_groups_that_fill_one_panel_together(isa, groups, chained):
    """As many filters as a panel has columns, but in groups: each has a panel of its own."""
    for columns in (8, 16, 32):
        x, k = draw(2, 5, 6, columns), draw(3, 3, columns // groups, columns, seed=4)
        _, _, options = geometry(x.shape, k.shape, low=(1, 1), groups=groups)

        def step(x, k, dy, options=options):
            y, dx = conv_(x, k, **options), conv_input_grad(dy, k, shape=tuple(x.shape), **options)
            return [ops.tanh(y) * 0.5 + x, dx * dy] if chained else [y, dx]

        program = trace(step, [Type("float32", a.shape) for a in (x, k, x)])
        want = program.program("reference").run(x, k, x)
        for got, right in zip(native.compile(program.bound, isa).run(x, k, x), want, strict=True):
            assert_close(got, right, 9 * columns)


def test_a_result_that_is_a_piece_of_another(isa):
    x, kernel = draw(2, 6, 5, 4), draw(3, 3, 4, 4, seed=4)
    options = CONVOLUTIONS["same"][2]
    want = np.maximum(conv_.compute(np, x, kernel, **options), 0)
    for axis in range(4):
        got = run(isa, lambda x, k, a=axis: ops.concatenate([x, ops.relu(conv_(x, k, **options))], a), x, kernel)[0]
        assert_close(got, np.concatenate([x, want], axis), 36)


POOLS = {
    "pairs": ((3, 8, 6, 33), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "odd sizes": ((3, 9, 7, 5), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "overlapping, padded": ((2, 9, 7, 20), (3, 3), (2, 2), ((1, 1), (2, 0))),
    "gaps": ((2, 11, 12, 16), (2, 3), (3, 5), ((1, 0), (0, 2))),
    "one axis": ((2, 30, 3), (4,), (3,), ((2, 1),)),
    "three axes": ((2, 5, 6, 4, 7), (2, 3, 2), (1, 2, 2), ((0, 1), (1, 1), (0, 0))),
    "no channels": ((2, 4, 4, 0), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "no images": ((0, 4, 4, 3), (2, 2), (2, 2), ((0, 0), (0, 0))),
}


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("name", POOLS)
def test_pooling_and_its_gradients(isa, name, special):
    shape, size, strides, padding = POOLS[name]
    options = {"size": size, "strides": strides, "padding": padding}
    x = np.round(draw(*shape), 1)  # ties
    if special:
        rng = np.random.default_rng(8)
        x = np.where(rng.random(shape) < 0.2, rng.choice([np.nan, -np.inf, np.inf, 0.0, -0.0], shape), x).astype(
            "float32"
        )
    with np.errstate(all="ignore"):
        want = max_pool_.compute(np, x, **options)
        np.testing.assert_array_equal(run(isa, lambda x: max_pool_(x, **options), x)[0], want)
        dy = draw(*want.shape, seed=9)
        got = run(isa, lambda x, dy: max_pool_grad(x, dy, **options), x, dy)[0]
        np.testing.assert_allclose(got, max_pool_grad.compute(np, x, dy, **options), rtol=1e-6, atol=1e-6)
        want = sum_pool_.compute(np, x, **options)
        np.testing.assert_allclose(run(isa, lambda x: sum_pool_(x, **options), x)[0], want, rtol=1e-5, atol=1e-5)
        got = run(isa, lambda dy: sum_pool_grad(dy, shape=shape, **options), dy)[0]
        np.testing.assert_allclose(got, sum_pool_grad.compute(np, dy, shape=shape, **options), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "case",
    [
        geometry((9, 26, 27, 17), (3, 3, 17, 40), (1, 2), (1, 1)),
        geometry((16, 14, 14, 64), (3, 3, 1, 64), None, (1, 1), None, None, 64),
        geometry((5, 31, 33, 43), (5, 3, 1, 43), (2, 1), (2, 1), None, None, 43),
        geometry((40, 28, 28, 1), (3, 3, 1, 32)),
        geometry((4, 7, 7, 96), (3, 3, 96, 160), None, (1, 1)),
    ],
)
def test_bits_do_not_depend_on_threads(isa, case):
    shape, size, options = case
    x, kernel = draw(*shape), draw(*size, seed=4)
    pool = {"size": (2, 2), "strides": (2, 2), "padding": ((0, 1), (0, 1))}

    def body(x, kernel):
        y = ops.relu(conv_(x, kernel, **options))
        z = max_pool_(y, **pool)
        dy = max_pool_grad(y, z * 0.1, **pool)
        dx = conv_input_grad(dy, kernel, shape=shape, **options)
        return [y, z, dy, dx, conv_kernel_grad(x, dy, shape=size, **options)]

    first = run(isa, body, x, kernel, threads=1)
    for threads in (2, 3, 8):
        for a, b in zip(first, run(isa, body, x, kernel, threads=threads)):
            assert np.array_equal(a, b)


GOOD = [1, 5, 3, 1, 1, 1, 5, 6, 3, 1, 1, 1, 6]
REFUSED = {
    "no numbers": ([], "needs groups"),
    "half an axis": (GOOD[:-2], "needs groups"),
    "another image": ([1, 4, *GOOD[2:]], "does not fit the window"),
    "a stride of zero": ([1, 5, 3, 0, *GOOD[4:]], "must be positive"),
    "negative padding": ([1, 5, 3, 1, 1, -1, *GOOD[6:]], "negative"),
    "a huge dilation": ([1, 5, 3, 1, 2**29, *GOOD[5:]], "reaches too far"),
    "groups that do not divide": ([5, *GOOD[1:]], "multiples of groups"),
    "a larger window": ([1, 5, 30, *GOOD[3:]], "kernel is too small"),
    "more windows": ([1, 5, 3, 1, 1, 1, 7, *GOOD[7:]], "another number of pixels"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(isa, what):
    ints, message = REFUSED[what]
    arena = Arena(isa)
    x = arena.room((2, 5, 6, 4))
    kernel = arena.room((_native.packed_size(36, 3, isa) // 4,))
    y = arena.room((60, 3))
    arena.add("conv", [x, kernel], [y], ints=ints)
    with pytest.raises(ValueError, match=message):
        arena.program()
