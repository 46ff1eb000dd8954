"""Tables that are never made: sums of rows by number, added up piece by piece in the chains that read them.

The gradient of a lookup is such a table, and an optimizer reads every element of it once. All that is left of it is
the order of the row numbers (``order_rows``), by which a chain finds the rows that fall into the piece at hand. The
sums have the bits of ``scatter_add``. See docs/decisions/0020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph import Node
from ...types import Type
from .draft import Draft
from .fuse import Group
from .groups import is_reshape
from .views import View, flat, fresh, rows_of, unviewed

if TYPE_CHECKING:
    from .plan import Planner

SMALLEST = 1 << 14  # elements: a smaller table stays in the caches
SHARE = 2  # the rows that all chains together add up are at most so many times as large as the table


def unmade(planner: Planner) -> dict[Node, tuple[View, View] | None]:
    """The tables that nobody needs as a whole; ``order`` puts in what their readers need: the rows, and their order."""
    sums = [n for n in planner.graph.nodes if n.op is not None and n.op.name == "scatter_add"]
    return {n: None for n in sums if pays(planner, n)}


def pays(planner: Planner, node: Node) -> bool:
    """Whether only chains read a table, each element in its own place, and that moves fewer bytes than making it."""
    x, ids = node.inputs
    if node.dtype != "float32" or node.type.size < SMALLEST or not planner.can.kernel("order_rows", (ids.dtype,)):
        return False
    chains = readers(planner, node)
    if chains is None or node.shape[0] >= 2**31 or len(chains) * x.type.size > SHARE * node.type.size:
        return False
    return not any(is_written(planner, value) for value in (x, ids))


def readers(planner: Planner, node: Node) -> set[Group] | None:
    """The chains that read a table; None if anybody else does."""
    found: set[Group] = set()
    if node in planner.outputs:
        return None
    for reader in planner.reads[node]:
        group = planner.group_of.get(reader)
        inner = readers(planner, reader) if is_reshape(reader) else None
        if inner is not None:
            found |= inner
        elif group is None or not group.fusible or group.root is not None or reader in group.sums:
            return None
        else:
            found.add(group)
    return found


def is_written(planner: Planner, node: Node) -> bool:
    """Whether a value lies in a variable that this program writes: its readers would have to be waited for."""
    node = unviewed(node)
    return node in planner.given and planner.given[node].storage in planner.written


def order(planner: Planner, node: Node) -> None:
    """Drafts the order of a table's rows, in place of the table."""
    x, ids = (planner.contiguous(planner.view(v)) for v in node.inputs)
    made = fresh(Type("int32", (2, ids.size)))
    planner.add(Draft("order_rows", [flat(ids)], [made], [node.shape[0]], nodes=[node]))
    planner.unmade[node] = rows_of(x, len(ids.shape)), made
