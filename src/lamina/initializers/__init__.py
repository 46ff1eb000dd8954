"""First values of weights, under Keras's names.

>>> lamina.initializers.get("he_normal")
HeNormal(seed=None)
"""

from ..op import as_value
from .constants import Constant, Identity, Ones, Zeros
from .distribution import RandomNormal, RandomUniform, TruncatedNormal
from .initializer import Initializer, RandomInitializer, initializers
from .scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    VarianceScaling,
)

IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
constant, identity, ones, orthogonal, zeros = Constant, Identity, Ones, Orthogonal, Zeros
glorot_normal, glorot_uniform, he_normal, he_uniform = GlorotNormal, GlorotUniform, HeNormal, HeUniform
lecun_normal, lecun_uniform, variance_scaling = LecunNormal, LecunUniform, VarianceScaling
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal


def get(identifier):
    """The initializer for a name, a configuration, a class, a function of (shape, dtype), or an array of values.

    None stays None. Raises ArgumentError for a name that is none.

    >>> lamina.initializers.get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    if hasattr(identifier, "__array__"):
        return Constant(as_value(identifier))
    return initializers.get(identifier)


def serialize(initializer):
    """The configuration of an initializer, as ``deserialize`` takes it."""
    return initializers.serialize(initializer)


def deserialize(config, custom_objects=None):
    """The initializer that ``serialize`` described."""
    return initializers.deserialize(config, custom_objects)


__all__ = ["Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
           "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer",
           "RandomInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros",
           "constant", "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity",
           "initializers", "lecun_normal", "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform",
           "serialize", "truncated_normal", "variance_scaling", "zeros"]
