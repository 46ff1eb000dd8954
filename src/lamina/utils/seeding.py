"""One seed for everything that a program draws."""

from __future__ import annotations

import random as python_random

import numpy as np

from .. import random
from ..errors import ArgumentError, message


def set_random_seed(seed: int) -> None:
    """Seeds Lamina (``lamina.random.set_seed``), NumPy's global generator and Python's ``random`` alike.

    seed  a whole number from 0 to 2**32 - 1; else ArgumentError

    >>> lamina.utils.set_random_seed(7)
    >>> a = np.random.rand(), lamina.random.uniform((1,))[0]
    >>> lamina.utils.set_random_seed(7)
    >>> a == (np.random.rand(), lamina.random.uniform((1,))[0])
    True
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ArgumentError(message("a seed is a whole number", got=repr(seed), want="0 to 2**32 - 1"))
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 - a user's data may come from it
    random.set_seed(int(seed))
