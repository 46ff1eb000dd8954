"""What the other goldens leave out agrees with Keras: layers, functions, also NumPy's, control flow and metrics."""

import numpy as np
import pytest
import test_layers_golden
import test_metrics_golden
from cases import Case, load
from control_programs import PROGRAMS
from test_layers_golden import assert_close
from test_ops_golden import arrays_in, call

from lamina import layers, metrics, ops
from lamina.gradients import gradients
from lamina.trace import current, run_concretely, trace
from lamina.types import type_of

CASES = [*load("more"), *load("array_ops")]
METRICS = [case for case in CASES if case.updates is not None]
FUNCTIONS = [case for case in CASES if case.function or case.program]
LAYERS = [case for case in CASES if case.how is not None]
RUNS = pytest.mark.parametrize("run", ["eagerly", "native"])


def computed(step, arrays, run):
    if run == "eagerly":
        return run_concretely(step, arrays)
    return trace(step, [type_of(a) for a in arrays])(*arrays, backend=run)


def with_its_function(case):
    """A Lambda is recorded with the name of its function."""
    if case.class_name != "Lambda":
        return case
    return Case(case.id, {**case.fields, "config": {**case.config, "function": getattr(ops, case.config["function"])}})


def test_every_case_is_of_one_kind():
    assert len(METRICS) + len(FUNCTIONS) + len(LAYERS) == len(CASES)
    assert min(map(len, (METRICS, FUNCTIONS, LAYERS))) >= 10


@RUNS
@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_layer(case, run):
    test_layers_golden.assert_layer_agrees(with_its_function(case), run)


@RUNS
@pytest.mark.parametrize("case", [case for case in LAYERS if case.losses is not None], ids=str)
def test_what_a_layer_adds_to_the_loss(case, run):
    layer = case.build(layers)

    def step(x):
        layer(x)
        return sum(current().losses, ops.zeros(()))

    assert_close(computed(step, case.inputs, run), case.losses[0], "loss", least=1e-30)


@RUNS
@pytest.mark.parametrize("case", FUNCTIONS, ids=str)
def test_values_and_derivatives_of_a_function(case, run):
    arrays = arrays_in(case.args)

    def step(*nodes):
        found = PROGRAMS[case.program](ops, *nodes) if case.program else call(case, nodes)
        outputs = list(found) if isinstance(found, list | tuple) else [found]
        terms = [ops.sum(y * dy) for y, dy in zip(outputs, case.output_grads or [], strict=False) if dy is not None]
        wrt = [x for x, dx in zip(nodes, case.input_grads or [], strict=False) if dx is not None]
        return [*outputs, *(gradients([sum(terms[1:], terms[0])], wrt) if terms else [])]

    found = computed(step, arrays, run)
    wanted = [*case.outputs, *(dx for dx in case.input_grads or [] if dx is not None)]
    for i, (got, want) in enumerate(zip(found, wanted, strict=True)):
        assert got.dtype.kind == want.dtype.kind
        assert_close(got, want, f"result {i}")


@pytest.mark.parametrize("case", METRICS, ids=str)
def test_metric(case):
    test_metrics_golden.assert_result(case)
    test_metrics_golden.assert_result_of_a_program(case, "native")
    test_metrics_golden.assert_configured_alike(case)


def test_names_of_metrics():
    for case in METRICS:
        assert case.build(metrics).name == case.name


def test_a_scale_of_none_leaves_the_values():
    x = np.arange(6, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(ops.rms_normalization(x, None), ops.rms_normalization(x, 1))
