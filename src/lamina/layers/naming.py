"""Names for layers that were given none: ``dense``, ``dense_1``, … in the order in which they are made."""

from __future__ import annotations

import re

_counts: dict[str, int] = {}


def snake_case(name: str) -> str:
    """A class name as Keras writes it: ``MaxPooling2D`` is ``max_pooling2d``, ``PReLU`` is ``p_re_lu``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(word: str) -> str:
    """The word, with a number from its second use on."""
    count = _counts.get(word, 0)
    _counts[word] = count + 1
    return f"{word}_{count}" if count else word


def reset_names() -> None:
    """Starts counting again, as in a new process.

    >>> lamina.layers.reset_names()
    >>> lamina.layers.Dense(1).name, lamina.layers.Dense(1).name
    ('dense', 'dense_1')
    """
    _counts.clear()
