"""Graph in, graph out, one pass a file. ``simplify`` runs those that every backend wants, in order."""

from __future__ import annotations

from ..graph import Graph
from .drop import drop
from .fold import fold
from .hoist import hoist
from .share import share


def simplify(graph: Graph) -> Graph:
    """The graph with constants folded, equal nodes shared, dead ones dropped and sums taken out of loops."""
    graph = drop(share(fold(graph)))
    slim = hoist(graph)
    return graph if slim is graph else drop(share(fold(slim)))


__all__ = ["drop", "fold", "hoist", "share", "simplify"]
