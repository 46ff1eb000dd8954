"""Class numbers as one-hot rows, and rows of length one."""

from __future__ import annotations

import numpy as np

from ..errors import DataError, DtypeError, RowError, message


def to_categorical(x, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows for class numbers: 1 in the column of the class, 0 elsewhere, as float64.

    x            whole numbers from 0 on, of any shape; a last dimension of 1 is dropped
    num_classes  how many columns the result has, as its last dimension; the largest number plus 1 unless given

    RowError (an IndexError) for a number that is no column: Keras takes -1 for the last one, which hides mistakes.
    DtypeError for what is not numbers, DataError for fractions and for no numbers without ``num_classes``.

    >>> lamina.utils.to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    told = np.asarray(x)
    if told.dtype.kind not in "biuf":
        raise DtypeError(message("to_categorical takes class numbers", got=str(told.dtype), want="whole numbers"))
    with np.errstate(invalid="ignore"):  # of NaN; it is refused below
        numbers = told.astype(np.int64)
    if (numbers != told).any():
        first = told[numbers != told].reshape(-1)[0]
        raise DataError(message("to_categorical takes class numbers", got=str(first), want="whole numbers"))
    shape = numbers.shape[:-1] if numbers.ndim > 1 and numbers.shape[-1] == 1 else numbers.shape
    if not num_classes and not numbers.size:
        raise DataError(message("to_categorical cannot count the classes of no numbers", fix="give num_classes"))
    classes = int(num_classes or numbers.max() + 1)
    outside = numbers[(numbers < 0) | (numbers >= classes)]
    if outside.size:
        want = f"0 to {classes - 1}, as there are {classes} classes" if classes > 0 else "0 or more"
        raise RowError(message("to_categorical: a number that is no class", got=str(outside[0]), want=want))
    rows = np.zeros((numbers.size, classes))
    rows[np.arange(numbers.size), numbers.reshape(-1)] = 1
    return rows.reshape(*shape, classes)


def normalize(x, axis: int = -1, order: float = 2) -> np.ndarray:
    """The array divided by its norm along an axis; where the norm is 0, the zeros stay.

    x      an array of at least one dimension; whole numbers become float64. A vector gives one row, as in Keras
    axis   the dimension of the vectors whose norm becomes 1
    order  which norm: 2 for the length, 1 for the sum of magnitudes, ``np.inf`` for the largest magnitude

    Axis 0 means axis 0. (Keras 3.15 divides NumPy arrays by the norms of other vectors there.)

    >>> lamina.utils.normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    x = np.asarray(x)
    if x.dtype.kind not in "biufc":
        raise DtypeError(message("normalize takes numbers", got=str(x.dtype)))
    if not x.ndim or not -x.ndim <= axis < x.ndim:
        want = f"an axis from {-x.ndim} to {x.ndim - 1}" if x.ndim else "at least one dimension"
        raise DataError(message("normalize: there is no such axis", got=f"axis {axis} of {list(x.shape)}", want=want))
    norm = np.linalg.norm(x[None] if x.ndim == 1 else x, order, -1 if x.ndim == 1 else axis, keepdims=True)
    return x / np.where(norm == 0, norm.dtype.type(1), norm)
