"""Where values live: storages and strided views of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from ...graph import Node
from ...types import Type

VIEWS = {"reshape", "transpose", "expand", "slice", "reverse", "stop_gradient"}
SIZES = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "uint32": 4, "uint8": 1, "bool": 1}


@dataclass(eq=False, slots=True)
class Storage:
    """A run of bytes: a piece of the arena, whose place is found by ``memory``, or a base of its own that is bound."""

    bytes: int
    base: int = 0
    offset: int = 0
    whole_run: bool = False  # whether it must survive from step to step
    inside: Storage | None = None  # the storage that this one is a part of; ``offset`` counts from there
    successor_of: Storage | None = None  # the same bytes, after they were written: another value, so another storage

    @property
    def root(self) -> Storage:
        """The storage that has the bytes."""
        return self if self.successor_of is None else self.successor_of.root

    @property
    def outermost(self) -> Storage:
        """The storage that has a base of its own."""
        return self if self.inside is None else self.inside.outermost

    @property
    def address(self) -> int:
        """Bytes from the base."""
        return self.offset + (self.inside.address if self.inside is not None else 0)


@dataclass(frozen=True, slots=True)
class View:
    """A strided window on a storage; ``offset`` and ``strides`` count elements, strides may be zero or negative."""

    storage: Storage = field(repr=False)
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie side by side in row-major order."""
        return all(n == 1 or s == t for n, s, t in zip(self.shape, self.strides, row_major(self.shape), strict=True))

    @property
    def size(self) -> int:
        return prod(self.shape)

    def operand(self) -> tuple:
        """The view as the engine takes it."""
        root = self.storage.root
        return root.outermost.base, root.address + self.offset * SIZES[self.dtype], self.dtype, self.shape, self.strides

    def with_layout(self, shape, strides, offset: int | None = None) -> View:
        return View(self.storage, self.dtype, tuple(shape), tuple(strides), self.offset if offset is None else offset)


def row_major(shape) -> tuple[int, ...]:
    """The strides of elements that lie side by side."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def rows_of(view: View, lead: int) -> View:
    """A contiguous view as a matrix: its first ``lead`` dimensions number the rows."""
    shape = (prod(view.shape[:lead]), prod(view.shape[lead:]))
    return view.with_layout(shape, (shape[1], 1))


def flat(view: View) -> View:
    """A contiguous view in one dimension."""
    return view.with_layout((view.size,), (1,))


def fresh(type: Type, storage: Storage | None = None, offset: int = 0) -> View:
    """A row-major view of a new piece of the arena (or of a storage that is given)."""
    storage = storage or Storage(type.size * SIZES[type.dtype])
    return View(storage, type.dtype, type.shape, row_major(type.shape), offset)


def type_of(view: View) -> Type:
    """The type of what a view shows."""
    return Type(view.dtype, view.shape)


def viewed(name: str, x: View, attrs: dict, shape: tuple[int, ...]) -> View | None:
    """What an op that only moves elements makes of a view; None if that takes a copy."""
    if name == "transpose":
        return x.with_layout(shape, (x.strides[a] for a in attrs["axes"]))
    if name == "expand":
        lead = len(shape) - len(x.shape)
        return x.with_layout(
            shape,
            (0,) * lead
            + tuple(0 if n == 1 and m != 1 else s for n, m, s in zip(x.shape, shape[lead:], x.strides, strict=True)),
        )
    if name == "slice":
        start = sum(a * s for a, s in zip(attrs["start"], x.strides, strict=True)) if x.size else 0
        return x.with_layout(shape, (s * k for s, k in zip(x.strides, attrs["step"], strict=True)), x.offset + start)
    if name == "reverse":
        turned = [i in attrs["axes"] for i in range(len(shape))]
        start = sum((n - 1) * s for n, s, t in zip(shape, x.strides, turned, strict=True) if t and n)
        return x.with_layout(shape, (-s if t else s for s, t in zip(x.strides, turned, strict=True)), x.offset + start)
    if name == "reshape":
        strides = reshaped_strides(x.shape, x.strides, shape)
        return None if strides is None else x.with_layout(shape, strides)
    assert name == "stop_gradient", name
    return x


def reshaped_strides(old, strides, new) -> tuple[int, ...] | None:
    """Strides under which the same elements have another shape, if there are any."""
    if prod(new) == 0:
        return row_major(new)
    if old == new and 1 not in new:
        return tuple(strides)
    old_dims = [(n, s) for n, s in zip(old, strides, strict=True) if n != 1]
    result: list[int] = []
    i = j = 0
    while j < len(new):
        if new[j] == 1:
            result.append(0)
            j += 1
            continue
        n, m, first_i, first_j = old_dims[i][0], new[j], i, j
        while n != m:
            if n < m:
                i += 1
                n *= old_dims[i][0]
            else:
                j += 1
                m *= new[j]
        for (_, outer), (inner_n, inner) in zip(old_dims[first_i:i], old_dims[first_i + 1 : i + 1], strict=True):
            if outer != inner_n * inner:
                return None
        step = old_dims[i][1]
        group = []
        for size in reversed(new[first_j : j + 1]):
            group.append(step)
            step *= size
        result += reversed(group)
        i, j = i + 1, j + 1
    return tuple(result)


def unshaped(node: Node) -> Node:
    """The node whose elements, in the same order, a reshape shows."""
    while node.op is not None and node.op.name == "reshape":
        node = node.inputs[0]
    return node


def unviewed(node: Node) -> Node:
    """The node whose elements views of views show."""
    while node.op is not None and node.op.name in VIEWS:
        node = node.inputs[0]
    return node
