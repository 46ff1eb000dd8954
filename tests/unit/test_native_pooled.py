"""Convolution, activation and max-pooling with their gradients: whole numbers, so that every way gives equal bits.

Small whole numbers also tie all the time: the first of equals must get the gradient.
"""

from functools import cache

import numpy as np
import pytest

from lamina import _native, ops
from lamina.backends import native, reference
from lamina.gradients import gradients
from lamina.ops.conv import conv_
from lamina.ops.pool import max_pool_
from lamina.trace import trace
from lamina.types import Type


def case(x, kernel, size, strides=None, pads=None, conv=None, low=None, dilation=None, groups=1):
    """Shapes of image and kernel; the pooling's window, strides and padding; the convolution's."""
    axes = len(x) - 2
    zero, one = ((0, 0),) * axes, (1,) * axes
    convolution = {"strides": conv or one, "padding": low or zero, "dilation": dilation or one, "groups": groups}
    return x, kernel, convolution, {"size": size, "strides": strides or size, "padding": pads or zero}


POOLED = {
    "the usual": case((3, 13, 13, 32), (3, 3, 32, 64), (2, 2)),
    "one channel": case((5, 28, 28, 1), (3, 3, 1, 32), (2, 2)),
    "one channel, five by five": case((3, 19, 17, 1), (5, 5, 1, 37), (2, 2)),
    "three channels": case((3, 15, 14, 3), (3, 3, 3, 20), (2, 2), low=((1, 1), (1, 1))),
    "overlapping": case((3, 17, 15, 8), (3, 3, 8, 33), (3, 3), (2, 2)),
    "overlapping, padded": case((2, 14, 13, 5), (3, 3, 5, 7), (3, 3), (2, 2), ((1, 1), (1, 0)), low=((1, 1), (1, 1))),
    "overlapping, one channel": case((2, 14, 13, 1), (3, 3, 1, 7), (3, 3), (2, 2), ((1, 1), (1, 0))),
    "gaps": case((3, 21, 20, 6), (3, 2, 6, 40), (2, 2), (3, 4)),
    "strided": case((2, 25, 23, 4), (5, 3, 4, 18), (2, 2), conv=(2, 3), low=((2, 1), (1, 1))),
    "dilated": case((2, 20, 21, 16), (3, 3, 16, 17), (2, 3), dilation=(2, 3), low=((2, 2), (0, 3))),
    "dilated, one channel": case((2, 20, 21, 1), (3, 3, 1, 17), (2, 3), dilation=(2, 3)),
    "pointwise": case((2, 9, 10, 24), (1, 1, 24, 35), (2, 2)),
    "tall": case((2, 12, 9, 7), (4, 1, 7, 9), (2, 2)),
    "one axis": case((3, 60, 5), (4, 5, 12), (4,), low=((1, 2),)),
    "one axis, one channel": case((3, 500, 1), (7, 1, 12), (4,)),
    "three axes": case((2, 7, 8, 9, 3), (2, 3, 2, 3, 10), (2, 2, 2)),
    "large": case((1, 50, 41, 3), (3, 3, 3, 40), (2, 2), low=((1, 1), (1, 1))),
    "large, many channels": case((1, 42, 43, 20), (3, 3, 20, 40), (2, 2), low=((1, 1), (1, 1))),
    "many windows of one row": case((1, 6, 420, 2), (3, 3, 2, 5), (2, 2)),
    "windows of more than 255 cells": case((2, 20, 21, 2), (3, 3, 2, 9), (17, 16), (2, 3)),
    "wide": case((3, 6, 6, 130), (3, 3, 130, 70), (2, 2)),
    "more gradients than a dense product wants": case((2, 9, 8, 4), (3, 3, 4, 6), (2, 2), (1, 1)),
    "groups": case((2, 9, 8, 4), (3, 3, 2, 6), (2, 2), groups=2),
    "no images": case((0, 9, 8, 4), (3, 3, 4, 6), (2, 2)),
    "no channels": case((2, 9, 8, 0), (3, 3, 0, 6), (2, 2)),
}
DENSE = {"more gradients than a dense product wants", "groups"}
ACTIVATIONS = {
    "relu": ops.relu,
    "none": lambda z: z,
    "capped": lambda z: ops.minimum(ops.relu(z), 2.0),
    "leaky": lambda z: ops.where(z > 0.0, z, z * 0.5),
    "square": lambda z: z * z,
}


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Winograd's products round whole numbers too."""
    monkeypatch.setenv("LAMINA_WINOGRAD", "0")


def whole(rng, low, high, *shape):
    return rng.integers(low, high, shape, endpoint=True).astype("float32")


def step(convolution, pooling, activation):
    """The pooled values, and the gradients to the image, the kernel and the bias."""

    def body(x, kernel, bias, dy):
        y = max_pool_(activation(conv_(x, kernel, **convolution) + bias), **pooling)
        return [y, *gradients([y], [x, kernel, bias], [dy])]

    return body


def drawn(name):
    x, kernel, convolution, pooling = POOLED[name]
    rng = np.random.default_rng(11)
    image, weights = whole(rng, -2, 2, *x), whole(rng, -1, 1, *kernel)
    y = max_pool_.compute(np, conv_.compute(np, image, weights, **convolution), **pooling)
    dy = whole(rng, -2, 2, *y.shape)
    return (image, weights, whole(rng, -2, 2, kernel[-1]), dy), convolution, pooling


