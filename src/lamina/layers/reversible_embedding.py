"""One table that turns numbers into vectors, and vectors into scores of the numbers."""

from __future__ import annotations

from ..errors import ArgumentError, message
from ..ops import cast, divide, matmul, multiply, not_equal, tanh, transpose
from .embedding import Embedding


class ReversibleEmbedding(Embedding):
    """An Embedding that also works backwards: called with ``reverse=True``, vectors become a score for each number.

    tie_weights     whether the same table serves both ways; else there is one of its own for the way back
    mask_zero       whether 0 is padding, which the layers after it leave out
    reverse_dtype   the dtype in which the scores are computed; that of the vectors unless given
    logit_soft_cap  keeps scores within -cap .. cap: ``cap * tanh(score / cap)``

    The first arguments are those of Embedding. Press and Wolf, "Using the output embedding to improve language models"
    (EACL 2017).

    >>> layer = lamina.layers.ReversibleEmbedding(3, 2, weights=[np.array([[1.0, 0], [0, 1], [1, 1]])])
    >>> layer(layer(np.array([[2]])), reverse=True)
    array([[[1., 1., 2.]]], dtype=float32)
    """

    def __init__(
        self,
        input_dim,
        output_dim,
        tie_weights: bool = True,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero: bool = False,
        reverse_dtype=None,
        logit_soft_cap=None,
        **kwargs,
    ):
        super().__init__(
            input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero,
            **kwargs,
        )  # fmt: skip
        if logit_soft_cap is not None and not logit_soft_cap > 0:
            got = f"logit_soft_cap={logit_soft_cap!r}"
            raise ArgumentError(message("ReversibleEmbedding: logit_soft_cap is a number above 0", got=got))
        self.tie_weights, self.reverse_dtype, self.logit_soft_cap = tie_weights, reverse_dtype, logit_soft_cap
        self.supports_masking = True

    def build(self, input_shape=None):
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
                name="reverse_embeddings",
            )

    def call(self, inputs, reverse=False):
        if not reverse:
            return super().call(inputs)
        kernel = transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings.value
        if self.reverse_dtype is not None:
            inputs, kernel = cast(inputs, self.reverse_dtype), cast(kernel, self.reverse_dtype)
        scores = matmul(inputs, kernel)
        cap = self.logit_soft_cap
        return scores if cap is None else multiply(tanh(divide(scores, cap)), cap)

    def compute_mask(self, inputs, previous_mask=None):
        """On the way there, what is not 0; on the way back, the mask of the vectors."""
        forward = str(inputs.dtype).startswith(("int", "uint"))
        return not_equal(inputs, 0) if forward and self.mask_zero else previous_mask
