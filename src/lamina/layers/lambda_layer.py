"""Layers around a function, and layers that give their input."""

from __future__ import annotations

from .. import regularizers
from ..errors import ArgumentError, message
from .layer import Layer


class Lambda(Layer):
    """A function of one's own as a layer; written with ``lamina.ops``, it is trained through.

    function   takes the inputs, and ``mask`` or ``training`` if it has arguments of these names
    mask       the mask of the output, or a function of (inputs, mask)
    arguments  more arguments of the function, as a dict

    It runs, but has no configuration: a model file names no code. Write a Layer to save the model.

    >>> lamina.layers.Lambda(lambda x: x * 2.0)(np.array([1.0, 2.0], "float32"))
    array([2., 4.], dtype=float32)
    """

    _takes: list[str]

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentError(message("Lambda takes a function", got=repr(function)))
        self.function, self.mask, self.arguments, self.built = function, mask, dict(arguments or {}), True
        self.supports_masking = mask is not None
        names = getattr(getattr(self.function, "__code__", None), "co_varnames", ())
        self.__dict__["_takes"] = [name for name in ("mask", "training") if name in names[1:]]
        self.uses_mask = "mask" in self._takes

    def call(self, inputs, mask=None, training=None):
        given = {key: value for key, value in (("mask", mask), ("training", training)) if key in self._takes}
        return self.function(inputs, **{**given, **self.arguments})

    def compute_mask(self, inputs, previous_mask=None):
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self):
        raise ArgumentError(
            message(
                f"{self.label} cannot be written as data: a model file names no code",
                fix="write a class of your own with lamina.Layer, and name it in custom_objects when loading",
            )
        )


class Identity(Layer):
    """Gives its input.

    >>> lamina.layers.Identity()(np.array([1.0], "float32"))
    array([1.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs):
        return inputs


class ActivityRegularization(Layer):
    """Gives its input and adds l1 times the sum of its magnitudes and l2 times that of its squares to the loss.

    Both are divided by the batch size, as everywhere.

    >>> layer = lamina.layers.ActivityRegularization(l2=0.5)
    >>> layer(np.array([[1.0, 2.0]], "float32")), layer.losses[0]
    (array([[1., 2.]], dtype=float32), array(2.5, dtype=float32))
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2, self.built = float(l1), float(l2), True

    def call(self, inputs):
        return inputs

    def get_config(self):
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config
