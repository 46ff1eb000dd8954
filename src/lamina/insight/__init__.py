"""Seeing what a model is and does: its formula, and what each operation of it costs and where it runs."""

from .explanation import Explanation, explain
from .formulas import formula

__all__ = ["Explanation", "explain", "formula"]
