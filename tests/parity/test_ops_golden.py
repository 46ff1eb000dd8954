"""Functions of `lamina.ops` give the values and derivatives of `keras.ops`."""

import numpy as np
import pytest
from cases import load

from lamina import ops
from lamina.trace import value_and_grad


def arrays_in(value) -> list:
    if isinstance(value, np.ndarray):
        return [value]
    return [a for v in value for a in arrays_in(v)] if isinstance(value, list) else []


def put(value, arrays):
    """The argument again, with the next arrays in place of its own."""
    if isinstance(value, np.ndarray):
        return next(arrays)
    return [put(v, arrays) for v in value] if isinstance(value, list) and arrays_in(value) else value


def call(case, arrays):
    arrays = iter(arrays)
    result = getattr(ops, case.function)(*[put(a, arrays) for a in case.args], **case.kwargs)
    return list(result) if isinstance(result, tuple | list) else [result]


def assert_close(got, wanted):
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    assert got.dtype.kind == wanted.dtype.kind
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(got, wanted)
        return
    largest = np.max(np.abs(wanted), initial=0.0, where=np.isfinite(wanted))
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5 * largest)


NOT_TOLD = {"cholesky", "det", "inv", "solve"}
CASES = [case for case in load("ops") if case.function not in NOT_TOLD]


def test_what_is_not_told_is_listed():
    missing = {case.function for case in load("ops") if not hasattr(ops, case.function)}
    assert missing == NOT_TOLD


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_derivatives_are_those_of_keras(case):
    arrays = arrays_in(case.args)
    for got, wanted in zip(call(case, arrays), case.outputs, strict=True):
        assert_close(got, wanted)
    if case.output_grads is None or "ties" in (case.tags or ()):
        return
    wrt = [i for i, grad in enumerate(case.input_grads) if grad is not None]

    def scalar(*floats):
        full = [floats[wrt.index(i)] if i in wrt else a for i, a in enumerate(arrays)]
        weighted = [
            ops.sum(y * dy) for y, dy in zip(call(case, full), case.output_grads, strict=True) if dy is not None
        ]
        return sum(weighted[1:], weighted[0])

    _, grads = value_and_grad(scalar, tuple(range(len(wrt))))(*(arrays[i] for i in wrt))
    for got, i in zip(grads, wrt, strict=True):
        assert_close(got, case.input_grads[i])
