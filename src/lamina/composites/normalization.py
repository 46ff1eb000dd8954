"""Numbers brought to mean 0 and variance 1."""

from __future__ import annotations

from math import prod

from ..composite import Composite
from ..op import as_value, item
from ..ops.arrange import reshape
from ..ops.axes import canonical_axes, canonical_axis
from ..ops.broadcast import Reduce, spread, sum_
from ..ops.defer import public
from ..ops.elementwise import add, floats, mul, sub
from ..ops.transcendental import rsqrt, square
from ..types import Type

X = Type("float32", (4, 5))


class Moments(Composite):
    """The mean and the variance over axes, without these axes; the variance is divided by the number of values."""

    kernel = "moments"
    tolerance = 1e-5
    extremes = ()  # where infinities meet, the order of operations shows
    samples = [
        ((X,), {"axes": (1,)}),
        ((X,), {"axes": (0,)}),
        ((Type("float32", (2, 3, 4)),), {"axes": (0, 1)}),
        ((Type("float32", (2, 3, 4)),), {"axes": (0, 2)}),
        ((Type("float32", (3, 1)),), {"axes": (1,)}),
        ((Type("float32", (2, 3)),), {"axes": ()}),
        ((Type("float32", (1037, 3)),), {"axes": (0,)}),
        ((Type("float32", (2, 1037)),), {"axes": (1,)}),
    ]
    rejects = [((X,), {"axes": (2,)}, "no axis 2")]

    def infer(self, x, axes):
        reduced = Reduce.infer(self, x, axes)  # type: ignore[arg-type]
        return reduced, reduced

    def body(self, x, axes):
        share = 1.0 / max(prod(x.shape[a] for a in axes), 1)
        mean = mul(sum_(x, axes=axes), share)
        centred = sub(x, spread(mean, x, axes))
        return mean, mul(sum_(square(centred), axes=axes), share)


moments_ = Moments()


class Standardize(Composite):
    """(x - mean) / sqrt(variance + epsilon) over axes, then the mean and the variance, without these axes.

    Ioffe, Szegedy, "Batch normalization" (ICML 2015), algorithm 1; its derivative is that of their section 3.
    """

    kernel = "standardize"
    tolerance = 1e-5
    extremes = ()  # where infinities meet, the order of operations shows
    samples = [
        ((X,), {"axes": (1,), "epsilon": 1e-3}),
        ((X,), {"axes": (0,), "epsilon": 1e-3}),
        ((Type("float32", (2, 3, 4)),), {"axes": (0, 1), "epsilon": 0.1}),
        ((Type("float32", (3, 1)),), {"axes": (1,), "epsilon": 1e-3}),
        ((Type("float32", (2, 37)),), {"axes": (1,), "epsilon": 1e-3}),
    ]
    rejects = [((X,), {"axes": (2,), "epsilon": 1e-3}, "no axis 2")]

    def infer(self, x, axes, epsilon):
        reduced = Reduce.infer(self, x, axes)  # type: ignore[arg-type]
        return x, reduced, reduced

    def body(self, x, axes, epsilon):
        both = moments_(x, axes=axes)
        mean, variance = item(both, 0), item(both, 1)
        centred = sub(x, spread(mean, x, axes))
        return mul(centred, spread(rsqrt(add(variance, epsilon)), x, axes)), mean, variance

    def vjp(self, dy, y, x, axes, epsilon):
        d_normal, d_mean, d_variance = dy
        share = 1.0 / max(prod(x.shape[a] for a in axes), 1)
        normal, scale = item(y, 0), rsqrt(add(item(y, 2), epsilon))
        parts = []
        if d_normal is not None:
            level, slope = (spread(mul(sum_(v, axes=axes), share), x, axes) for v in (d_normal, mul(d_normal, normal)))
            parts.append(mul(spread(scale, x, axes), sub(sub(d_normal, level), mul(normal, slope))))
        if d_mean is not None:
            parts.append(spread(mul(d_mean, share), x, axes))
        if d_variance is not None:
            centred = sub(x, spread(item(y, 1), x, axes))
            parts.append(mul(spread(mul(d_variance, 2 * share), x, axes), centred))
        total = parts[0]
        for p in parts[1:]:
            total = add(total, p)
        return (total,)


standardize_ = Standardize()


def standardize(x, axes, epsilon: float):
    """x brought to mean 0 and variance 1 over axes, and its mean and variance with the axes left in as 1."""
    (x,) = floats(x)
    axes = canonical_axes(axes, len(x.shape))
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    y = standardize_(x, axes=axes, epsilon=float(epsilon))
    return item(y, 0), reshape(item(y, 1), kept), reshape(item(y, 2), kept)


def seen(weights, x, axes):
    """Weights along axes under a shape that broadcasts to x."""
    return reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))


@public
def batch_normalization(x, mean, variance, axis: int, offset=None, scale=None, epsilon: float = 1e-3):
    """(x - mean) / sqrt(variance + epsilon), times ``scale``, plus ``offset``.

    Each of the four has one number for each place of ``axis``.
    """
    x, mean, variance = floats(x, mean, variance)
    axes = (canonical_axis(axis, len(x.shape)),)
    factor = rsqrt(add(variance, epsilon))
    factor = factor if scale is None else mul(factor, scale)
    y = mul(sub(x, seen(mean, x, axes)), seen(factor, x, axes))
    return y if offset is None else add(y, seen(offset, x, axes))


@public
def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon: float | None = None):
    """x brought to mean 0 and variance 1 over ``axis``, times ``gamma``, plus ``beta``. Ba et al. (2016), section 3.1.

    >>> lamina.ops.layer_normalization([[1.0, 3.0]], epsilon=0.0)
    array([[-1.,  1.]], dtype=float32)
    """
    (x,) = floats(x)
    axes = canonical_axes(axis, len(x.shape))
    y, _, _ = standardize(x, axes, 1e-7 if epsilon is None else epsilon)
    y = y if gamma is None else mul(y, seen(gamma, x, axes))
    return y if beta is None else add(y, seen(beta, x, axes))


@public
def rms_normalization(x, scale=None, axis=-1, epsilon: float | None = None):
    """x divided by its root mean square over ``axis``, times ``scale`` if given.

    Zhang, Sennrich (NeurIPS 2019), equation 4.
    """
    (x,) = floats(x)
    axes = canonical_axes(axis, len(x.shape))
    share = 1.0 / max(prod(x.shape[a] for a in axes), 1)
    square_mean = mul(sum_(square(x), axes=axes), share)
    y = mul(x, spread(rsqrt(add(square_mean, 1e-7 if epsilon is None else epsilon)), x, axes))
    if scale is None:
        return y
    scale = as_value(scale)
    return mul(y, seen(scale, x, axes) if len(scale.shape) else scale)


__all__ = ["batch_normalization", "layer_normalization", "rms_normalization"]
