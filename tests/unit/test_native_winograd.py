"""Convolution in tiles (Winograd) against the reference and against the direct form, on every instruction set."""

import numpy as np
import pytest

from lamina import _native, ops
from lamina.backends import native
from lamina.backends.native.winograd import pays
from lamina.ops.conv import conv_, conv_input_grad, conv_kernel_grad
from lamina.ops.pool import max_pool_grad
from lamina.trace import Variable, trace
from lamina.types import Type
from unit.engine_programs import Arena
from unit.test_native_window import draw, geometry, run

TILED = {
    "odd sizes": geometry((4, 9, 11, 20), (3, 3, 20, 37), low=(1, 1)),
    "no padding": geometry((3, 18, 14, 8), (3, 3, 8, 8)),
    "more padding than the window": geometry((2, 16, 13, 9), (3, 3, 9, 17), low=(3, 4), high=(0, 5)),
    "uneven padding": geometry((4, 11, 12, 16), (3, 3, 16, 33), low=(0, 2), high=(2, 0)),
    "groups": geometry((3, 13, 15, 36), (3, 3, 12, 60), None, (1, 1), None, None, 3),
    "small images": geometry((32, 4, 3, 40), (3, 3, 40, 24), low=(1, 1)),
    "one line of tiles": geometry((1, 4, 130, 8), (3, 3, 8, 70), low=(1, 1)),
    "a line that is cut": geometry((1, 7, 900, 8), (3, 3, 8, 9), low=(1, 1)),
    "many images": geometry((40, 12, 12, 24), (3, 3, 24, 20), low=(1, 1)),
    "a window of 5": geometry((3, 13, 14, 20), (5, 5, 20, 33), low=(2, 1)),
    "a window of 5, groups": geometry((5, 11, 10, 32), (5, 5, 16, 36), None, (2, 2), None, None, 2),
    "strides": geometry((2, 31, 30, 40), (3, 3, 40, 37), (2, 2), (1, 1)),
    "strides, even padding": geometry((4, 24, 23, 33), (3, 3, 33, 48), (2, 2), (0, 2), (1, 1)),
    "strides, groups": geometry((2, 31, 32, 64), (3, 3, 32, 70), (2, 2), (1, 0), (1, 1), None, 2),
    "strides, a line that is cut": geometry((1, 16, 1500, 32), (3, 3, 32, 33), (2, 2), (1, 1)),
    "strides, very many channels": geometry((2, 32, 32, 1100), (3, 3, 1100, 32), (2, 2), (1, 1)),
    "very many channels": geometry((2, 16, 16, 1100), (3, 3, 1100, 8), low=(1, 1)),
    "very many filters": geometry((2, 16, 16, 8), (3, 3, 8, 1100), low=(1, 1)),
}


def assert_close(got, want, count):
    """Three times what the direct form is held to (docs/decisions/0008-winograd.md); long sums lose more in both."""
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=3e-6 * max(3 * count**0.5, count / 5))


def kernels(body, *arrays):
    """The kernels of the program."""
    *given, last = arrays
    variable = Variable(last, name="w")
    traced = trace(lambda *xs: body(*xs, variable.value), [Type("float32", x.shape) for x in given])
    return {d.kernel for d in native.compile(traced.bound).drafts}


@pytest.mark.parametrize("name", TILED)
def test_forward_and_to_the_input(isa, name):
    shape, size, options = TILED[name]
    x, kernel, bias = draw(*shape), draw(*size, seed=4), draw(size[-1], seed=6)
    y = conv_.compute(np, x.astype("float64"), kernel.astype("float64"), **options)
    forward = {
        "conv": lambda x, k: conv_(x, k, **options),
        "chain": lambda x, b, k: ops.tanh(conv_(x, k, **options) + b),
    }
    assert kernels(forward["conv"], x, kernel) == kernels(forward["chain"], x, bias, kernel) == {"winograd"}
    assert_close(run(isa, forward["conv"], x, kernel)[0], y, np.prod(size[:-1]))
    assert_close(run(isa, forward["chain"], x, bias, kernel)[0], np.tanh(y + bias), np.prod(size[:-1]))
    dy = draw(*y.shape, seed=5)
    want = conv_input_grad.compute(np, dy.astype("float64"), kernel.astype("float64"), shape=shape, **options)

    def back(dy, k):
        return conv_input_grad(dy, k, shape=shape, **options)

    assert kernels(back, dy, kernel) == {"winograd"}
    assert_close(run(isa, back, dy, kernel)[0], want, np.prod(size[:2]) * size[-1])


