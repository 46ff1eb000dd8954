"""What a step of training is given: x, y and sample weights, some of them left out."""

from __future__ import annotations

from ..errors import DataError, message


def pack_x_y_sample_weight(x, y=None, sample_weight=None):
    """x, y and weights as a tuple of what is there; x alone stays as it is, unless it is a tuple or list itself.

    >>> lamina.utils.pack_x_y_sample_weight(1, 2)
    (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data):
    """x, y and weights of a batch, None for what is not there. DataError for more than three parts.

    >>> lamina.utils.unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    parts = tuple(data) if isinstance(data, list | tuple) else (data,)
    if not 1 <= len(parts) <= 3:
        raise DataError(message("a batch is x, (x, y) or (x, y, sample_weight)", got=f"{len(parts)} parts"))
    return (*parts, None, None)[:3]
