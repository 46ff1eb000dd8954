"""Texts and whole numbers become one of some bins, by their hash: no vocabulary is needed."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, ShapeError, message
from .category_rows import checked_mode, rows
from .dense import positive
from .fingerprints import MASK, crossed, fingerprint, keyed
from .reader import Reader
from .symbol import described
from .texts import as_bytes, text_array
from .vocabulary import checked_salt

CROSSING = 0xDECAFCAFFE  # what the first feature of a crossing is joined to


def hashable(value, label: str, encoding: str = "utf-8") -> np.ndarray:
    """Texts as Python strings, whole numbers as int64; floating-point numbers are cut to whole ones, as in Keras."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value, object)
    if array.dtype.kind == "O" and array.size and all(isinstance(x, int | np.integer | float) for x in array.flat):
        array = np.array(array.tolist())
    if array.dtype.kind in "iuf":
        return array.astype(np.int64)
    return text_array(array, f"the input of {label}", encoding)


class Hashing(Reader):
    """Texts or whole numbers become numbers of bins: the hash of a text, or of the digits of a number. Host side.

    num_bins     how many bins: the numbers are 0 .. num_bins - 1
    mask_value   the value that gets bin 0, which no other then has
    salt         a whole number or two: SipHash with this key, instead of FarmHash
    output_mode  "int"; "one_hot": a row for each value; "multi_hot" or "count": a row for the values of the last axis

    The bins are Keras's: TensorFlow's ``to_hash_bucket_fast`` and ``to_hash_bucket_strong``. In a model it stands
    right after an ``Input`` that nothing else takes. DataError for what is neither text nor whole numbers.

    >>> lamina.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).T
    array([[1, 0, 1, 1, 2]], dtype=int32)
    """

    _key: tuple[int, int] | None

    def __init__(self, num_bins, mask_value=None, salt=None, output_mode: str = "int", sparse: bool = False, **kwargs):
        if output_mode == "int":
            kwargs.pop("dtype", None)  # Keras says which whole numbers come out; here they are int32
        super().__init__(**kwargs)
        self.num_bins = positive("Hashing", "num_bins", num_bins)
        self.output_mode = checked_mode("Hashing", output_mode, ("int", "one_hot", "multi_hot", "count"), sparse)
        self.mask_value, self.salt, self.built = mask_value, salt, True
        self.__dict__["_key"] = checked_salt("Hashing", salt)

    def read(self, inputs):
        values = hashable(inputs, self.label)
        flat, places = np.unique(values.reshape(-1), return_inverse=True)
        masked = self.mask_value is not None and self.num_bins > 1
        bins = [0 if masked and v == self.mask_value else self.bin(v, int(masked)) for v in flat.tolist()]
        return np.array(bins, "int32")[places.reshape(-1)].reshape(values.shape)

    def bin(self, value, first: int) -> int:
        """The bin of one value, from ``first`` on."""
        data = as_bytes(str(value), self.label)
        number = fingerprint(data) if self._key is None else keyed(data, self._key)
        return first + number % (self.num_bins - first)

    def call(self, inputs):
        return inputs if self.output_mode == "int" else rows(inputs, self.output_mode, self.num_bins, self.dtype)


class HashedCrossing(Reader):
    """Two features or more, texts or whole numbers, become one: the number of a bin for each combination. Host side.

    num_bins     how many bins: the numbers are 0 .. num_bins - 1
    output_mode  "int", or "one_hot"

    Inputs are a list of arrays (batch,) or (batch, 1). The bins are Keras's: TensorFlow's ``sparse.cross_hashed``.

    >>> lamina.layers.HashedCrossing(5)([["A", "B", "A"], [101, 101, 102]])
    array([1, 4, 3], dtype=int32)
    """

    def __init__(self, num_bins, output_mode: str = "int", sparse: bool = False, **kwargs):
        if output_mode == "int":
            kwargs.pop("dtype", None)
        super().__init__(**kwargs)
        self.num_bins, self.built = positive("HashedCrossing", "num_bins", num_bins), True
        self.output_mode = checked_mode("HashedCrossing", output_mode, ("int", "one_hot"), sparse)

    def read(self, inputs):
        self.check([np.shape(x) for x in self.features(inputs)], "got")
        columns = [hashable(x, self.label) for x in inputs]
        found = []
        for row in zip(*(c.reshape(-1).tolist() for c in columns), strict=True):
            joined = CROSSING
            for value in row:
                number = value & MASK if isinstance(value, int) else fingerprint(as_bytes(value, self.label))
                joined = crossed(joined, number)
            found.append(joined % self.num_bins)
        return np.array(found, "int32").reshape(columns[0].shape)

    def read_shape(self, inputs):
        features = self.features(inputs)
        self.check([x.shape for x in features], [described(x) for x in features])
        return features[0].shape

    def features(self, inputs) -> list:
        if not isinstance(inputs, list | tuple) or len(inputs) < 2:
            raise ArgumentError(
                message(f"{self.label} crosses a list of two features or more", got=type(inputs).__name__, where=True)
            )
        return list(inputs)

    def check(self, shapes: list, got) -> None:
        first = tuple(shapes[0])
        if any(tuple(s) != first for s in shapes) or len(first) > 2 or (len(first) == 2 and first[1] != 1):
            raise ShapeError(
                message(
                    f"{self.label}: the features have one value for each sample",
                    got=got if isinstance(got, list) else [str(tuple(s)) for s in shapes],
                    want="equal shapes (batch,) or (batch, 1)",
                    where=True,
                )
            )

    def call(self, inputs):
        return inputs if self.output_mode == "int" else rows(inputs, self.output_mode, self.num_bins, self.dtype)