@pytest.mark.parametrize(
    "name",
    [
        "odd sizes",
        "groups",
        "a line that is cut",
        "very many filters",
        "many images",
        "a window of 5",
        "strides",
        "strides, groups",
    ],
)
def test_bits_do_not_depend_on_threads(isa, name):
    shape, size, options = TILED[name]
    x, kernel = draw(*shape), draw(*size, seed=4)

    def body(x, kernel):
        y = ops.relu(conv_(x, kernel, **options))
        dx = conv_input_grad(y, kernel, shape=shape, **options)
        return [y, dx, conv_kernel_grad(x, y, shape=size, **options)]

    first = run(isa, body, x, kernel, threads=1)
    for threads in (2, 3, 8):
        for a, b in zip(first, run(isa, body, x, kernel, threads=threads)):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("name", TILED)
def test_to_the_kernel(isa, name):
    shape, size, options = TILED[name]
    x = draw(*shape)
    y = conv_.infer(Type("float32", shape), Type("float32", size), **options).shape
    dy = draw(*y, seed=5)
    want = conv_kernel_grad.compute(np, x.astype("float64"), dy.astype("float64"), shape=size, **options)

    def body(x, dy):
        return conv_kernel_grad(x, dy, shape=size, **options)

    assert kernels(body, x, dy) == {"winograd_kernel_grad"}
    assert_close(run(isa, body, x, dy)[0], want, np.prod(dy.shape[:-1]))


@pytest.mark.parametrize("what", ["conv", "conv_input_grad", "conv_kernel_grad"])
def test_errors_against_those_of_the_direct_form(isa, what, monkeypatch):
    """Below three times in an output, four in the kernel's gradient."""
    x, kernel, dy = draw(4, 24, 24, 32), draw(3, 3, 32, 16, seed=4), draw(4, 24, 24, 16, seed=5)
    options = geometry(x.shape, kernel.shape, low=(1, 1))[2]
    op, a, b = {
        "conv": (conv_, x, kernel),
        "conv_input_grad": (conv_input_grad, dy, kernel),
        "conv_kernel_grad": (conv_kernel_grad, x, dy),
    }[what]
    if what != "conv":
        options["shape"] = x.shape if what == "conv_input_grad" else kernel.shape
    want = op.compute(np, a.astype("float64"), b.astype("float64"), **options)

    def error():
        return np.sqrt(np.mean((run(isa, lambda a, b: op(a, b, **options), a, b)[0] - want) ** 2))

    tiled = error()
    monkeypatch.setenv("LAMINA_WINOGRAD", "0")
    assert kernels(lambda a, b: op(a, b, **options), a, b) == {what}
    assert 0 < tiled < (4 if what == "conv_kernel_grad" else 3) * error()


def test_what_is_not_finite_stays_within_its_tiles(isa):
    x, kernel = draw(1, 24, 24, 8), draw(3, 3, 8, 8, seed=4)
    options = geometry(x.shape, kernel.shape, low=(1, 1))[2]
    want = conv_.compute(np, x, kernel, **options)
    x[0, 9, 9, 3] = np.inf
    got = run(isa, lambda x, k: conv_(x, k, **options), x, kernel)[0]
    touched = ~np.isfinite(got).all(axis=(0, 3))
    assert touched[8:11, 8:11].all()
    assert touched[8:12, 8:12].sum() == touched.sum()
    assert_close(np.where(touched[..., None], 0, got), np.where(touched[..., None], 0, want), 72)


def test_gradients_behind_max_pooling_stay_direct_and_sparse():
    shape, size, options = geometry((4, 16, 16, 16), (3, 3, 16, 16), low=(1, 1))
    x, dz, kernel = draw(*shape), draw(4, 8, 8, 16), draw(*size, seed=4)

    def body(overlap, x, dz, k):
        pool = {"size": (2 + overlap,) * 2, "strides": (2, 2), "padding": ((0, overlap),) * 2}
        return conv_input_grad(ops.relu(max_pool_grad(x, dz, **pool)), k, shape=shape, **options)

    assert "conv_input_grad" in kernels(lambda *a: body(0, *a), x, dz, kernel)
    assert "winograd" in kernels(lambda *a: body(1, *a), x, dz, kernel)


AXIS = [16, 3, 1, 1, 1, 16]


@pytest.mark.parametrize(
    ("change", "images", "kernel"),
    [
        ({2: 4}, 4, (4, 4, 16, 16)),  # another window
        ({2: 5, 6: 1}, 40, (5, 5, 16, 16)),
        ({3: 3}, 4, (3, 3, 16, 16)),  # strides
        ({3: 2, 6: 8}, 8, (3, 3, 31, 64)),  # few channels for strides
        ({4: 2}, 4, (3, 3, 16, 16)),  # dilation
        ({1: 2, 6: 2}, 40, (3, 3, 16, 16)),  # images so small that tiles are mostly empty
        ({}, 1, (3, 3, 16, 16)),  # few tiles
        ({}, 4, (3, 3, 7, 16)),  # few channels
        ({}, 4, (3, 3, 16, 7)),  # few filters
        ({0: 16}, 4, (3, 3, 1, 16)),  # depthwise
    ],
)
def test_where_it_does_not_pay(change, images, kernel):
    ints = [1, *AXIS, *AXIS]
    assert pays(ints, 4, (3, 3, 16, 16), False)
    assert pays(ints, 4, (3, 3, 16, 16), True)
    strided = [1, 16, 3, 2, 1, 1, 8, 16, 3, 2, 1, 1, 8]
    assert pays(strided, 8, (3, 3, 32, 64), False)
    for place, number in change.items():
        ints[place] = number
        if place and place + 6 < len(ints):
            ints[place + 6] = number
    assert not pays(ints, images, kernel, False)


