"""Learning-rate schedules: inside of programs, as data, and their shapes."""

import numpy as np
import pytest

import lamina
from lamina.optimizers import schedules
from lamina.trace import trace

SCHEDULES = [
    schedules.ExponentialDecay(0.1, 10, 0.5),
    schedules.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
    schedules.PiecewiseConstantDecay([3, 5], [1.0, 0.5, 0.1]),
    schedules.PolynomialDecay(0.1, 20, power=2.0),
    schedules.CosineDecay(0.1, 20, warmup_target=0.5, warmup_steps=5),
    schedules.CosineDecayRestarts(0.1, 7, t_mul=1.5, m_mul=0.8),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_it_follows_a_counter(schedule):
    counter = lamina.Variable(np.int32(0))

    def step():
        rate = schedule(counter.value)
        counter.assign_add(1)
        return rate

    program = trace(step, [])
    for k in range(30):
        got = program(backend="reference")
        assert got.dtype == "float32"
        assert got == pytest.approx(float(schedule(k)), rel=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_round_trip(schedule):
    config = schedules.serialize(schedule)
    again = schedules.deserialize(config)
    assert schedules.serialize(again) == config
    assert again(4) == schedule(4)


def test_warmup_rises_then_falls():
    rates = [float(SCHEDULES[4](k)) for k in range(26)]
    assert np.all(np.diff(rates[:6]) > 0)
    assert rates[5] == pytest.approx(0.5)
    assert np.all(np.diff(rates[5:]) < 0)
    assert rates[25] == pytest.approx(0.0, abs=1e-7)


def test_a_schedule_of_ones_own():
    class Constant(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5

    optimizer = lamina.optimizers.SGD(Constant())
    weight = lamina.Variable([1.0])
    optimizer.apply([np.ones(1, "float32")], [weight])
    assert weight.numpy() == 0.5
    with pytest.raises(NotImplementedError, match="implement get_config"):
        optimizer.get_config()
    with pytest.raises(NotImplementedError, match="implement __call__"):
        schedules.LearningRateSchedule()(0)
