"""Keras's policies of mixed precision: Lamina computes in float32, and says so."""

from __future__ import annotations

import warnings

from ..errors import ArgumentError, LaminaWarning, message
from .config import dtype_policy

KNOWN = ("float32", "mixed_float16", "mixed_bfloat16")


def set_dtype_policy(policy) -> None:
    """Accepts "float32", and with a warning the mixed policies: computation stays float32, the more exact of the two.

    >>> lamina.keras.mixed_precision.set_dtype_policy("float32")
    """
    name = getattr(policy, "name", policy)
    if name not in KNOWN:
        raise ArgumentError(message("there is no such policy", got=repr(name), want=", ".join(map(repr, KNOWN))))
    if name != "float32":
        warnings.warn(LaminaWarning(message(f"{name}: layers compute in float32", fix="leave it out")), stacklevel=2)


set_global_policy = set_dtype_policy
global_policy = dtype_policy

__all__ = ["dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]
