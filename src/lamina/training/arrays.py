"""Data at the door: whatever holds numbers becomes NumPy arrays, which are checked once and never modified."""

from __future__ import annotations

from threading import Thread

import numpy as np

from .. import _native
from ..errors import DataError, message, missing_extra
from ..types import DTYPES, Type

BLOCK = 1 << 20  # elements that are summed at a time
SHARE = 8  # so many blocks are worth a thread
FIX_TEXT = "turn text into numbers first, for example one whole number per category"


def to_array(value, name: str) -> np.ndarray:
    """A value as a NumPy array of one of Lamina's dtypes: row-major, copied only where that is needed.

    NumPy arrays, numbers and lists of them, and whatever has ``__array__``, DLPack or an Arrow stream (``pyarrow`` is
    needed for that one) are taken. DataError for text, for rows of different lengths, and for other objects.
    """
    array = foreign(value, name)
    if array.dtype.kind == "O":
        array = from_objects(array, name)
    if array.dtype.kind in "USmMV" or array.dtype.kind == "c":
        what = "text" if array.dtype.kind in "US" else f"elements of type {array.dtype}"
        raise DataError(
            message(
                f"{name} holds {what} where numbers are expected",
                got=shown(array),
                want="numbers",
                fix=FIX_TEXT if what == "text" else "turn them into floating-point numbers first",
                where=True,
            )
        )
    if str(array.dtype) not in DTYPES:
        array = array.astype(nearest(array))
    return np.ascontiguousarray(array) if array.ndim else array


def foreign(value, name: str) -> np.ndarray:
    """The NumPy array that another library's object stands for."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__arrow_c_stream__") and not hasattr(value, "__array__"):
        return from_arrow(value, name)
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        return np.asarray(value)
    except ValueError as problem:
        if "inhomogeneous" not in str(problem):
            raise
        raise DataError(
            message(
                f"{name} is a list of rows of different lengths",
                got=shown(value),
                want="rows of one length",
                fix="pad the short ones, for example with zeros",
                where=True,
            )
        ) from None


def from_arrow(value, name: str) -> np.ndarray:
    """A table as rows and columns."""
    try:
        import pyarrow
    except ImportError:
        raise missing_extra("pyarrow", "tables", f"{name}, an Arrow stream,") from None
    table = pyarrow.table(value)
    columns = [to_array(table.column(i).to_numpy(), f"{name} column {c!r}") for i, c in enumerate(table.column_names)]
    return np.stack(columns, axis=1)


def from_objects(array: np.ndarray, name: str) -> np.ndarray:
    """An array of Python objects, as data frames of mixed columns give it, as numbers."""
    for place, x in enumerate(array.flat):
        if isinstance(x, str | bytes) or x is None:
            where = "" if array.ndim == 0 else f" at {position(np.unravel_index(place, array.shape))}"
            what = "nothing (None)" if x is None else "text"
            raise DataError(
                message(
                    f"{name} holds {what} where numbers are expected",
                    got=f"{x!r}{where}",
                    want="numbers",
                    fix=FIX_TEXT,
                    where=True,
                )
            )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            message(
                f"{name} holds objects where numbers are expected",
                got=shown(array),
                want="numbers",
                fix="give rows of one length that hold numbers only",
            )
        ) from None


def nearest(array: np.ndarray) -> str:
    """The dtype of ours that holds the elements."""
    if array.dtype.kind == "f":
        return "float32" if array.dtype.itemsize < 8 else "float64"
    return "int32" if array.dtype.itemsize < 4 or array.dtype.kind == "i" else "int64"


def shown(value) -> str:
    """The beginning of a value, on one line."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}: {' '.join(str(value.reshape(-1)[:4].tolist()).split())}"
    return repr(value)[:60]


def position(place) -> str:
    """``row 2, column 5``, or ``row 2, place (1, 3)`` where there are more dimensions."""
    row, *rest = (int(i) for i in place)
    column = "" if not rest else f", column {rest[0]}" if len(rest) == 1 else f", place {tuple(rest)}"
    return f"row {row}{column}"


def step_type(array: np.ndarray, rows: int) -> Type:
    """The Type that a program takes for a batch of the array: float64 becomes float32, int64 int32 where it fits."""
    dtype = str(array.dtype)
    if dtype == "float64":
        dtype = "float32"
    elif dtype == "int64" and (not array.size or (array.min() >= -(2**31) and array.max() < 2**31)):
        dtype = "int32"
    return Type(dtype, (rows, *array.shape[1:]))


def check_lengths(named: list[tuple[str, np.ndarray]]) -> int:
    """The number of rows, which must be the same in all arrays and not zero."""
    for name, array in named:
        if array.ndim == 0:
            raise DataError(message(f"{name} is one number", got=shown(array), want="one row for each sample"))
    if not named:
        raise DataError(message("there are no data", want="x, an array with one row for each sample"))
    lengths = {len(array) for _, array in named}
    if len(lengths) > 1:
        raise DataError(
            message(
                "the data differ in length",
                got=[f"{n}: {len(a)} rows" for n, a in named],
                want="one row for each sample in each of them",
                fix=f"cut them to the same samples: {min(lengths)} rows are the fewest",
                where=True,
            )
        )
    (rows,) = lengths
    if rows == 0:
        raise DataError(
            message(
                "the data are empty",
                got=", ".join(f"{n}: {a.dtype}{list(a.shape)}" for n, a in named),
                want="at least one row",
                fix="look at how they were read or selected: len(x) is 0",
                where=True,
            )
        )
    return rows


def sums_are_finite(flat: np.ndarray) -> bool:
    """Whether sums over an array are finite. Then so is each of its numbers; a sum is one pass and makes no array.

    What is much larger than a cache is read by several threads, as one of them cannot use all of the memory's speed.
    """
    starts = range(0, flat.size, BLOCK)
    count = max(1, min(_native.get_num_threads(), len(starts) // SHARE))
    found: list[bool] = []

    def look(mine: range) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            found.append(all(np.isfinite(np.add.reduce(flat[i : i + BLOCK])) for i in mine))

    others = [Thread(target=look, args=(starts[k::count],)) for k in range(1, count)]
    for thread in others:
        thread.start()
    look(starts[::count])
    for thread in others:
        thread.join()
    return len(found) == count and all(found)


def check_finite(array: np.ndarray, name: str) -> None:
    """DataError where an array holds NaN or infinity: it names the first place, and says how many there are."""
    if array.dtype.kind != "f":
        return
    if sums_are_finite(array.reshape(-1)):
        return
    wrong = ~np.isfinite(array)
    if not wrong.any():  # finite numbers whose sum is not
        return
    place = np.unravel_index(int(wrong.reshape(-1).argmax()), array.shape)
    value, count = array[place], int(wrong.sum())
    more = f"; {count} of {array.size} values are not finite" if count > 1 else ""
    raise DataError(
        message(
            f"{name} holds {value} at {position(place)}",
            got=f"{value}{more}",
            want="finite numbers",
            fix="drop these rows or fill the gaps first, for example with the mean of the column",
            where=True,
        )
    )
