"""Activations told in ops, each with the derivative that follows. At a kink it is that of the lower side."""

from __future__ import annotations

import math

from ..errors import ShapeError, message
from ..op import as_value
from ..ops.arrange import concatenate
from ..ops.axes import canonical_axis, spelled
from ..ops.broadcast import spread, sum_
from ..ops.compare import greater, greater_equal, less_equal, select
from ..ops.create import iota_of
from ..ops.cumulate import cumsum_
from ..ops.defer import public
from ..ops.elementwise import add, cast, div, floats, mul, neg, sub
from ..ops.piecewise import abs_, relu
from ..ops.slice import part
from ..ops.sort import sort_
from ..ops.transcendental import erf, expm1, sigmoid, softplus, sqrt, square, tanh

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def clipped(x, low: float, high: float):
    """x between two numbers; outside of them the derivative is 0, and so it is on them. NaN stays NaN."""
    return select(less_equal(x, low), low, select(greater_equal(x, high), high, x))


@public
def leaky_relu(x, negative_slope: float = 0.2):
    """x where it is positive, ``negative_slope`` times x elsewhere.

    >>> lamina.ops.leaky_relu([-10.0, 10.0])
    array([-2., 10.], dtype=float32)
    """
    (x,) = floats(x)
    return select(greater(x, 0.0), x, mul(x, negative_slope))


@public
def relu6(x):
    """x between 0 and 6. Howard et al., "MobileNets" (2017)."""
    return clipped(floats(x)[0], 0.0, 6.0)


@public
def elu(x, alpha: float = 1.0):
    """x where it is positive, ``alpha`` (exp(x) - 1) elsewhere. Clevert et al., "ELU" (ICLR 2016), equation 15.

    >>> lamina.ops.elu([-100.0, 0.0, 2.0])
    array([-1.,  0.,  2.], dtype=float32)
    """
    (x,) = floats(x)
    return below(x, lambda low: mul(expm1(low), alpha))


def below(x, formula):
    """x where it is positive, elsewhere ``formula`` of it, which never sees a positive number, so cannot overflow."""
    positive = greater(x, 0.0)
    return select(positive, x, formula(select(positive, 0.0, x)))


@public
def selu(x):
    """ELU, scaled so that mean 0 and variance 1 are kept. Klambauer et al., "SELU" (NeurIPS 2017), section 2."""
    return mul(elu(x, SELU_ALPHA), SELU_SCALE)


@public
def celu(x, alpha: float = 1.0):
    """x where it is positive, ``alpha`` (exp(x / alpha) - 1) elsewhere. Barron, "CELU" (2017)."""
    (x,) = floats(x)
    return below(x, lambda low: mul(expm1(div(low, alpha)), alpha))


@public
def gelu(x, approximate: bool = True):
    """x times the normal distribution function of x, or its approximation with tanh.

    Hendrycks, Gimpel, "GELU" (2016), section 2.

    >>> lamina.ops.gelu([0.0, 1.0], approximate=False)
    array([0.       , 0.8413447], dtype=float32)
    """
    (x,) = floats(x)
    if approximate:
        inner = mul(add(x, mul(mul(square(x), x), 0.044715)), math.sqrt(2 / math.pi))
        return mul(mul(x, 0.5), add(tanh(inner), 1.0))
    return mul(mul(x, 0.5), add(erf(mul(x, math.sqrt(0.5))), 1.0))


@public
def silu(x):
    """x sigmoid(x), also called swish. Ramachandran et al., "Searching for activation functions" (2017)."""
    (x,) = floats(x)
    return mul(x, sigmoid(x))


@public
def softsign(x):
    """x / (1 + |x|)."""
    (x,) = floats(x)
    return div(x, add(abs_(x), 1.0))


@public
def log_sigmoid(x):
    """The logarithm of sigmoid, exact where sigmoid rounds to 0."""
    return neg(softplus(neg(floats(x)[0])))


@public
def mish(x):
    """x tanh(softplus(x)). Misra, "Mish" (BMVC 2020)."""
    (x,) = floats(x)
    return mul(x, tanh(softplus(x)))