GOOD = [1, 3, 0, 8, 1, 8, 8, 1, 8]
REFUSED = {
    "too few numbers": (GOOD[:-1], "three numbers for each"),
    "no groups": ([0, *GOOD[1:]], "groups must be positive"),
    "another window": ([1, 4, *GOOD[2:]], "3 or 5 wide"),
    "another form": ([1, 3, 3, *GOOD[3:]], "no such form"),
    "strides and a window of 5": ([1, 5, 1, *GOOD[3:]], "no such form"),
    "a negative size": ([*GOOD[:5], -8, *GOOD[6:]], "negative"),
    "strides and a negative padding": ([1, 3, 1, 8, -1, *GOOD[5:]], "negative"),
    "a huge padding": ([*GOOD[:4], 2**40, *GOOD[5:]], "too large"),
    "another image": ([*GOOD[:3], 7, *GOOD[4:]], "does not fit the window"),
    "more outputs": ([*GOOD[:5], 9, *GOOD[6:]], "another number of pixels"),
    "groups that do not divide": ([5, *GOOD[1:]], "multiples of groups"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(isa, what):
    ints, message = REFUSED[what]
    arena = Arena(isa)
    x, kernel, y = (
        arena.room((2, 8, 8, 4)),
        arena.room((36 * _native.packed_size(4, 3, isa) // 4,)),
        arena.room((128, 3)),
    )
    arena.add("winograd", [x, kernel], [y], ints=ints)
    with pytest.raises(ValueError, match=message):
        arena.program()


@pytest.mark.parametrize(
    ("x", "dy", "dk", "message"),
    [
        ((2, 8, 7, 4), (2, 8, 8, 6), (3, 3, 4, 6), "does not fit"),
        ((2, 8, 8, 4), (2, 7, 8, 6), (3, 3, 4, 6), "does not fit"),
        ((2, 8, 8, 4), (3, 8, 8, 6), (3, 3, 4, 6), "differ in number"),
        ((2, 8, 8, 4), (2, 8, 8, 6), (3, 2, 4, 6), "window differs"),
        ((2, 8, 8, 4), (2, 8, 8, 6), (3, 3, 4, 5), "do not fit"),
        ((2, 8, 8, 4), (2, 8, 8, 6), (3, 3, 4, 6, 1), "contiguous"),
    ],
)
def test_refused_gradients(isa, x, dy, dk, message):
    arena = Arena(isa)
    arena.add("winograd_kernel_grad", [arena.room(x), arena.room(dy)], [arena.room(dk)], ints=GOOD)
    with pytest.raises(ValueError, match=message):
        arena.program()


def test_no_gradient_of_a_gradient(isa):
    arena = Arena(isa)
    x, dy, dk = arena.room((2, 8, 8, 4)), arena.room((2, 8, 8, 6)), arena.room((3, 3, 4, 6))
    arena.add("winograd_kernel_grad", [x, dy], [dk], ints=[1, 3, 2, *GOOD[3:]])
    with pytest.raises(ValueError, match="no such form"):
        arena.program()


def test_a_kernel_that_is_too_small(isa):
    arena = Arena(isa)
    x, kernel, y = (
        arena.room((2, 8, 8, 4)),
        arena.room((9 * _native.packed_size(4, 3, isa) // 4,)),
        arena.room((128, 3)),
    )
    arena.add("winograd", [x, kernel], [y], ints=GOOD)
    with pytest.raises(ValueError, match="kernel is too small"):
        arena.program()


@pytest.mark.parametrize(
    ("kernel", "out", "ints", "message"),
    [
        ((1, 4, 4, 4, 3), 36, [0], "3 or 5 wide"),
        ((3, 3, 4, 3), 36, [0], "must be"),
        ((1, 3, 3, 4, 3), 35, [0], "too small"),
        ((1, 3, 3, 4, 3), 36, [], "whether there are strides"),
        ((1, 5, 5, 4, 3), 36, [1], "must be 3 wide"),
    ],
)
def test_refused_packing(isa, kernel, out, ints, message):
    arena = Arena(isa)
    arena.add("pack_winograd", [arena.room(kernel)], [arena.room((out * _native.packed_size(4, 3, isa) // 4,))], ints)
    with pytest.raises(ValueError, match=message):
        arena.program()
