"""Which operands of a product may hold many zeros, so that the engine looks whether leaving them out pays.

What a ReLU gives is half zeros, and what comes back through one too: dropout adds to them. The engine decides for
each tile of a product by what it finds there (``native/blocks/zeros.h``). See docs/decisions/0023.
"""

from __future__ import annotations

from ...graph import Node
from .pooling import is_op, keeps_zeros
from .views import VIEWS

IN_A, IN_B = 1, 2
DEPTH = 8  # nodes that are looked at, one behind the other


def many(node: Node, depth: int = DEPTH) -> bool:
    """Whether a value is often zero: a ReLU's, what passed a condition or else is 0, and what keeps their zeros.

    A condition that is drawn, as dropout's, alone leaves most numbers as they are.
    """
    if node.op is None or depth == 0:
        return False
    if node.op.name == "relu" or (is_op(node, "select") and not is_drawn(node.inputs[0])):
        return node.op.name == "relu" or any(keeps_zeros(node, node.inputs, i) for i in (1, 2))
    kept = [x for i, x in enumerate(node.inputs) if node.op.name in VIEWS or keeps_zeros(node, node.inputs, i)]
    return any(many(x, depth - 1) for x in kept)


def is_drawn(condition: Node) -> bool:
    """Whether a condition compares random numbers."""
    return any(is_op(x, "random_bits") or is_op(x, "random_uniform") for x in condition.inputs)


def of_product(a: Node, b: Node) -> int:
    """The engine's word for the operands of a product that may be worth it."""
    return IN_A * many(a) + IN_B * many(b)
