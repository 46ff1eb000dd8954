"""Data before they are tensors: files of numbers, where they are found, pictures, vectors of words, buckets."""

from . import buckets, word_vectors

__all__ = ["buckets", "word_vectors"]
