"""Random numbers under Keras's names, from the counter-based generator of ``ops.random``.

Nothing depends on the time: the default generator starts with seed 0, so a program gives the same bits each time it
runs. ``set_seed`` chooses other ones. Outside of a trace each draw takes one step of the default generator; inside of
one each call site has a stream of its own, and the step is that of the trace's generator.

``seed`` of the functions is None (the generator decides), a whole number (always the same numbers), or a ``Generator``.
"""

from __future__ import annotations

import math

import numpy as np

from .errors import ArgumentError, message
from .op import as_value, tracing
from .ops import argmax, cast, cos, expand_dims, floor, log, maximum, minimum, multiply, sqrt, take, where
from .ops.broadcast import expand
from .ops.compare import less
from .ops.random import random_bits, shift_right
from .trace import DEFAULT, Generator, current, untraced

SeedGenerator = Generator

_seeds_given = 0


def default_generator() -> Generator:
    """The generator that is used where none is named; its seed is 0 until ``set_seed`` says otherwise."""
    return DEFAULT


def set_seed(seed: int) -> None:
    """Makes everything drawn from here on a function of ``seed``: initial weights, dropout, the order of batches.

    >>> lamina.random.set_seed(1)
    >>> a = lamina.random.normal((2,))
    >>> lamina.random.set_seed(1)
    >>> bool((a == lamina.random.normal((2,))).all())
    True
    """
    global _seeds_given
    with untraced():
        DEFAULT.seed.assign(np.uint32(int(seed) % 2**32))
        DEFAULT.step.assign(np.uint32(0))
    _seeds_given = 0


def next_seed() -> int:
    """A seed for an initializer that was given none: another one each time, the same ones after ``set_seed``.

    Its lower 32 bits are the seed of the default generator, the upper ones count.

    >>> lamina.random.set_seed(7)
    >>> lamina.random.next_seed() - 2**32
    7
    """
    global _seeds_given
    _seeds_given += 1
    return int(DEFAULT.seed.array) + (_seeds_given << 32)


def source(seed=None):
    """(seed, step, stream) for one draw."""
    if isinstance(seed, Generator) or (seed is None and not tracing()):
        generator = DEFAULT if seed is None else seed
        step = as_value(generator.step)
        generator.step.assign(step + np.uint32(1))
        return as_value(generator.seed), step, 0
    if seed is None:
        return current().random_source()  # type: ignore[union-attr]
    if not isinstance(seed, int | np.integer):
        raise ArgumentError(message("a seed is a whole number", got=repr(seed), want="int, Generator or None"))
    return np.uint32(int(seed) % 2**32), np.uint32(0), 0


def bits(shape, seed=None):
    """Random words of 32 bits."""
    number, step, stream = source(seed)
    return random_bits(number, step, shape=tuple(int(n) for n in shape), stream=stream)


def fraction(words, dtype: str = "float32"):
    """Words as numbers within [0, 1): their upper 24 bits, which float32 holds exactly."""
    upper = shift_right(words, np.uint32(8))
    return multiply(cast(upper, dtype), 2.0**-24)


def uniform(shape, minval: float = 0.0, maxval: float = 1.0, dtype: str | None = None, seed=None):
    """Numbers spread evenly over [minval, maxval).

    >>> x = lamina.random.uniform((2, 3), -1.0, 1.0)
    >>> x.shape, bool((abs(x) <= 1).all())
    ((2, 3), True)
    """
    dtype = dtype or "float32"
    if not dtype.startswith("float"):
        return randint(shape, minval, maxval, dtype, seed)
    return fraction(bits(shape, seed), dtype) * (maxval - minval) + minval


def normal(shape, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed=None):
    """Numbers of the normal distribution, by Box and Muller's transform (Ann. Math. Statist. 29, 1958).

    >>> x = lamina.random.normal((10000,), seed=1)
    >>> bool(abs(x.mean()) < 0.05), bool(abs(x.std() - 1) < 0.05)
    (True, True)
    """
    dtype = dtype or "float32"
    shape = tuple(int(n) for n in shape)
    words = bits((2, *shape), seed)
    radius = sqrt(log(1.0 - fraction(words[0], dtype)) * -2.0)
    return radius * cos(fraction(words[1], dtype) * (2 * math.pi)) * stddev + mean


