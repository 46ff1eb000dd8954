"""The program as data: nodes, graphs, their text, the rules they obey, and rewriting them."""

from .collection import no_collection
from .node import Graph, Node, placeholder, scope, topological_order, users
from .rewrite import rewrite, substitute
from .text import parse, to_text
from .verify import verify

__all__ = [
    "Graph",
    "Node",
    "no_collection",
    "parse",
    "placeholder",
    "rewrite",
    "scope",
    "substitute",
    "to_text",
    "topological_order",
    "users",
    "verify",
]
