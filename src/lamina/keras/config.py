"""Keras's settings. Most have one value in Lamina; setting another one is an error that says what to do instead."""

from __future__ import annotations

from ..errors import ArgumentError, message
from ..utils import disable_interactive_logging, enable_interactive_logging, is_interactive_logging_enabled

EPSILON = 1e-7


def backend() -> str:
    """The name of the backend: "lamina".

    >>> lamina.keras.config.backend()
    'lamina'
    """
    return "lamina"


def floatx() -> str:
    """The element type of weights and computation unless a layer says otherwise: "float32"."""
    return "float32"


def epsilon() -> float:
    """The small number of losses and metrics: 1e-07."""
    return EPSILON


def image_data_format() -> str:
    """Where the channels of an image stand unless a layer says otherwise: "channels_last"."""
    return "channels_last"


def dtype_policy() -> str:
    """The name of the policy of all layers: "float32"."""
    return "float32"


def only(name: str, value, allowed, fix: str) -> None:
    """Refuses a setting that Lamina does not have."""
    if value != allowed:
        raise ArgumentError(message(f"{name} has one value in Lamina", got=repr(value), want=repr(allowed), fix=fix))


def set_floatx(value: str) -> None:
    """Accepts "float32"; ArgumentError for anything else.

    >>> lamina.keras.config.set_floatx("float32")
    """
    only("floatx", value, "float32", 'pass dtype="float64" to the layers that need it')


def set_epsilon(value: float) -> None:
    """Accepts 1e-07; ArgumentError for anything else."""
    only("epsilon", value, EPSILON, "pass epsilon= to the layers and optimizers that have it")


def set_image_data_format(data_format: str) -> None:
    """Accepts "channels_last"; ArgumentError for anything else."""
    only("image_data_format", data_format, "channels_last", 'pass data_format="channels_first" to the layers')


def set_backend(backend: str) -> None:
    """Accepts "lamina"; ArgumentError for anything else."""
    only("the backend", backend, "lamina", 'compile(backend="native"), "reference" or "xla" chooses who computes')


def set_dtype_policy(policy) -> None:
    """Accepts "float32"; ArgumentError for anything else."""
    only("the dtype policy", getattr(policy, "name", policy), "float32", "leave the line out")


def disable_flash_attention() -> None:
    """Accepted: attention gives the same numbers with it or without."""


enable_flash_attention = disable_flash_attention


def is_flash_attention_enabled() -> bool:
    """False."""
    return False


def disable_traceback_filtering() -> None:
    """Accepted: Lamina's errors name the user's line, and tracebacks are whole."""


enable_traceback_filtering = disable_traceback_filtering


def is_traceback_filtering_enabled() -> bool:
    """False."""
    return False


__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]