def truncated_normal(shape, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed=None):
    """Normal numbers of which none is further than two standard deviations from the mean.

    Each is the first of eight draws that lies within (the odds that none does are 2e-11; it is clipped then).

    >>> bool((abs(lamina.random.truncated_normal((1000,))) <= 2).all())
    True
    """
    draws = normal((8, *shape), dtype=dtype, seed=seed)
    chosen = draws[7]
    for i in range(6, -1, -1):
        chosen = where(abs(draws[i]) <= 2.0, draws[i], chosen)
    return maximum(minimum(chosen, 2.0), -2.0) * stddev + mean


def randint(shape, minval: float, maxval: float, dtype: str = "int32", seed=None):
    """Whole numbers spread evenly over minval .. maxval - 1.

    >>> set(lamina.random.randint((100,), 0, 3).tolist())
    {0, 1, 2}
    """
    if maxval <= minval:
        raise ArgumentError(
            message(
                "there is no whole number to draw", got=f"minval={minval}, maxval={maxval}", want="minval below maxval"
            )
        )
    numbers = floor(fraction(bits(shape, seed)) * float(maxval - minval))
    return minimum(cast(numbers, dtype) + int(minval), int(maxval) - 1)


def categorical(logits, num_samples: int, dtype: str = "int32", seed=None):
    """Class numbers drawn by their logits, shape (batch, num_samples): the largest of logit plus Gumbel noise.

    >>> lamina.random.categorical(np.array([[0.0, 100.0]], "float32"), 3)
    array([[1, 1, 1]], dtype=int32)
    """
    logits = as_value(logits)
    rows, classes = tuple(logits.shape)
    noise = -log(-log(fraction(bits((rows, num_samples, classes), seed)) + 2.0**-25))
    return cast(argmax(expand_dims(logits, 1) + noise, axis=-1), dtype)


def keep(shape, rate: float, seed=None):
    """Truth values that hold with probability 1 - rate: a comparison of whole numbers, so no rounding decides."""
    if not 0 <= rate <= 1:
        raise ArgumentError(message("a rate is a part of one", got=f"rate={rate}", want="0 <= rate <= 1"))
    return less(np.uint32(max(round(rate * 2**32) - 1, 0)), bits(shape, seed))


def dropout(inputs, rate: float, noise_shape=None, seed=None):
    """Elements set to zero with probability ``rate``, the others divided by 1 - rate.

    ``noise_shape`` has the rank of the inputs; where it says 1, the decision is shared along that axis, where it says
    None it is the size of the inputs.

    >>> lamina.random.dropout(np.ones((2, 2), "float32"), 0.0)
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    inputs = as_value(inputs)
    if rate == 0:
        return inputs
    shape = tuple(inputs.shape)
    sizes = noise_shape or (None,) * len(shape)
    noise = tuple(n if size is None else size for n, size in zip(shape, sizes, strict=True))
    kept = keep(noise, rate, seed)
    kept = kept if noise == shape else expand(kept, shape=shape)
    scale = 1.0 / (1.0 - rate) if rate < 1 else 0.0
    return where(kept, inputs * scale, inputs * 0.0)


def shuffle(x, axis: int = 0, seed=None):
    """The slices of an array along an axis, in random order.

    >>> sorted(lamina.random.shuffle(np.arange(5)).tolist())
    [0, 1, 2, 3, 4]
    """
    x = as_value(x)
    order = np.argsort(np.asarray(bits((x.shape[axis],), seed)), kind="stable").astype(np.int32)
    return take(x, order, axis=axis)


__all__ = [
    "Generator",
    "SeedGenerator",
    "categorical",
    "default_generator",
    "dropout",
    "normal",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
