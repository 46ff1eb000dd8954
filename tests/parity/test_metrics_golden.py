"""Metrics have the results that Keras recorded after each batch, eagerly and inside of a program."""

import numpy as np
import pytest
from cases import load

from lamina import metrics
from lamina.op import as_value
from lamina.trace import trace
from lamina.types import type_of

CASES = load("metrics")


def assert_close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * np.abs(want).max(initial=1e-30))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_result(case):
    assert_result(case)


def assert_result(case):
    metric = case.build(metrics)
    for update, want in zip(case.updates, case.results, strict=True):
        metric.update_state(**update)
        assert_close(metric.result(), want)
    metric.reset_state()
    for update, want in zip(case.updates[:1], case.results[:1], strict=True):
        metric.update_state(**update)
        assert_close(metric.result(), want)


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_result_of_a_program(case, backend):
    assert_result_of_a_program(case, backend)


def assert_result_of_a_program(case, backend):
    metric = case.build(metrics)
    for update, want in zip(case.updates, case.results, strict=True):
        names = [k for k in update if update[k] is not None]
        arrays = [np.asarray(as_value(update[k])) for k in names]

        def step(*values, names=names):
            metric.update_state(**dict(zip(names, values, strict=True)))
            return metric.result()

        assert_close(trace(step, [type_of(a) for a in arrays])(*arrays, backend=backend), want)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_configuration_makes_the_same_metric(case):
    assert_configured_alike(case)


def assert_configured_alike(case):
    metric = case.build(metrics)
    config = metrics.serialize(metric)
    assert metrics.serialize(metrics.deserialize(config)) == config