@public
def hard_sigmoid(x):
    """x / 6 + 1/2, between 0 and 1.

    >>> lamina.ops.hard_sigmoid([-3.0, 0.0, 3.0])
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return mul(relu6(add(floats(x)[0], 3.0)), 1 / 6)


@public
def hard_silu(x):
    """x hard_sigmoid(x), also called hard swish. Howard et al., "Searching for MobileNetV3" (2019), section 5.2."""
    (x,) = floats(x)
    return mul(x, hard_sigmoid(x))


@public
def hard_tanh(x):
    """x between -1 and 1."""
    return clipped(floats(x)[0], -1.0, 1.0)


@public
def tanh_shrink(x):
    """x - tanh(x)."""
    (x,) = floats(x)
    return sub(x, tanh(x))


@public
def soft_shrink(x, threshold: float = 0.5):
    """x moved towards 0 by ``threshold``, and 0 where it would pass it."""
    (x,) = floats(x)
    return sub(relu(sub(x, threshold)), relu(sub(neg(x), threshold)))


@public
def hard_shrink(x, threshold: float = 0.5):
    """x, but 0 within ``threshold`` of 0."""
    (x,) = floats(x)
    return select(greater(abs_(x), threshold), x, 0.0)


@public
def threshold(x, threshold: float, default_value: float):
    """x where it is above ``threshold``, ``default_value`` elsewhere."""
    (x,) = floats(x)
    return select(greater(x, threshold), x, default_value)


@public
def squareplus(x, b: float = 4):
    """(x + sqrt(x^2 + b)) / 2, a smooth relu. Barron, "Squareplus" (2021)."""
    (x,) = floats(x)
    return mul(add(x, sqrt(add(square(x), float(b)))), 0.5)


@public
def sparse_plus(x):
    """0 below -1, x above 1, (x + 1)^2 / 4 between."""
    (x,) = floats(x)
    inner = mul(square(add(clipped(x, -1.0, 1.0), 1.0)), 0.25)
    return select(greater_equal(x, 1.0), x, inner)


@public
def sparse_sigmoid(x):
    """(x + 1) / 2, between 0 and 1."""
    return clipped(mul(add(floats(x)[0], 1.0), 0.5), 0.0, 1.0)


@public
def step(x):
    """1 where x is positive, else 0, also at 0: the perceptron's threshold. Its derivative is 0.

    >>> lamina.ops.step([-1.0, 0.0, 2.0])
    array([0., 0., 1.], dtype=float32)
    """
    (x,) = floats(x)
    return cast(greater(x, 0.0), str(x.dtype))


@public
def glu(x, axis: int = -1):
    """The first half along an axis, gated by the sigmoid of the second. Dauphin et al., "Gated convolutions" (2017)."""
    (x,) = floats(x)
    axis = canonical_axis(axis, len(x.shape))
    n = x.shape[axis]
    if n % 2:
        raise ShapeError(message(f"glu: axis {axis} does not split into halves", got=spelled(x), want="an even size"))
    return mul(part(x, axis, 0, n // 2), sigmoid(part(x, axis, n // 2, n)))


@public
def sparsemax(x, axis: int = -1):
    """The point of the simplex that is nearest to x: like softmax, with true zeros.

    Martins, Astudillo, "From softmax to sparsemax" (ICML 2016), section 2.

    >>> lamina.ops.sparsemax([3.0, 2.5, -1.0])
    array([0.75, 0.25, 0.  ], dtype=float32)
    """
    (x,) = floats(x)
    axis = canonical_axis(axis, len(x.shape))
    falling = neg(sort_(neg(x), axis=axis))
    ranks = add(cast(iota_of(x, axis), str(x.dtype)), 1.0)
    above = cast(greater(add(mul(falling, ranks), 1.0), cumsum_(falling, axis=axis, reverse=False)), str(x.dtype))
    count = spread(sum_(above, axes=(axis,)), x, (axis,))
    total = spread(sum_(mul(above, falling), axes=(axis,)), x, (axis,))
    return relu(sub(x, div(sub(total, 1.0), count)))


@public
def crelu(x, axis: int = -1):
    """relu(x) and relu(-x) end to end. Shang et al., "CReLU" (ICML 2016)."""
    x = as_value(x)
    return concatenate([relu(x), relu(neg(x))], axis)


__all__ = [
    "celu",
    "crelu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "relu6",
    "selu",
    "silu",
    "soft_shrink",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "step",
    "tanh_shrink",
    "threshold",
]
