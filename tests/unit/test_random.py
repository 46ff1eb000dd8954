"""Random numbers: what they follow, and that nothing but the seed decides."""

import numpy as np
import pytest

import lamina
from lamina import random
from lamina.errors import ArgumentError
from lamina.trace import trace

SIZE = 40000


def test_the_same_seed_gives_the_same_numbers():
    random.set_seed(7)
    first = [random.normal((5,)), random.uniform((5,)), lamina.layers.Dense(3).add_weight(shape=(4, 3)).numpy()]
    random.set_seed(7)
    second = [random.normal((5,)), random.uniform((5,)), lamina.layers.Dense(3).add_weight(shape=(4, 3)).numpy()]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (random.normal((5,)) != random.normal((5,))).all()


def test_a_whole_number_as_seed_gives_the_same_each_time():
    np.testing.assert_array_equal(random.normal((5,), seed=3), random.normal((5,), seed=3))
    assert (random.normal((5,), seed=3) != random.normal((5,), seed=4)).any()


def test_a_generator_of_ones_own_goes_on():
    a, b = random.Generator(3), random.Generator(3)
    first, second = random.uniform((5,), seed=a), random.uniform((5,), seed=a)
    assert (first != second).any()
    np.testing.assert_array_equal(random.uniform((5,), seed=b), first)
    np.testing.assert_array_equal(random.uniform((5,), seed=b), second)


@pytest.mark.parametrize(("draw", "mean", "std"), [
    (lambda: random.uniform((SIZE,)), 0.5, 12**-0.5),
    (lambda: random.uniform((SIZE,), -2.0, 4.0), 1.0, 6 * 12**-0.5),
    (lambda: random.normal((SIZE,)), 0.0, 1.0),
    (lambda: random.normal((SIZE,), 3.0, 2.0), 3.0, 2.0),
    (lambda: random.truncated_normal((SIZE,)), 0.0, 0.87962566),
    (lambda: random.randint((SIZE,), 0, 10), 4.5, (99 / 12) ** 0.5),
    (lambda: random.dropout(np.ones(SIZE, "float32"), 0.25), 1.0, (0.25 / 0.75) ** 0.5),
    (lambda: random.categorical(np.log([[0.2, 0.8]]).astype("float32"), SIZE), 0.8, 0.4),
])
def test_moments(draw, mean, std):
    random.set_seed(0)
    x = np.asarray(draw(), "float64")
    assert abs(x.mean() - mean) < 5 * std / SIZE**0.5
    assert abs(x.std() - std) < 0.02 * std


def test_bounds():
    assert random.uniform((SIZE,)).min() >= 0
    assert random.uniform((SIZE,)).max() < 1
    assert np.abs(random.truncated_normal((SIZE,))).max() <= 2
    assert set(random.randint((SIZE,), -1, 2).tolist()) == {-1, 0, 1}
    assert np.isfinite(random.normal((SIZE,))).all()


def test_dtypes_and_shapes():
    assert random.normal((2, 3), dtype="float64").dtype == np.float64
    assert random.uniform(()).shape == ()
    assert random.randint((3,), 0, 5).dtype == np.int32


def test_shuffle_keeps_the_rows():
    x = np.arange(20).reshape(10, 2)
    y = random.shuffle(x, seed=1)
    assert (y != x).any()
    np.testing.assert_array_equal(np.sort(y, 0), x)


def test_noise_shape_shares_the_decision():
    y = random.dropout(np.ones((50, 4), "float32"), 0.5, noise_shape=(None, 1))
    assert (y == y[:, :1]).all()
    assert 0 < y[:, 0].mean() < 2


@pytest.mark.parametrize("backend", ["reference", "native", "xla"])
def test_each_call_site_of_a_program_has_a_stream_and_each_backend_the_same_bits(backend):
    generator = random.Generator(5)
    made = trace(lambda: [random.uniform((7,)), random.uniform((7,))], [], generator=generator)
    first, second = made(backend=backend)
    assert (first != second).any()
    want = made(backend="reference")
    np.testing.assert_array_equal(first, want[0])
    generator.step.assign(np.uint32(1))
    assert (made(backend=backend)[0] != first).any()


def test_refusals():
    with pytest.raises(ArgumentError, match="whole number"):
        random.normal((2,), seed="time")
    with pytest.raises(ArgumentError, match="minval below maxval"):
        random.randint((2,), 3, 3)
    with pytest.raises(ArgumentError, match="part of one"):
        random.dropout(np.ones(3, "float32"), 1.5)
