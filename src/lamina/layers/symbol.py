"""A tensor of the functional API: a shape and a dtype, and the call of a layer that gives it.

``Symbol`` holds no numbers and is no node: sizes it does not know yet, such as the batch, are None. Layers and the
functions of ``lamina.ops`` that are called on symbols are recorded as ``Call``s; a ``Model`` replays them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from ..errors import TraceError, message
from ..graph import Node
from ..ops.operators import install
from ..trace import current

if TYPE_CHECKING:
    from .layer import Layer

_numbers = count()


class Symbol:
    """A tensor without numbers.

    shape   a tuple of sizes, None where a size is not known yet
    dtype   element type
    name    a name for messages
    source  the Call that gives it

    >>> x = lamina.Input((784,))
    >>> x.shape, x.dtype
    ((None, 784), 'float32')
    >>> lamina.layers.Dense(10)(x).shape
    (None, 10)
    """

    __array_priority__ = 1000
    __array_ufunc__ = None

    def __init__(self, shape, dtype: str = "float32", name: str = "", source: Call | None = None):
        self.shape = tuple(None if n is None else int(n) for n in shape)
        self.dtype, self.name, self.source = dtype, name, source
        self.mask_shape: tuple | None = None  # the shape of the mask that comes along, if any

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        made = f", from {self.source.layer.label}" if self.source else ""
        return f"<Symbol {described(self)}{made}>"

    def refuse(self, *_):
        raise TraceError(
            message(
                "a tensor of the functional API has no numbers",
                got=repr(self),
                where=True,
                fix="make a lamina.Model(inputs, outputs) and call that on arrays",
            )
        )

    __lamina_value__ = __array__ = __bool__ = __float__ = __int__ = __index__ = __iter__ = __len__ = refuse


install(Symbol)


class Call:
    """One use of a layer on symbols: its arguments and what it gives."""

    def __init__(self, layer: Layer, args: tuple, kwargs: dict[str, Any]):
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.number = next(_numbers)
        self.outputs: Any = None
        self.place = len(layer.calls)
        layer.calls.append(self)

    @property
    def inputs(self) -> list[Symbol]:
        """The symbols among the arguments, in order."""
        return [x for x in leaves((self.args, self.kwargs)) if isinstance(x, Symbol)]


def leaves(nest) -> Iterator[Any]:
    """What stands in a nest of lists, tuples and dicts, in order."""
    if isinstance(nest, dict):
        for value in nest.values():
            yield from leaves(value)
    elif isinstance(nest, list | tuple):
        for value in nest:
            yield from leaves(value)
    else:
        yield nest


def mapped(function: Callable, nest) -> Any:
    """The nest with ``function`` applied to what stands in it."""
    if isinstance(nest, dict):
        return {key: mapped(function, value) for key, value in nest.items()}
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*(mapped(function, value) for value in nest))
    if isinstance(nest, list | tuple):
        return type(nest)(mapped(function, value) for value in nest)
    return function(nest)


def described(x) -> str:
    """``float32[batch, 784]``: dtype and shape of a symbol, node or array, as messages write it."""
    trace = current()
    if isinstance(x, Node) and trace is not None:  # a stand-in for a symbol has sizes that nobody asked for
        x = trace.notes.get("symbols", {}).get(x, x)
    sizes = ["batch" if n is None and i == 0 else "?" if n is None else str(n) for i, n in enumerate(x.shape)]
    return f"{x.dtype}[{', '.join(sizes)}]"
