"""Keras's old place for padding sequences."""

import sys

from ..utils import pad_sequences

sequence = sys.modules[__name__]

__all__ = ["pad_sequences", "sequence"]