@cache
def answered(name, activation):
    """The arguments, the traced step and what the reference makes of them."""
    arrays, convolution, pooling = drawn(name)
    body = step(convolution, pooling, ACTIVATIONS[activation])
    bound = trace(body, [Type("float32", a.shape) for a in arrays]).bound
    return arrays, bound, reference.compile(bound).run(*arrays)


@pytest.mark.parametrize("activation", ["relu", "none"])
@pytest.mark.parametrize("name", POOLED)
def test_step_equals_the_reference(isa, name, activation):
    arrays, bound, want = answered(name, activation)
    program = native.compile(bound, isa)
    assert {p.backend for p in program.placement()} == {"native"}
    kernels = {d.kernel for d in program.drafts}
    assert ("conv_max_pool" in kernels) == ("max_pool" not in kernels) == (name != "groups")
    assert ("pooled_kernel_grad" in kernels) == ("max_pool_grad" not in kernels) == (name not in DENSE)
    for threads in (1, 2, 3, 8):
        _native.set_num_threads(threads)
        for got, right in zip(program.run(*arrays), want, strict=True):
            np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("name", ["the usual", "overlapping, padded", "strided"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_other_activations(name, activation):
    arrays, bound, want = answered(name, activation)
    for got, right in zip(native.compile(bound).run(*arrays), want, strict=True):
        np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("name", ["the usual", "overlapping, padded", "three axes", "tall", "many windows of one row"])
def test_chains_that_know_their_pixels(isa, name):
    (x, kernel, bias, _), convolution, pooling = drawn(name)
    more = whole(np.random.default_rng(5), -2, 2, *conv_.compute(np, x, kernel, **convolution).shape)

    def body(x, kernel, bias, more):
        z = conv_(x, kernel, **convolution)
        a = ops.relu(z + bias)
        return [max_pool_(a * more + z, **pooling)]

    bound = trace(body, [Type("float32", a.shape) for a in (x, kernel, bias, more)]).bound
    program = native.compile(bound, isa)
    assert "conv_max_pool" in {d.kernel for d in program.drafts}
    want = reference.compile(bound).run(x, kernel, bias, more)
    np.testing.assert_array_equal(program.run(x, kernel, bias, more)[0], want[0])


@pytest.mark.parametrize("name", ["the usual", "overlapping, padded", "gaps", "one axis"])
@pytest.mark.parametrize("activation", ["relu", "none", "capped", "square"])
def test_without_a_gradient_the_pooled_values_are_activated(isa, name, activation):
    (x, kernel, bias, _), convolution, pooling = drawn(name)
    x.flat[0] = np.nan
    bias[:3] = np.inf, -np.inf, np.nan

    def body(x, kernel, bias):
        return [max_pool_(ACTIVATIONS[activation](1.0 + conv_(x, kernel, **convolution) - bias), **pooling)]

    bound = trace(body, [Type("float32", a.shape) for a in (x, kernel, bias)]).bound
    program = native.compile(bound, isa)
    (draft,) = (d for d in program.drafts if d.kernel == "conv_max_pool")
    assert (draft.chain is None) == (activation != "square")
    np.testing.assert_array_equal(program.run(x, kernel, bias)[0], reference.compile(bound).run(x, kernel, bias)[0])


def test_what_others_read_is_made():
    (x, kernel, bias, dy), convolution, pooling = drawn("the usual")

    def image_too(x, kernel, bias, dy):
        a = ops.relu(conv_(x, kernel, **convolution) + bias)
        return [a, max_pool_(a, **pooling)]

    def gradient_too(x, kernel, bias, dy):
        a = ops.relu(conv_(x, kernel, **convolution) + bias)
        y = max_pool_(a, **pooling)
        return [*gradients([y], [a, kernel], [dy]), ops.mean(a * 2.0)]

    def two_poolings(x, kernel, bias, dy):
        a = conv_(x, kernel, **convolution) + bias
        other = {**pooling, "size": (3, 3)}
        y, z = max_pool_(a, **pooling), max_pool_(a, **other)
        return gradients([y, z], [x, kernel, bias], [dy, dy])

    arrays = x, kernel, bias, dy
    for body in (image_too, gradient_too, two_poolings):
        bound = trace(body, [Type("float32", a.shape) for a in arrays]).bound
        for got, right in zip(native.compile(bound).run(*arrays), reference.compile(bound).run(*arrays), strict=True):
            np.testing.assert_array_equal(got, right)


def test_special_values_choose_as_the_reference(isa):
    (x, kernel, bias, dy), convolution, pooling = drawn("overlapping, padded")
    rng = np.random.default_rng(7)
    bias = np.array([np.nan, np.inf, -np.inf, 0, 1, -1, 2], "float32")
    x = np.where(rng.random(x.shape) < 0.02, np.nan, x).astype("float32")

    def body(x, kernel, bias, dy):
        a = conv_(x, kernel, **convolution) + bias
        y = max_pool_(a, **pooling)
        return [y, *gradients([y], [a], [dy])]

    bound = trace(body, [Type("float32", a.shape) for a in (x, kernel, bias, dy)]).bound
    program = native.compile(bound, isa)
    assert "conv_max_pool" in {d.kernel for d in program.drafts}
    for got, right in zip(
        program.run(x, kernel, bias, dy), reference.compile(bound).run(x, kernel, bias, dy), strict=True
    ):
        np.testing.assert_array_equal(got, right)
