"""Numbers become the numbers of the intervals that they lie in."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message
from ..ops import cast, digitize
from ..trace import current
from .category_rows import checked_mode, rows
from .layer import Layer

MODES = ("int", "one_hot", "multi_hot", "count")


class Discretization(Layer):
    """Numbers become those of the intervals they lie in: with boundaries 0 and 1, below 0 is 0, up to 1 is 1, then 2.

    bin_boundaries  rising numbers; one that equals a boundary lies above it
    num_bins        how many intervals ``adapt`` makes, which hold about equally many numbers of its data
    epsilon         how much of the data a boundary may be off; 0.01 unless given
    output_mode     "int"; "one_hot": a row for each number; "multi_hot" or "count": a row for those of the last axis

    One of the first two is given. Inputs of any shape; whole numbers come out as int32. DataError for no data, and NaN.

    >>> lamina.layers.Discretization([0.0, 1.0])(np.array([[-1.5, 0.0, 0.5, 3.0]], "float32"))
    array([[0, 1, 1, 2]], dtype=int32)
    """

    bin_boundaries: Any
    num_bins: Any
    _summary: np.ndarray  # values, and how many numbers each stands for
    _in_program: bool

    def __init__(
        self,
        bin_boundaries=None,
        num_bins=None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.output_mode = checked_mode("Discretization", output_mode, MODES, sparse)
        if (bin_boundaries is None) == (num_bins is None):
            raise ArgumentError(
                message("Discretization takes bin_boundaries or num_bins", got=f"{bin_boundaries}, {num_bins}")
            )
        if num_bins is not None and (type(num_bins) is not int or num_bins < 1):
            raise ArgumentError(
                message("Discretization: num_bins is a whole number", got=repr(num_bins), want="1 or more")
            )
        if not 0 < epsilon <= 1:
            raise ArgumentError(
                message("Discretization: epsilon is a share", got=repr(epsilon), want="0 < epsilon <= 1")
            )
        self.num_bins, self.epsilon, self.built = num_bins, epsilon, True
        self.bin_boundaries = None if bin_boundaries is None else checked_boundaries(bin_boundaries)
        self.__dict__.update(_summary=np.empty((2, 0), "float32"), _in_program=False)

    def adapt(self, data, batch_size=None, steps=None) -> None:
        """Finds boundaries between which about equally many numbers of the data lie.

        data  an array, or an iterable of arrays, of which ``steps`` are taken: with several, the boundaries are as
              exact as ``epsilon`` says
        """
        if self._in_program:
            fix = "adapt it before the model is used"
            raise ArgumentError(message(f"{self.label} is part of a program that knows its boundaries", fix=fix))
        self.reset_state()
        for batch in [data] if hasattr(data, "__array__") else islice(data, steps):
            self.update_state(batch[0] if isinstance(batch, tuple) else batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what ``update_state`` saw."""
        self.__dict__["_summary"] = np.empty((2, 0), "float32")

    def update_state(self, data) -> None:
        """Takes the numbers of a batch into account."""
        if self.num_bins is None:
            raise ArgumentError(message(f"{self.label} was given its boundaries, there is nothing to adapt"))
        values = np.sort(np.asarray(data, "float32").reshape(-1))
        if np.isnan(values).any():
            raise DataError(message(f"{self.label} cannot adapt to data with NaN", fix="drop these rows first"))
        if not values.size:
            return
        step = max(values.size * self.epsilon, 1)
        some = values[int(step - 1) :: int(step)]
        both = np.concatenate([np.stack([some, np.full_like(some, step)]), self._summary], axis=1)
        self.__dict__["_summary"] = compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Makes boundaries of what was seen."""
        if not self._summary.size:
            raise DataError(message(f"{self.label} cannot adapt to no data"))
        self.bin_boundaries = compressed(self._summary, 1 / self.num_bins)[0, :-1].tolist()

    def call(self, inputs):
        if self.bin_boundaries is None:
            raise ArgumentError(
                message(
                    f"{self.label} has no boundaries yet", fix="adapt(data) finds them, bin_boundaries=[…] gives them"
                )
            )
        trace = current()
        if trace is not None and not trace.concrete:
            self.__dict__["_in_program"] = True
        edges = np.array(self.bin_boundaries, self.dtype)
        numbers = digitize(cast(inputs, self.dtype), edges)
        return numbers if self.output_mode == "int" else rows(numbers, self.output_mode, len(edges) + 1, self.dtype)

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        found = config.pop("bin_boundaries", None) if config.get("num_bins") is not None else None
        layer = super().from_config(config)
        if found is not None:
            layer.bin_boundaries = checked_boundaries(found)
        return layer


def checked_boundaries(boundaries) -> list[float]:
    """Rising numbers; ArgumentError for others."""
    edges = np.asarray(boundaries, float)
    if edges.ndim != 1 or not edges.size or np.isnan(edges).any() or (np.diff(edges) < 0).any():
        raise ArgumentError(message("Discretization: bin_boundaries are rising numbers", got=str(boundaries)[:60]))
    return edges.tolist()


def compressed(summary: np.ndarray, share: float) -> np.ndarray:
    """Values and how many numbers each stands for, as 1 / share of them: interpolated at equal steps of the sum."""
    if summary.shape[1] * share < 1:
        return summary
    steps = share + np.arange(0.0, 1.0, share)
    sums = summary[1].cumsum()
    values, upto = np.interp(steps, sums / sums[-1], summary[0]), np.interp(steps, sums / sums[-1], sums)
    return np.stack([values, np.diff(upto, prepend=0.0)]).astype("float32")
