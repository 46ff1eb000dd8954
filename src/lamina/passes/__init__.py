"""Graph in, graph out, one pass a file. ``simplify`` runs those that every backend wants, in order."""

from __future__ import annotations

from ..graph import Graph
from .commute import commute
from .drop import drop
from .fold import fold
from .hoist import hoist
from .join import join
from .share import share


def simplify(graph: Graph) -> Graph:
    """The graph with constants folded, padded pieces joined, equal nodes shared, dead ones dropped and sums
    taken out of loops."""
    graph = drop(share(commute(join(fold(graph)))))
    slim = hoist(graph)
    return graph if slim is graph else drop(share(fold(slim)))


__all__ = ["commute", "drop", "fold", "hoist", "join", "share", "simplify"]
