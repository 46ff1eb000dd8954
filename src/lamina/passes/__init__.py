"""Graph in, graph out, one pass a file. ``simplify`` runs those that every backend wants, in order."""

from __future__ import annotations

from ..graph import Graph, rewrite
from .commute import commute, commuted
from .drop import drop
from .factor import factor, factored
from .fold import fold, folded
from .join import join
from .share import share, sharing, widened
from .touch import touch


def simplify(graph: Graph) -> Graph:
    """Constants folded, pieces joined, lookups turned, sums shortened, only the looked-up rows
    of a table updated, equal nodes shared and dead ones dropped."""
    if not graph.simple:
        graph = touch(join(rewrite(graph, folded, commuted, factored)))
        graph = drop(rewrite(widened(graph), folded, sharing()))
        graph.simple = True
    return graph


__all__ = ["commute", "drop", "factor", "fold", "join", "share", "simplify", "touch"]
