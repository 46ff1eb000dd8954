"""A Python function becomes a graph, once for each shape: variables, the trace, and gradients of functions.

While a function is traced, reading a variable gives its symbolic value, and assigning one rebinds that value; the last
value becomes an output of the graph. Outside of a trace both act on the numbers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from .backends import Bound, Program, backend_named
from .backends.program import Slot
from .errors import ShapeError, TraceError, message
from .gradients import gradients
from .graph import Graph, Node, no_collection, placeholder
from .op import _traces, as_node, as_value
from .ops.elementwise import add, cast, sub
from .ops.operators import install
from .passes import simplify
from .types import Type, dtype_name, type_of


class Variable:
    """State with a name: a weight, a moving mean, an optimizer slot, a count.

    value      the initial value, an array or anything NumPy takes; copied
    trainable  whether an optimizer may change it
    name       the last part of its path; ``path`` is set by the layer that owns it
    """

    __array_priority__ = 1000
    __array_ufunc__ = None

    def __init__(self, value, *, dtype: str | None = None, trainable: bool = True, name: str = "variable"):
        array = np.asarray(as_value(value, dtype))
        self.array = aligned(array.shape, dtype_name(array.dtype))
        self.array[...] = array
        self.version = 0
        self.trainable, self.name, self.path = trainable, name, name
        self.regularizer: Any = None
        self.constraint: Any = None

    @property
    def type(self) -> Type:
        return type_of(self.array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> str:
        return dtype_name(self.array.dtype)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def value(self):
        """The value now: a node while tracing, else a copy of the numbers."""
        return self.__lamina_value__()

    def numpy(self) -> np.ndarray:
        """A copy of the numbers."""
        return self.array.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.array = aligned(self.array.shape, self.dtype)
        self.array[...] = state["array"]

    def __lamina_value__(self):
        return _traces[-1].read(self) if _traces else self.array.copy()

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)

    def assign(self, value) -> None:
        """A new value of the same shape. While tracing, later reads see it and the program stores it at the end."""
        value = as_value(value)
        if tuple(value.shape) != self.shape:
            raise ShapeError(
                message(
                    f"variable {self.path!r} cannot take another shape",
                    got=f"{value.dtype}{list(value.shape)}",
                    want=str(self.type),
                )
            )
        if _traces:
            _traces[-1].assign(self, as_node(cast(value, self.dtype)))
        elif isinstance(value, Node):
            raise TraceError(message(f"variable {self.path!r} is assigned a symbolic value outside of its trace"))
        else:
            self.array[...] = value
            self.version += 1

    def assign_add(self, value) -> None:
        """``assign(self + value)``."""
        self.assign(add(self, value))

    def assign_sub(self, value) -> None:
        """``assign(self - value)``."""
        self.assign(sub(self, value))

    def __repr__(self) -> str:
        return f"<Variable {self.path}: {self.type}>"

    def __float__(self) -> float:
        return float(self.__lamina_value__())

    def __int__(self) -> int:
        return int(self.__lamina_value__())


install(Variable)


def aligned(shape: Sequence[int], dtype: str) -> np.ndarray:
    """An array of zeros whose data start at a multiple of 64 bytes and may be read a little past their end."""
    size = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 512, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


@dataclass(eq=False)
class Captured:
    """An array that a traced function met: a slot that nobody writes."""

    array: np.ndarray
    version: int = 0


class Generator:
    """Where random numbers come from: a seed, and a step that says how far we are. Both are variables.

    A mask is a pure function of (seed, step, place in the program): see ``ops.random``.
    """

    def __init__(self, seed: int = 0):
        self.seed = Variable(np.uint32(seed % 2**32), trainable=False, name="seed")
        self.step = Variable(np.uint32(0), trainable=False, name="step")


DEFAULT = Generator(0)  # where none is named


class Trace:
    """What is known while a function is traced.

    training   how layers such as dropout should act
    generator  where random numbers come from
    concrete   whether each node is computed when it is made (``run_eagerly``): then a program may print, branch and
               stop in a debugger, and still has gradients
    masks      for a tensor, which of its steps are real: a bool node, or None behind a layer that used the mask up
    """

    def __init__(self, training: bool = False, generator: Generator | None = None, concrete: bool = False):
        self.training, self.generator, self.concrete = training, generator, concrete
        self.masks: dict[Node, Node | None] = {}
        self.variables: list[Slot] = []
        self.inputs: list[Node] = []
        self.current: dict[int, Node] = {}  # by id: a Variable compares element by element
        self.assigned: dict[int, Variable] = {}
        self.streams = 0
        self.losses: list[Node] = []
        self.notes: dict[str, Any] = {}

    def read(self, variable: Variable) -> Node:
        if id(variable) not in self.current:
            self.current[id(variable)] = self.bind(variable, variable.path)
        return self.current[id(variable)]

    def assign(self, variable: Variable, value: Node) -> None:
        self.read(variable)
        self.current[id(variable)] = value
        self.assigned[id(variable)] = variable

    def capture(self, array: np.ndarray) -> Node:
        own = aligned(array.shape, str(array.dtype))
        own[...] = array
        return self.bind(Captured(own), "")

    def bind(self, slot: Slot, path: str) -> Node:
        node = placeholder(type_of(slot.array), path.replace("/", "_"))
        node.path = path
        node.value = slot.array.copy() if self.concrete else None
        self.variables.append(slot)
        self.inputs.append(node)
        return node

    def random_source(self) -> tuple[Node, Node, int]:
        """Seed, step and a stream of its own for one call site."""
        if self.generator is None:
            raise TraceError(
                message(
                    "random numbers are drawn in a program without a generator",
                    fix="pass generator=lamina.random.Generator(seed)",
                )
            )
        self.streams += 1
        return self.read(self.generator.seed), self.read(self.generator.step), self.streams

    def store(self) -> None:
        """Writes what was assigned in a concrete trace."""
        for variable in self.assigned.values():
            variable.array[...] = self.current[id(variable)].value
            variable.version += 1

    def __enter__(self):
        _traces.append(self)
        return self

    def __exit__(self, *_):
        _traces.pop()


def current() -> Trace | None:
    """The trace being made, if any."""
    return _traces[-1] if _traces else None  # type: ignore[return-value]


@contextmanager
def untraced():
    """Inside of the ``with`` block nothing is traced: weights are numbers, also while a program is put together."""
    outer = _traces[:]
    _traces.clear()
    try:
        yield
    finally:
        _traces[:] = outer


@dataclass
class Traced:
    """A traced function: its graph, and what stands behind the inputs that the caller does not give."""

    bound: Bound
    structure: Any
    trace: Trace
    programs: dict[str | None, Program] = field(default_factory=dict)

    @cached_property
    def graph(self) -> Graph:
        """What is computed, in its simplest form. Backends simplify ``bound.graph``, which is as it was told."""
        return simplify(self.bound.graph)

    def program(self, backend: str | None = None) -> Program:
        """The compiled program, made once for each backend."""
        if backend not in self.programs:
            with no_collection():
                self.programs[backend] = backend_named(backend).compile(self.bound)
        return self.programs[backend]

    def __call__(self, *arrays, backend: str | None = None):
        return unflatten(self.structure, iter(self.program(backend).run(*arrays)))


def trace(
    f: Callable,
    types: Sequence[Type],
    *,
    names: Sequence[str] = (),
    training: bool = False,
    generator: Generator | None = None,
) -> Traced:
    """Calls ``f`` once on symbolic values of the given types; it gives tensors, alone or in lists and dicts."""
    arguments = [placeholder(t, names[i] if i < len(names) else "") for i, t in enumerate(types)]
    with no_collection():
        with Trace(training, generator) as made:
            result = f(*arguments)
            results: list[Node] = []
            structure = flatten(result, results)
        updates = list(made.assigned.values())
        outputs = [*results, *(made.current[id(v)] for v in updates)]
        graph = Graph([*arguments, *made.inputs], outputs)
    return Traced(Bound(graph, made.variables, list(updates)), structure, made)


def run_concretely(f: Callable, arrays: Sequence, *, training: bool = False, generator: Generator | None = None):
    """``f`` on the arrays, op by op on the reference; what it assigns is stored. Gives the results as arrays."""
    with Trace(training, generator, concrete=True) as made:
        arguments = [concrete(a) for a in arrays]
        results: list[Node] = []
        structure = flatten(f(*arguments), results)
    made.store()
    return unflatten(structure, iter([np.array(r.value) for r in results]))


def concrete(array) -> Node:
    """An array as a node that has its value already."""
    array = as_value(array)
    if isinstance(array, Node):
        return array
    node = placeholder(type_of(array))
    node.value = array
    return node


def flatten(value, into: list[Node]):
    """The shape of a nest, its tensors appended to ``into``."""
    if isinstance(value, dict):
        return {k: flatten(v, into) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(flatten(v, into) for v in value)
    if value is None:
        return None
    into.append(as_node(as_value(value)))
    return ...


def unflatten(structure, values):
    """The nest again, with the next values in the places of its tensors."""
    if isinstance(structure, dict):
        return {k: unflatten(v, values) for k, v in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(unflatten(v, values) for v in structure)
    return None if structure is None else next(values)


def value_and_grad(
    f: Callable,
    argnums: int | Sequence[int] = 0,
    variables: Sequence[Variable] | None = None,
    has_aux: bool = False,
    backend: str | None = None,
    generator: Generator | None = None,
    training: bool = False,
) -> Callable:
    """A function that gives ``f(*arrays)`` and its gradient.

    The gradient is taken with respect to the arguments ``argnums`` (one, or a tuple), or to ``variables`` if they are
    given. With ``has_aux`` f gives ``(loss, anything)``. f is traced once for each combination of shapes and dtypes.
    Random numbers, dropout's say, come from ``generator``, whose step is the caller's to advance; without one they
    come from the default generator, and each call that draws some takes a step of it.

    >>> lamina.value_and_grad(lambda x: lamina.ops.sum(x * x))(np.array([1.0, 2.0], "float32"))
    (array(5., dtype=float32), array([2., 4.], dtype=float32))
    """
    cache: dict[tuple, Traced] = {}

    def both(*arguments):
        out = f(*arguments)
        loss = as_node(as_value(out[0] if has_aux else out))
        if variables is not None:
            wrt = [as_node(v.__lamina_value__()) for v in variables]
        else:
            wrt = [as_node(arguments[i]) for i in ((argnums,) if isinstance(argnums, int) else argnums)]
        grads = gradients([loss], wrt)
        single = variables is None and isinstance(argnums, int)
        return (out if not has_aux else (loss, out[1])), grads[0] if single else grads

    def stepping(*arguments):
        result = both(*arguments)
        if generator is None and current().streams:  # type: ignore[union-attr]
            DEFAULT.step.assign(as_value(DEFAULT.step) + np.uint32(1))
        return result

    def wrapper(*arguments):
        values = [as_value(a) for a in arguments]
        if any(isinstance(v, Node) for v in values) or (_traces and not values):
            return both(*(as_node(v) for v in values))
        key = (tuple(type_of(v) for v in values), tuple(v.trainable for v in variables or ()))
        if key not in cache:
            cache[key] = trace(stepping, key[0], training=training, generator=generator or DEFAULT)
        return cache[key](*values, backend=backend)

    return wrapper


def grad(f: Callable, argnums: int | Sequence[int] = 0, **options) -> Callable:
    """A function that gives the gradient of ``f``: ``value_and_grad`` without the value.

    >>> lamina.grad(lamina.grad(lambda x: x ** 3.0))(np.float32(2.0))
    array(12., dtype=float32)
    """
    both = value_and_grad(f, argnums, **options)
    return lambda *arguments: both(*arguments)[1]
