"""Graph in, graph out, one pass a file. ``simplify`` runs those that every backend wants, in order."""

from __future__ import annotations

from ..graph import Graph
from .drop import drop
from .fold import fold
from .share import share


def simplify(graph: Graph) -> Graph:
    """The graph with constants folded, equal nodes shared and dead ones dropped."""
    return drop(share(fold(graph)))


__all__ = ["drop", "fold", "share", "simplify"]
