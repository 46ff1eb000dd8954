"""Graph in, graph out, one pass a file. ``simplify`` runs those that every backend wants, in order."""

from __future__ import annotations

from ..graph import Graph
from .commute import commute
from .drop import drop
from .fold import fold
from .join import join
from .share import share


def simplify(graph: Graph) -> Graph:
    """The graph with constants folded, pieces joined, lookups turned, equal nodes shared and dead ones dropped."""
    return drop(share(commute(join(fold(graph)))))


__all__ = ["commute", "drop", "fold", "join", "share", "simplify"]
