"""Vectors brought to length 1."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError, message
from ..op import as_value
from ..ops.defer import public
from ..ops.elementwise import cast, div
from ..ops.piecewise import abs_, maximum, pow_
from ..ops.reductions import max as largest
from ..ops.reductions import sum as total
from ..ops.transcendental import sqrt, square


@public
def normalize(x, axis: Any = -1, order=2, epsilon: float | None = None):
    """x divided by its norm of an order (1, 2, …, infinity) along an axis, or several.

    A norm below ``epsilon`` (1e-7) counts as ``epsilon``, so that zeros stay zeros. Raises ArgumentError for an order
    below 1.

    >>> lamina.ops.normalize(np.array([[3.0, 4.0], [0.0, 0.0]], "float32"))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    x = as_value(x)
    x = x if str(x.dtype).startswith("float") else cast(x, "float32")
    epsilon = 1e-7 if epsilon is None else float(epsilon)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if order == 2:  # the root of at least epsilon squared: its slope is finite
        return div(x, sqrt(maximum(total(square(x), axis, keepdims=True), epsilon**2)))
    if order == math.inf:
        return div(x, maximum(largest(abs_(x), axis, keepdims=True), epsilon))
    if not isinstance(order, int | float) or order < 1:
        raise ArgumentError(message("normalize: a norm has an order from 1 on", got=repr(order), want="1, 2, …, inf"))
    if order == 1:
        return div(x, maximum(total(abs_(x), axis, keepdims=True), epsilon))
    powers = total(pow_(abs_(x), float(order)), axis, keepdims=True)
    return div(x, pow_(maximum(powers, epsilon**order), 1.0 / order))


__all__ = ["normalize"]
