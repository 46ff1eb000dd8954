"""Graph in, graph out, one pass a file. ``simplify`` runs those that every backend wants, in order."""

from __future__ import annotations

from ..graph import Graph
from .commute import commute
from .drop import drop
from .factor import factor
from .fold import fold
from .join import join
from .share import share
from .touch import touch


def simplify(graph: Graph) -> Graph:
    """Constants folded, pieces joined, lookups turned, sums shortened, only the looked-up rows
    of a table updated, equal nodes shared and dead ones dropped."""
    if not graph.simple:
        graph = drop(share(fold(touch(factor(commute(join(fold(graph))))))))
        graph.simple = True
    return graph


__all__ = ["commute", "drop", "factor", "fold", "join", "share", "simplify", "touch"]
