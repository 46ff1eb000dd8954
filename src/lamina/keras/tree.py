"""Nests of lists, tuples and dicts; the leaves of a dict stand in the order of its sorted keys, as in Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError, message


def is_nested(structure) -> bool:
    """Whether it is a list, a tuple or a dict.

    >>> lamina.keras.tree.is_nested([1]), lamina.keras.tree.is_nested("one")
    (True, False)
    """
    return isinstance(structure, list | tuple | dict)


def children(structure) -> list[tuple[Any, Any]]:
    """(key or index, value) for each part of a nest."""
    if isinstance(structure, dict):
        return [(key, structure[key]) for key in sorted(structure)]
    return list(enumerate(structure))


def flatten_with_path(structure) -> list[tuple[tuple, Any]]:
    """(path, leaf) for each leaf.

    >>> lamina.keras.tree.flatten_with_path({"b": 1, "a": [2]})
    [(('a', 0), 2), (('b',), 1)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, part in children(structure) for path, leaf in flatten_with_path(part)]


def flatten(structure) -> list:
    """The leaves.

    >>> lamina.keras.tree.flatten({"b": 1, "a": [2, (3,)]})
    [2, 3, 1]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def same_kind(first, second) -> bool:
    if not is_nested(first) or not is_nested(second):
        return is_nested(first) == is_nested(second)
    return type(first) is type(second) and [key for key, _ in children(first)] == [key for key, _ in children(second)]


def assert_same_structure(a, b) -> None:
    """ArgumentError where two nests differ in more than their leaves."""
    if not same_kind(a, b):
        raise ArgumentError(message("the two structures differ", got=[repr(a), repr(b)]))
    if is_nested(a):
        for (_, first), (_, second) in zip(children(a), children(b), strict=True):
            assert_same_structure(first, second)


def map_structure(func: Callable, *structures, none_is_leaf: bool = True):
    """The function of the leaves of one nest, or of those at the same place in several.

    >>> lamina.keras.tree.map_structure(lambda a, b: a + b, {"x": [1, 2]}, {"x": [10, 20]})
    {'x': [11, 22]}
    """
    first, *others = structures
    for other in others:
        assert_same_structure(first, other)
    leaves = zip(*map(flatten, structures), strict=True)
    return pack_sequence_as(first, [None if not none_is_leaf and leaf[0] is None else func(*leaf) for leaf in leaves])


def pack_sequence_as(structure, flat_sequence):
    """The leaves in the form of a nest.

    >>> lamina.keras.tree.pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
    {'b': 3, 'a': (1, 2)}
    """
    leaves = list(flat_sequence)
    if len(leaves) != len(flatten(structure)):
        raise ArgumentError(
            message(
                "the leaves do not fill the structure", got=f"{len(leaves)} leaves", want=f"{len(flatten(structure))}"
            )
        )
    return packed(structure, iter(leaves))


def packed(structure, leaves):
    if not is_nested(structure):
        return next(leaves)
    parts = {key: packed(part, leaves) for key, part in children(structure)}
    if isinstance(structure, dict):
        return {key: parts[key] for key in structure}
    values = list(parts.values())
    return type(structure)(*values) if hasattr(structure, "_fields") else type(structure)(values)
