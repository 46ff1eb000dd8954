"""Keras's ``activations``: functions of a tensor, by name or as they are."""

from __future__ import annotations

from typing import Any

from . import ops
from .composites import activations as told
from .ops.defer import public
from .ops.elementwise import floats
from .registry import Registry

ACTIVATIONS = Registry("activation")


@public
def linear(x):
    """x itself."""
    return x


@public
def relu(x, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0):
    """max(x, 0); with options 0 up to ``threshold``, at most ``max_value``, sloping below.

    ``negative_slope`` is the slope below the threshold, where y = negative_slope (x - threshold). The slope at 0 is
    taken as 0.

    >>> lamina.activations.relu([-10.0, 0.0, 5.0], negative_slope=0.5, max_value=4.0)
    array([-5.,  0.,  4.], dtype=float32)
    """
    (x,) = floats(x)
    if not threshold:
        y = ops.relu(x)
    else:
        y = ops.where(ops.less_equal(x, threshold), 0.0, x)
    if max_value is not None:
        y = ops.where(ops.greater_equal(y, max_value), float(max_value), y)
    if negative_slope:
        y = ops.subtract(y, ops.multiply(ops.relu(ops.subtract(threshold, x)), negative_slope))
    return y


@public
def gelu(x, approximate: bool = False):
    """x times the normal distribution function of x, exactly, or ``approximate`` with tanh. Hendrycks, Gimpel (2016).

    >>> lamina.activations.gelu([1.0])
    array([0.8413447], dtype=float32)
    """
    return told.gelu(x, approximate)


@public
def sigmoid(x):
    """1 / (1 + exp(-x)), between 0 and 1; its slope is at most 1/4."""
    return ops.sigmoid(x)


@public
def tanh(x):
    """Hyperbolic tangent, between -1 and 1."""
    return ops.tanh(x)


@public
def softplus(x):
    """log(1 + exp(x)), a smooth relu."""
    return ops.softplus(x)


@public
def exponential(x):
    """exp(x)."""
    return ops.exp(x)


celu, elu, glu, leaky_relu, log_sigmoid, mish, relu6 = (
    told.celu,
    told.elu,
    told.glu,
    told.leaky_relu,
    told.log_sigmoid,
    told.mish,
    told.relu6,
)
hard_shrink, hard_sigmoid, hard_silu, hard_tanh = told.hard_shrink, told.hard_sigmoid, told.hard_silu, told.hard_tanh
selu, silu, soft_shrink, softsign, squareplus, step = (
    told.selu,
    told.silu,
    told.soft_shrink,
    told.softsign,
    told.squareplus,
    told.step,
)
crelu, sparsemax, sparse_plus, sparse_sigmoid, tanh_shrink, threshold = (
    told.crelu,
    told.sparsemax,
    told.sparse_plus,
    told.sparse_sigmoid,
    told.tanh_shrink,
    told.threshold,
)
softmax, log_softmax = ops.softmax, ops.log_softmax
swish, hard_swish = silu, hard_silu

for activation in (
    linear,
    relu,
    gelu,
    sigmoid,
    tanh,
    softplus,
    exponential,
    celu,
    crelu,
    elu,
    glu,
    leaky_relu,
    log_sigmoid,
    mish,
    relu6,
    hard_shrink,
    hard_sigmoid,
    hard_tanh,
    selu,
    soft_shrink,
    softsign,
    squareplus,
    step,
    sparse_plus,
    sparse_sigmoid,
    tanh_shrink,
    threshold,
    softmax,
    sparsemax,
    log_softmax,
):
    ACTIVATIONS.register(activation)
ACTIVATIONS.register(silu, "swish")
ACTIVATIONS.register(hard_silu, "hard_swish")


def get(identifier) -> Any:
    """The activation for a name, a configuration or a function; ``linear`` for None.

    ArgumentError for an unknown name, with the one that was probably meant.

    >>> lamina.activations.get("relu") is lamina.activations.relu
    True
    """
    return linear if identifier is None else ACTIVATIONS.get(identifier)


def serialize(activation) -> Any:
    """The name of an activation, for a configuration; a layer gives its class name and configuration.

    >>> lamina.activations.serialize(lamina.activations.tanh)
    'tanh'
    """
    return ACTIVATIONS.serialize(activation)


def deserialize(config, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation that ``serialize`` named."""
    return linear if config is None else ACTIVATIONS.deserialize(config, custom_objects)
