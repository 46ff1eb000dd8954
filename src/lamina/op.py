"""What an operation is. Everything the framework knows about one op stands in its one class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import signature as signatures
from .errors import DtypeError, TraceError, message
from .graph import Node
from .types import DTYPES, Type, dtype_name, promote, type_of

OPS: dict[str, Op] = {}


class Op:
    """One operation, told once.

    infer      types in, type (or tuple of types) out; the only place where shapes are checked
    compute    the formula over any NumPy-like module ``xp``: NumPy is the reference, jax.numpy is XLA
    xla        only where XLA wants another formula than ``compute``
    vjp        the derivative, built from ops, so that it runs wherever the ops run: (dy, y, *inputs) to one node or
               None for each input; an op with several results gets and sees tuples
    programs   the attributes that are graphs
    kernel     the name of a line in native/kernels.inc, or None to fall back on the reference
    samples    inputs that must work, as (types, attributes), and rejects: inputs that must raise, with the words
    tolerance  how far kernels may be from the float64 value, relative to the largest element
    domain     between which numbers the inputs lie where the derivative is tested; whole numbers lie within ``whole``
    extremes   which of huge numbers (they overflow) and special ones (infinities, NaN) every backend treats alike
    leaves_unit_interval  whether results lie outside of 0..1, so that they are no probabilities; lint asks
    slope      what the derivative is: "exact"; "kinked", declared at kinks and ties; or "declared" throughout
    """

    signature: str | None = None
    programs: tuple[str, ...] = ()
    kernel: str | None = None
    differentiable: bool = True
    leaves_unit_interval: bool = False
    tolerance: float = 3e-6
    domain: tuple[float, float] = (-1.5, 2.5)
    whole: tuple[int, int] = (-3, 5)
    extremes: tuple[str, ...] = ("huge", "special")
    slope: str = "exact"
    samples: list[tuple[tuple[Type, ...], dict[str, Any]]] = []
    rejects: list[tuple[tuple[Type, ...], dict[str, Any], str]] = []

    def __init__(self):
        self.name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        assert self.name not in OPS, f"two ops are called {self.name!r}"
        OPS[self.name] = self

    def infer(self, *types: Type, **attrs) -> Type | tuple[Type, ...]:
        assert self.signature, f"{self.name} has neither infer nor a signature"
        return signatures.infer(self, self.signature, types)

    def compute(self, xp, *arrays, **attrs):
        raise AssertionError(f"{self.name} has no formula")

    def xla(self, xp, *arrays, **attrs):
        return self.compute(xp, *arrays, **attrs)

    def vjp(self, dy, y, *xs: Node, **attrs) -> tuple[Node | None, ...]:
        raise AssertionError(f"{self.name} has no derivative")

    def types(self, input_types: Sequence[tuple[Type, ...]], attrs: dict[str, Any]) -> tuple[Type, ...]:
        """The Types of the results, always as a tuple. An op reads single values, but ``item`` reads a whole tuple."""
        result = self.infer(*[t[0] for t in input_types], **attrs)
        if input_types and result is input_types[0][0]:
            return input_types[0]  # the very tuple: equal types are mostly told by their identity
        return result if isinstance(result, tuple) else (result,)

    def node(self, inputs: Sequence[Node], attrs: dict[str, Any]) -> Node:
        """The op applied to nodes; the types are checked here. In a concrete trace the value is computed at once."""
        node = Node(self, tuple(inputs), attrs, self.types([x.types for x in inputs], attrs))
        if _traces and _traces[-1].concrete and all(x.value is not None for x in inputs):
            node.value = value_of(node)
        return node

    def __call__(self, *inputs, **attrs) -> Any:
        """Builds a node if any input is a node, else computes with NumPy at once."""
        values = [as_value(x) for x in inputs]
        if any(isinstance(v, Node) for v in values):
            return self.node([as_node(v) for v in values], attrs)
        if not values and tracing():
            return self.node([], attrs)
        return run(self, np, values, attrs)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def run(op: Op, xp, arrays: Sequence, attrs: dict[str, Any]):
    """The value of an op, after its shape rule has been asked."""
    types = op.types([(type_of(a),) for a in arrays], attrs)
    rule = op.compute if xp is np else op.xla
    if xp is not np:
        return rule(xp, *arrays, **attrs)
    with np.errstate(all="ignore"):
        result = rule(xp, *arrays, **attrs)
    if len(types) > 1:
        return tuple(np.asarray(r, dtype=t.dtype) for r, t in zip(result, types, strict=True))
    return np.asarray(result, dtype=types[0].dtype)


def value_of(node: Node):
    """The value of a node whose inputs have one: an array, or a tuple of arrays."""
    assert node.op is not None
    with np.errstate(all="ignore"):
        values = node.op.compute(np, *(x.value for x in node.inputs), **node.attrs)
    if len(node.types) > 1:
        return tuple(np.asarray(v, dtype=t.dtype) for v, t in zip(values, node.types, strict=True))
    return np.asarray(values, dtype=node.types[0].dtype)


# The traces being made, innermost last: ops without inputs build nodes inside of one. See ``trace.Trace``.
_traces: list[Any] = []


def tracing() -> bool:
    """Whether a program is being traced, so that constants become nodes."""
    return bool(_traces)


def as_value(x, dtype: str | None = None) -> Any:
    """x as a node or a NumPy array. Variables read themselves; Python floats become float32, as in Keras."""
    if isinstance(x, Node):
        return x
    if hasattr(x, "__lamina_value__"):
        return x.__lamina_value__()
    if isinstance(x, (np.ndarray, np.generic)):
        array = np.asarray(x)
    elif isinstance(x, list | tuple) and any(isinstance(v, Node) or hasattr(v, "__lamina_value__") for v in x):
        raise TraceError(message("a list of symbolic values is no tensor", fix="use lamina.ops.stack"))
    else:
        array = np.asarray(x) if hasattr(x, "__array__") else _from_python(x)
    if dtype is not None:
        return array.astype(dtype, copy=False)
    if dtype_name(array.dtype) not in DTYPES:
        array = array.astype(_nearest_dtype(array))
    return array


def _from_python(x) -> np.ndarray:
    array = np.asarray(x)
    if array.dtype == np.float64:
        with np.errstate(over="ignore" if array.ndim == 0 else None):  # a number may meet float64, which can hold it
            return array.astype(np.float32)
    if array.dtype == np.int64 and array.size and array.min() >= -(2**31) and array.max() < 2**31:
        return array.astype(np.int32)
    return array


def _nearest_dtype(array: np.ndarray) -> str:
    if array.dtype.kind == "f":
        return "float32" if array.dtype.itemsize < 8 else "float64"
    if array.dtype.kind in "iu" and array.dtype.itemsize < 8:
        return "int32"
    raise DtypeError(
        message(
            f"no tensor holds elements of type {array.dtype}",
            got=f"{array.dtype}{list(array.shape)}",
            want=", ".join(DTYPES),
            fix="turn text into numbers first, for example one per category",
        )
    )


def as_node(value) -> Node:
    """A node for a node or an array; a single number becomes a constant, a larger array an input of the trace."""
    if isinstance(value, Node):
        return value
    if value.ndim == 0:
        return OPS["full"].node([], {"value": value.item(), "shape": (), "dtype": str(value.dtype)})
    if not _traces:
        raise TraceError(
            message(
                "an array meets a symbolic value outside of a trace",
                got=str(type_of(value)),
                fix="pass the array as an argument of the traced function",
            )
        )
    return _traces[-1].capture(value)


def common_dtype(values: Sequence, like: Sequence = ()) -> str:
    """The dtype for a mix of operands, in which plain Python numbers count only where nothing else decides."""
    strong = [
        dtype_name(v.dtype)
        for v, x in zip(values, like or values, strict=True)
        if not isinstance(x, bool | int | float)
    ]
    weak = [
        "float32" if isinstance(x, float) else "int32"
        for x in like
        if isinstance(x, int | float) and not isinstance(x, bool)
    ]
    if not strong:
        return promote(*(dtype_name(v.dtype) for v in values))
    dtype = promote(*strong)
    if (weak and dtype == "bool") or ("float32" in weak and dtype not in ("float32", "float64")):
        return promote(dtype, *weak)
    return dtype


class Item(Op):
    """One of the results of a node that has several."""

    samples = []

    def types(self, input_types, attrs):
        ((types,), index) = (input_types, attrs["index"])
        assert 0 <= index < len(types), f"result {index} of a node that has {len(types)}"
        return (types[index],)

    def compute(self, xp, x, index):
        return x[index]


item_op = Item()


def item(node, index: int):
    """Result ``index`` of a node with several results, or of a tuple of arrays."""
    return item_op.node([node], {"index": index}) if isinstance(node, Node) else node[index]


def evaluate(graph, xp, arrays: Sequence) -> list:
    """The outputs of a graph, computed op by op over ``xp`` (NumPy or jax.numpy)."""
    env = dict(zip(graph.inputs, arrays, strict=True))
    for n in graph.nodes:
        rule = n.op.compute if xp is np else n.op.xla
        values = rule(xp, *(env[x] for x in n.inputs), **n.attrs)
        if xp is np and len(n.types) == 1:
            values = np.asarray(values, dtype=n.types[0].dtype if values_differ(values, n.types[0]) else None)
        env[n] = values
    return [env[y] for y in graph.outputs]


def values_differ(value, type: Type) -> bool:
    """Whether a value must be cast: floats may run in float64 where a test asks for it, the rest is exact."""
    dtype = str(np.asarray(value).dtype)
    return dtype != type.dtype and not (type.is_float and dtype == "float64")
