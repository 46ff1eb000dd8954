"""Whole numbers, such as words, become vectors."""

from __future__ import annotations

from typing import Any

from .. import constraints, initializers, regularizers
from ..errors import DataError, message
from ..ops import cast, not_equal, take
from .dense import positive
from .layer import Layer


class Embedding(Layer):
    """Row i of a table for each number i: (batch, …) whole numbers become (batch, …, output_dim).

    input_dim               how many rows, so numbers are within 0 .. input_dim - 1
    output_dim              the length of a row
    embeddings_initializer  "uniform" unless given; ``weights=[table]`` gives the rows themselves, such as GloVe's
    mask_zero               whether 0 is padding, which the layers after it leave out

    >>> layer = lamina.layers.Embedding(5, 2, weights=[np.arange(10.0).reshape(5, 2)])
    >>> layer(np.array([[1, 4]])).tolist()
    [[[2.0, 3.0], [8.0, 9.0]]]
    """

    input_dtype = "int32"
    _rows: Any

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero: bool = False,
        weights=None,
        lora_rank=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.input_dim, self.output_dim = (
            positive("Embedding", "input_dim", input_dim),
            positive("Embedding", "output_dim", output_dim),
        )
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero, self.supports_masking, self.autocast = mask_zero, mask_zero, False
        self.__dict__["_rows"] = weights

    def build(self, input_shape=None):
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            name="embeddings",
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        if self._rows is not None:
            rows = self._rows
            self.set_weights(rows if isinstance(rows, list | tuple) else [rows])

    def call(self, inputs):
        numbers = inputs if str(inputs.dtype) in ("int32", "int64") else cast(inputs, "int32")
        self.check(numbers.value)
        return take(self.embeddings, numbers, axis=0)

    def check(self, numbers) -> None:
        """Refuses numbers that name no row, where they are known already; else the program finds them when it runs."""
        if numbers is None or not numbers.size:
            return
        low, high = numbers.min(), numbers.max()
        if low < -self.input_dim or high >= self.input_dim:
            worst = high if high >= self.input_dim else low
            raise DataError(
                message(
                    f"{self.label}: the number {worst} names no row",
                    want=f"0..{self.input_dim - 1}, because input_dim is {self.input_dim}",
                    fix="let input_dim be the largest number plus one",
                    where=True,
                )
            )

    def compute_mask(self, inputs, previous_mask=None):
        return not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)  # rows are state, not structure: they are saved with the weights
        config.pop("lora_rank", None)
        return config
