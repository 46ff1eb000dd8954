"""Learning-rate schedules, under Keras's names: pass one as ``learning_rate`` of an optimizer."""

from ...registry import Registry
from .schedule import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

registry = Registry("schedule")
for _schedule in (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
):
    registry.register(_schedule)


def serialize(learning_rate_schedule):
    """The schedule as a configuration of plain literals.

    >>> lamina.optimizers.schedules.serialize(lamina.optimizers.schedules.CosineDecay(0.1, 100))["class_name"]
    'CosineDecay'
    """
    return registry.serialize(learning_rate_schedule)


def deserialize(config, custom_objects=None):
    """The schedule that ``serialize`` described.

    >>> config = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 100}}
    >>> float(lamina.optimizers.schedules.deserialize(config)(0))
    0.5
    """
    return registry.deserialize(config, custom_objects)
