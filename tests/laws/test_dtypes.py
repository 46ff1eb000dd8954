"""Every sample in every dtype that its op takes: the native engine runs it, and gives what the reference gives."""

import draws
import numpy as np
import pytest
from draws import Sample, all_samples, bound
from test_ops import assert_close, values, with_gradient

from lamina.backends import backend_named
from lamina.composite import Composite
from lamina.errors import LaminaError

# What the engine leaves to the reference: op → why. (Nothing of these can come into a training step.)
TRUTH = "NumPy refuses it for truth values, or gives another dtype; public functions make whole numbers of them first"
ARITHMETIC = ("ceil", "cumsum", "floor", "floor_divide", "mod", "neg", "prod", "round", "sign", "sub", "sum", "trunc")
LEFT = {(op, "bool"): TRUTH for op in ARITHMETIC}

DTYPES = ("float64", "int32", "int64", "uint32", "uint8", "bool")
native = backend_named("native")


def variants():
    """Each sample with its floating-point inputs, and its whole numbers, in each dtype that the op takes."""
    found = []
    for parameter in all_samples():
        sample = parameter.values[0]
        dtypes = DTYPES[:1] if isinstance(sample.op, Composite) else DTYPES  # whole numbers are for the ops of its body
        for floats, whole in [*((f, None) for f in dtypes), (None, "int64")]:
            types = tuple(
                t.with_dtype(floats)
                if floats and t.is_float
                else t.with_dtype(whole)
                if whole and t.dtype == "int32"
                else t
                for t in sample.types
            )
            if types == sample.types:
                continue
            other = Sample(sample.op, types, sample.attrs)
            try:
                other.graph()
            except LaminaError:
                continue
            found.append(pytest.param(other, id=f"{parameter.id}-{floats or whole}"))
    return found


VARIANTS = variants()


def on_the_reference(program):
    return {(p.node.op.name, p.node.inputs[0].dtype) for p in program.placement() if p.backend != "native"}


@pytest.mark.parametrize("sample", [*all_samples(), *VARIANTS])
def test_no_op_and_no_derivative_is_left_to_the_reference(sample: Sample):
    for graph in (sample.graph(), with_gradient(sample)):
        assert on_the_reference(native.compile(bound(graph))) <= set(LEFT)


def test_what_is_said_to_be_left_is_left():
    left = set()
    for parameter in VARIANTS:
        left |= on_the_reference(native.compile(bound(parameter.values[0].graph())))
    assert left == set(LEFT)


@pytest.mark.parametrize(
    "sample", [p for p in VARIANTS if (p.values[0].op.name, p.values[0].types[0].dtype) not in LEFT]
)
def test_other_dtypes_agree_with_the_reference(sample: Sample, rng):
    graph = sample.graph()
    program = native.compile(bound(graph))
    for draw in (draws.plain, draws.ties, draws.repeats, draws.zeros):
        arrays = [
            np.abs(a) if t.dtype.startswith("u") else a
            for a, t in zip(draws.drawn(draw, sample, rng, "float64"), sample.types, strict=True)
        ]
        arrays = [a.astype(t.dtype) for a, t in zip(arrays, sample.types, strict=True)]
        for got, want, y in zip(program.run(*arrays), values(graph, arrays), graph.outputs, strict=True):
            assert str(got.dtype) == y.dtype
            assert_close(
                got,
                want,
                1e-12 if y.dtype == "float64" else 10 * sample.op.tolerance,
                f"{draw.__name__}: {arrays}",
                1e-3,
            )
