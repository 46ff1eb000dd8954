"""Optimizers, under Keras's names. Learning-rate schedules are in ``optimizers.schedules``."""

from ..registry import Registry
from . import schedules
from .adam import Adam, Adamax, AdamW, Lamb, Nadam
from .adaptive import Adadelta, Adafactor, Adagrad, Ftrl, RMSprop
from .gradient_descent import SGD, Lion
from .optimizer import Optimizer

registry = Registry("optimizer")
for _optimizer in (SGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, RMSprop):
    registry.register(_optimizer, _optimizer.__name__.lower())


def get(identifier):
    """The optimizer for a name (in any case), a configuration, a class or an optimizer.

    >>> lamina.optimizers.get("adam")
    <Adam adam>
    """
    return registry.get(identifier)


def serialize(optimizer):
    """The optimizer as a configuration of plain literals; its state is not part of it.

    >>> lamina.optimizers.serialize(lamina.optimizers.SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return registry.serialize(optimizer)


def deserialize(config, custom_objects=None):
    """The optimizer that ``serialize`` described.

    >>> lamina.optimizers.deserialize({"class_name": "SGD", "config": {"learning_rate": 0.5}}).learning_rate.numpy()
    array(0.5, dtype=float32)
    """
    return registry.deserialize(config, custom_objects)
