"""Ops that treat every element alone: what they share, casting, and arithmetic.

Inputs are brought to one shape and one dtype at the door (``Elementwise.__call__``), so that no op here broadcasts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import dtype_error, shape_error
from ..graph import Node
from ..op import Op, as_node, as_value, common_dtype
from ..types import DTYPES, Type, dtype_name
from .broadcast import expand
from .create import full
from .defer import deferred, public

A, B = Type("float32", (2, 3)), Type("float32", (3,))
I32 = Type("int32", (2, 3))


def broadcast_shape(op, values) -> tuple[int, ...]:
    """The one shape that all values repeat to, as in NumPy."""
    shapes = [tuple(v.shape) for v in values]
    several = {s for s in shapes if s}
    if len(several) < 2:
        return several.pop() if several else ()
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    shape = tuple(max(sizes) if 0 not in sizes else 0 for sizes in zip(*padded, strict=True))
    if any(p not in (1, s) for dims in padded for p, s in zip(dims, shape, strict=True)):
        types = [v.type if isinstance(v, Node) else Type(str(v.dtype), tuple(v.shape)) for v in values]
        raise shape_error(
            op,
            "shapes do not broadcast",
            got=types,
            want="equal sizes, or size 1, counted from the right",
            fix="reshape or expand one of them",
        )
    return shape


def type_of_nodes(given) -> Type | None:
    """The one type of nodes, if what is given is nodes of one type and Python numbers that become such; else None."""
    found: tuple[Type, ...] = ()
    number = False
    for x in given:
        if type(x) is Node:
            if found and x.types != found:
                return None
            found = x.types
        elif type(x) is float:
            number = True
        else:
            return None
    return found[0] if len(found) == 1 and (found[0].is_float or not number) else None


def repeated(value, shape: tuple[int, ...]) -> Node:
    """A node or an array as a node of a shape; a single number is written as it will be needed."""
    if not isinstance(value, Node) and value.ndim == 0 and value.shape != shape:
        return full.node([], {"value": value.item(), "shape": shape, "dtype": dtype_name(value.dtype)})
    node = as_node(value)
    return node if node.shape == shape else expand.node([node], {"shape": shape})


class Elementwise(Op):
    """An op of one or more inputs of one shape, whose result has that shape."""

    floats_only = True
    samples = [
        ((A,), {}),
        ((Type("float32", (0, 3)),), {}),
        ((Type("float32", (37,)),), {}),
        ((Type("float32", ()),), {}),
    ]

    def infer(self, *types, **attrs):
        for t in types[1:]:
            if t.shape != types[0].shape:
                raise shape_error(self, "shapes differ", got=types, want="one shape")
            if t.dtype != types[0].dtype:
                raise dtype_error(self, "dtypes differ", got=types, want="one dtype")
        if self.floats_only and not types[0].is_float:
            raise dtype_error(self, "needs floating-point numbers", got=types, want="float32 or float64", fix="cast it")
        return types[0]

    def operands(self, inputs) -> list:
        """The inputs as nodes or arrays of one dtype."""
        known = type_of_nodes(inputs)
        if known is not None and (known.is_float or not self.floats_only):
            return [repeated(np.asarray(x, known.dtype), known.shape) if type(x) is float else x for x in inputs]
        values = [as_value(x) for x in inputs]
        dtype = common_dtype(values, inputs)
        if self.floats_only and dtype not in ("float32", "float64"):
            dtype = "float32"
        return [joined(x, v, dtype) for x, v in zip(inputs, values, strict=True)]

    def __call__(self, *inputs, **attrs) -> Any:
        later = deferred(self, inputs, attrs)
        if later is not None:
            return later
        values = self.operands(inputs)
        if all(type(v) is Node and v.shape == values[0].shape for v in values):
            return self.node(values, attrs)  # what follows would come to this
        shape = broadcast_shape(self, values)
        if any(isinstance(v, Node) for v in values):
            return self.node([repeated(v, shape) for v in values], attrs)
        return super().__call__(*[v if v.shape == shape else expand(v, shape=shape) for v in values], **attrs)


class Cast(Op):
    """The same numbers as another dtype; floats lose their fraction when they become integers, and must fit."""

    kernel = "cast"
    extremes = ()
    samples = [
        ((A,), {"dtype": "int32"}),
        ((I32,), {"dtype": "float32"}),
        ((A,), {"dtype": "bool"}),
        ((Type("bool", (2, 3)),), {"dtype": "float32"}),
        ((Type("uint8", (5,)),), {"dtype": "float32"}),
        ((Type("int64", (5,)),), {"dtype": "int32"}),
        ((Type("uint32", (5,)),), {"dtype": "float32"}),
        ((Type("bool", (5,)),), {"dtype": "int32"}),
    ]

    def infer(self, x, dtype):
        return x.with_dtype(dtype)

    def compute(self, xp, x, dtype):
        return x.astype(dtype)

    def vjp(self, dy, y, x, dtype):
        return (cast(dy, x.dtype) if x.type.is_float and y.type.is_float else None,)


cast_op = Cast()


@public
def cast(x, dtype: str):
    """x as ``dtype``; x itself if it has that dtype already.

    >>> lamina.ops.cast([1.7, -1.7], "int32")
    array([ 1, -1], dtype=int32)
    """
    x = as_value(x)
    dtype = dtype if dtype in DTYPES else str(np.dtype(dtype))
    if dtype_name(x.dtype) == dtype:
        return x
    return cast_op(x, dtype=dtype) if isinstance(x, Node) else x.astype(dtype)


def joined(given, value, dtype: str):
    """What was given in the dtype of what it meets; a Python number is rounded once, not to float32 before."""
    return np.asarray(given, dtype) if isinstance(given, float) else cast(value, dtype)


def floats(*given) -> list:
    """The values in one floating-point dtype, as nodes if one of them is a node."""
    values = [as_value(v) for v in given]
    dtype = common_dtype(values)
    dtype = dtype if dtype.startswith("float") else "float32"
    values = [joined(x, v, dtype) for x, v in zip(given, values, strict=True)]
    return [as_node(v) for v in values] if any(isinstance(v, Node) for v in values) else values


class Binary(Elementwise):
    """Two inputs of any one number dtype."""

    floats_only = False
    samples = [((A, A), {}), ((A, B), {}), ((B, A), {}), ((I32, I32), {}), ((A, Type("float32", ())), {})]
    rejects = [((A, Type("float32", (4,))), {}, "do not broadcast")]


class Add(Binary):
    """Sum of two tensors."""

    kernel = "add"

    def compute(self, xp, a, b):
        return a + b

    def vjp(self, dy, y, a, b):
        return dy, dy


class Sub(Binary):
    """Difference of two tensors."""

    kernel = "sub"

    def compute(self, xp, a, b):
        return a - b

    def vjp(self, dy, y, a, b):
        return dy, neg(dy)


class Mul(Binary):
    """Product of two tensors, element by element."""

    kernel = "mul"

    def compute(self, xp, a, b):
        return a * b

    def vjp(self, dy, y, a, b):
        return mul(dy, b), mul(dy, a)


class Div(Elementwise):
    """Quotient of two tensors, always a floating-point number."""

    kernel = "div"
    domain = (0.3, 2.5)
    samples = [((A, A), {}), ((A, B), {}), ((A, Type("float32", ())), {})]
    rejects = Binary.rejects

    def compute(self, xp, a, b):
        return a / b

    def vjp(self, dy, y, a, b):
        return div(dy, b), neg(div(mul(dy, y), b))


class Neg(Elementwise):
    """The number with its sign turned."""

    kernel = "neg"
    floats_only = False

    def compute(self, xp, x):
        return -x

    def vjp(self, dy, y, x):
        return (neg(dy),)


add, sub, mul, div, neg = Add(), Sub(), Mul(), Div(), Neg()

__all__ = ["add", "cast"]
