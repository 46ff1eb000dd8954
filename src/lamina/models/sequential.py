"""A stack of layers, each taking what the one before gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, message
from ..layers.arguments import as_shape
from ..layers.input_layer import Input, InputLayer
from ..layers.layer import Layer, deserialize, serialize
from ..layers.reading import TEXT
from ..layers.symbol import Symbol
from .front import FirstLayer
from .functional import check_names, fitted, only
from .model import Model


class Sequential(Model):
    """A stack of layers with one input and one output.

    layers  a list of layers, the first may be an ``Input``; more are put on top with ``add``

    The weights are made as soon as the shape of a sample is known: from an ``Input``, from ``input_shape=`` of the
    first layer, or else from the first data.

    >>> model = lamina.Sequential()
    >>> model.add(lamina.layers.Dense(32, input_shape=(784,)))
    >>> model.add(lamina.layers.Dense(10))
    >>> model.output_shape, model.count_params()
    ((None, 10), 25450)
    """

    def __init__(self, layers=None, trainable: bool = True, name: str | None = None):
        super().__init__(name=name)
        self._layers: list[Layer] = []
        self._symbols: list[Symbol] = []  # the input, then the output of each layer
        self._given = False  # whether the input shape was told, and is not that of the first data
        for layer in layers or []:
            self.add(layer)
        if not trainable:
            self.trainable = False

    def add(self, layer, rebuild: bool = True) -> None:
        """Puts a layer on top. ShapeError if it does not take what the one below gives."""
        if isinstance(layer, Symbol) and layer.source is not None:
            layer = layer.source.layer
        if not isinstance(layer, Layer):
            raise ArgumentError(
                message(
                    f"{self.label} takes layers",
                    got=repr(layer)[:60],
                    where=True,
                    fix="pass an instance, such as layers.Dense(10)",
                )
            )
        check_names([*self._layers, layer], self.label)
        if any(layer is other for other in self._layers):
            raise ArgumentError(
                message(f"{self.label} has {layer.label} already", fix="use a functional Model to share layers")
            )
        if isinstance(layer, InputLayer):
            if self._layers:
                raise ArgumentError(
                    message(f"{self.label}: an Input stands before all layers", got=f"{len(self.layers)} layers")
                )
            self.start(layer.output)
        elif not self.layers and not self._symbols:
            first = first_input(layer)
            if first is not None:
                self.start(first)
        if self._symbols and not isinstance(layer, InputLayer):
            self._symbols.append(layer(self._symbols[-1]))
        self._layers = [*self._layers, layer]
        self.forget_programs()

    def start(self, symbol: Symbol) -> None:
        """The input is known, so the weights can be made."""
        self._symbols, self._given, self.built = [symbol], True, True

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the uppermost layer away and gives it back."""
        if not self.layers:
            raise ArgumentError(message(f"{self.label} has no layers to take away"))
        *rest, last = self._layers
        self._layers, self._symbols = rest, self._symbols[:-1]
        self.forget_programs()
        return last

    def build(self, input_shape=None):
        if self._symbols or input_shape is None:
            return
        shape = as_shape(input_shape)
        if not isinstance(shape, tuple):
            raise ArgumentError(
                message(f"{self.label} has one input", got=f"shapes {shape}", fix="use a functional Model")
            )
        self.begin_with((None, *shape[1:]), self._layers[0].input_dtype if self._layers else "float32")

    def begin_with(self, shape: tuple, dtype: str) -> None:
        """Makes the weights for an input of the shape that first data have, if there are none yet."""
        if self._symbols:
            return
        self.built = True
        x = Input(batch_shape=shape, dtype=dtype, name=f"{self.name}_input")
        self._symbols = [x]
        for layer in self._layers:
            self._symbols.append(layer(self._symbols[-1]))

    def call(self, inputs, training=None):
        x = fitted(self, self._symbols[0], only(self, inputs)) if self._given and self.front is None else inputs
        for layer in self.layers:
            x = layer(x)
        return x

    @property
    def front(self):
        layers = self.layers
        if not layers or not layers[0].reads_text:
            return None
        return FirstLayer(layers[0], self._symbols[0] if self._symbols else Symbol(()), self.label)

    def read(self, inputs):
        if not self._symbols and self.front is not None:
            array = np.asarray(inputs, object)
            text = not np.issubdtype(np.array(array.reshape(-1)[:1].tolist()).dtype, np.number)
            self.begin_with((None, *array.shape[1:]), TEXT if text else "int64")
        return super().read(inputs)

    def read_symbols(self, inputs):
        self.begin_with(inputs.shape, inputs.dtype)
        return super().read_symbols(inputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers of the stack, from the bottom; the Input is not among them."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @property
    def inputs(self) -> list[Symbol]:
        return self._symbols[:1]

    @property
    def outputs(self) -> list[Symbol]:
        return self._symbols[-1:] if self._symbols else []

    @property
    def input(self):
        return self._told()[0]

    @property
    def output(self):
        return self._told()[-1]

    def _told(self) -> list[Symbol]:
        if not self._symbols:
            raise ArgumentError(
                message(f"{self.label} does not know its input yet", fix="begin with Input(shape), or call it once")
            )
        return self._symbols

    def get_config(self) -> dict[str, Any]:
        shape = list(self._symbols[0].shape) if self._symbols and not self._given else None
        first = (
            self._symbols[0]
            if self._given and not isinstance(self._layers[0] if self._layers else None, InputLayer)
            else None
        )
        layers = [
            serialize(layer)
            for layer in ([first.source.layer] if first is not None and first.source else []) + self._layers
        ]
        config = {"name": self.name, "trainable": self.trainable, "layers": layers, "build_input_shape": shape}
        if shape and self.front is not None:
            config["build_input_dtype"] = self._symbols[0].dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None):
        model = cls(
            [deserialize(spec, custom_objects) for spec in config["layers"]],
            name=config.get("name"),
            trainable=config.get("trainable", True),
        )
        if config.get("build_input_dtype"):
            model.begin_with(tuple(config["build_input_shape"]), config["build_input_dtype"])
        elif config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model


def first_input(layer: Layer) -> Symbol | None:
    """The input that the first layer of a stack asks for by ``input_shape=`` or by being a model, if any."""
    if layer.__dict__.get("_first_shape") is not None:
        return Input(batch_shape=layer._first_shape, dtype=layer.input_dtype)
    if isinstance(layer, Model) and len(layer.inputs) == 1:
        return Input(batch_shape=layer.inputs[0].shape, dtype=layer.inputs[0].dtype)
    return None
