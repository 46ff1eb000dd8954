"""Random initializers whose spread follows from the shape of the weight, so that signals neither fade nor grow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, message, unknown
from .initializer import RandomInitializer, fans, named, number_type, sizes
from .numbers import normals, orthonormal_rows, uniforms

# The standard deviation that is left of a standard normal distribution when it is cut off at -2 and 2.
LEFT_OF_CUT = 0.87962566103423978


@named()
class VarianceScaling(RandomInitializer):
    """Random numbers of variance ``scale / n``, where n counts the inputs or outputs of a unit.

    mode          "fan_in" (default): n is the number of inputs, "fan_out": of outputs, "fan_avg": their mean
    distribution  "truncated_normal" (default, also called "normal"), "untruncated_normal" or "uniform"

    Raises ArgumentError where scale is not positive or a name is none of these.

    >>> w = lamina.initializers.VarianceScaling(2.0, seed=1)((100, 50))
    >>> round(float(w.var() * 100), 1)
    2.0
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
                 seed: int | None = None):
        super().__init__(seed)
        if not scale > 0:
            raise ArgumentError(message(f"{type(self).__name__}: a scale is positive", got=f"scale={scale}"))
        distribution = "truncated_normal" if distribution.lower() == "normal" else distribution.lower()
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise unknown("mode of VarianceScaling", mode, ("fan_in", "fan_out", "fan_avg"))
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise unknown("distribution of VarianceScaling", distribution,
                          ("truncated_normal", "untruncated_normal", "uniform"))
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        shape, dtype = sizes(shape), number_type(type(self).__name__, dtype, floats=True)
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        deviation, count, seed = math.sqrt(self.scale / max(1.0, n)), math.prod(shape), self.draw()
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * deviation
            return uniforms(seed, count, -limit, limit, dtype).reshape(shape)
        if self.distribution == "untruncated_normal":
            return normals(seed, count, 0.0, deviation, dtype).reshape(shape)
        return normals(seed, count, 0.0, deviation / LEFT_OF_CUT, dtype, cut=2.0).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, "seed": self.seed}


class _Named(VarianceScaling):
    """A variance scaling that has a name of its own."""

    rule: tuple[float, str, str]

    def __init__(self, seed: int | None = None):
        super().__init__(*self.rule, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


@named()
class GlorotUniform(_Named):
    """Uniform within ±sqrt(6 / (inputs + outputs)): Glorot and Bengio (AISTATS 2010), equation 16.

    >>> w = lamina.initializers.GlorotUniform(seed=1)((4, 2))
    >>> w.shape, bool((abs(w) <= 1).all())
    ((4, 2), True)
    """

    rule = (1.0, "fan_avg", "uniform")


@named()
class GlorotNormal(_Named):
    """Truncated normal of variance 2 / (inputs + outputs): Glorot and Bengio (AISTATS 2010), equation 12.

    >>> lamina.initializers.GlorotNormal(seed=1)((4, 2)).shape
    (4, 2)
    """

    rule = (1.0, "fan_avg", "truncated_normal")


@named()
class HeUniform(_Named):
    """Uniform within ±sqrt(6 / inputs): He and others (ICCV 2015), section 2.2; for ReLU.

    >>> lamina.initializers.HeUniform(seed=1)((4, 2)).shape
    (4, 2)
    """

    rule = (2.0, "fan_in", "uniform")


@named()
class HeNormal(_Named):
    """Truncated normal of variance 2 / inputs: He and others (ICCV 2015), section 2.2; for ReLU.

    >>> lamina.initializers.HeNormal(seed=1)((4, 2)).shape
    (4, 2)
    """

    rule = (2.0, "fan_in", "truncated_normal")


@named()
class LecunUniform(_Named):
    """Uniform within ±sqrt(3 / inputs): LeCun and others, "Efficient BackProp" (1998), section 4.6.

    >>> lamina.initializers.LecunUniform(seed=1)((4, 2)).shape
    (4, 2)
    """

    rule = (1.0, "fan_in", "uniform")


@named()
class LecunNormal(_Named):
    """Truncated normal of variance 1 / inputs: LeCun and others, "Efficient BackProp" (1998), section 4.6; for SELU.

    >>> lamina.initializers.LecunNormal(seed=1)((4, 2)).shape
    (4, 2)
    """

    rule = (1.0, "fan_in", "truncated_normal")


@named("OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A matrix whose rows, or columns if they are fewer, are orthogonal and ``gain`` long (default 1).

    A kernel of more dimensions counts as a matrix of its last one. Saxe and others (ICLR 2014), section 3. Raises
    ShapeError for fewer than two dimensions.

    >>> w = lamina.initializers.Orthogonal(seed=1)((8, 3))
    >>> bool(np.allclose(w.T @ w, np.eye(3), atol=1e-6))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape, dtype: str | None = None) -> np.ndarray:
        shape, dtype = sizes(shape), number_type("Orthogonal", dtype, floats=True)
        if len(shape) < 2:
            raise ShapeError(message("Orthogonal makes matrices and kernels", got=f"shape {shape}",
                                     want="at least two dimensions"))
        rows, columns = math.prod(shape[:-1]), shape[-1]
        few, many = sorted((rows, columns))
        drawn = normals(self.draw(), few * many, 0.0, 1.0, "float64").reshape(few, many)
        made = orthonormal_rows(drawn)
        made = made if rows < columns else made.T
        return (self.gain * made).astype(dtype).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}
