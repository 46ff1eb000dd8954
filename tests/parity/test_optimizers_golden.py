"""Optimizers move weights as Keras recorded, after 1, 10 and 50 steps, eagerly and inside of a program."""

import numpy as np
import pytest
from cases import load

import lamina
from lamina import optimizers
from lamina.optimizers import schedules
from lamina.trace import trace
from lamina.types import type_of

CASES = load("optimizers")


def start(case):
    optimizer = case.build(optimizers, schedules)
    variables = [lamina.Variable(a, name=name) for a, name in zip(case.start, ("kernel", "bias"), strict=True)]
    if case.exclude_from_weight_decay:
        optimizer.exclude_from_weight_decay(var_names=case.exclude_from_weight_decay)
    optimizer.build(variables)
    return optimizer, variables


def assert_close(got, want):
    """max|a-b| is at most 1e-5 max|b|."""
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()


@pytest.mark.parametrize("how", ["eager", "reference", "native"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_fifty_steps(case, how):
    optimizer, variables = start(case)

    def step(*grads):
        optimizer.apply(list(grads), variables)
        return []

    if how != "eager":
        step = trace(step, [type_of(g[0]) for g in case.gradients]).program(how).run
    seen = dict(zip(case.steps, case.after, strict=True))
    for k in range(1, max(case.steps) + 1):
        step(*(g[k - 1] for g in case.gradients))
        for v, want in zip(variables, seen.get(k, ()), strict=bool(k in seen)):
            assert_close(v.numpy(), want)
    if case.finalized:
        optimizer.finalize_variable_values(variables)
        for v, want in zip(variables, case.finalized, strict=True):
            assert_close(v.numpy(), want)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_configuration_makes_the_same_optimizer(case):
    optimizer, _ = start(case)
    config = optimizers.serialize(optimizer)
    again = optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert optimizers.serialize(again) == config
