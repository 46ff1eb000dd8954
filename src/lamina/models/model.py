"""Models: layers put together that can be trained, saved and looked into."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ArgumentError, message, unknown
from ..layers.arguments import arguments_of, as_shape, shapes_to_symbols
from ..layers.calling import inferred
from ..layers.layer import Layer, serialize
from ..layers.symbol import Symbol, leaves
from ..training.trainer import Trainer
from . import configuration
from .front import Fronted
from .functional import Network
from .saved import Saved
from .summary import summary_text


class Model(Trainer, Saved, Fronted, Layer):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A network of layers.

    Either functional, from symbols: ``Model(inputs, outputs)``, each a symbol, a list or a dict of them; or a subclass
    that makes its layers in ``__init__`` and uses them in ``call``.

    name       a name of its own; layers of one model need different names
    trainable  whether its weights are trained

    ArgumentError where the outputs do not follow from the inputs.

    >>> x = lamina.Input((4,))
    >>> h = lamina.layers.Dense(8, activation="relu")(x)
    >>> model = lamina.Model(inputs=x, outputs=lamina.layers.Dense(3)(h))
    >>> model(np.zeros((2, 4), "float32")).shape
    (2, 3)
    """

    nameless_root = True
    autocast = False

    def __init__(self, inputs=None, outputs=None, *, name: str | None = None, trainable: bool = True, **kwargs):
        super().__init__(name=name, trainable=True, autocast=False, **kwargs)
        self._network: Network | None = None
        if (inputs is None) != (outputs is None):
            raise ArgumentError(
                message("a functional model needs inputs and outputs", fix="Model(inputs=x, outputs=y)")
            )
        if inputs is not None:
            self._network = Network(inputs, outputs, self.label)
            self._layers = self._network.layers
            self.built = True
        if not trainable:
            self.trainable = False

    def call(self, inputs, training=None):
        if self._network is None:
            raise NotImplementedError(
                message(f"{self.label} has no call", fix="write def call(self, inputs), or give inputs and outputs")
            )
        return self._network.run(inputs)

    def build(self, input_shape=None):
        if self._network is None and input_shape is not None:
            self.built = True
            inferred(self, (shapes_to_symbols(as_shape(input_shape), "float32"),), {})

    build.by_hand_only = True  # type: ignore[attr-defined]  (a first call builds the layers one by one)

    # ------------------------------------------------------------------------------------------------ structure

    @property
    def front(self):
        return self._network.front if self._network is not None and self._network.front.inputs else None

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside, in the order of their weights."""
        return self.sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name or at a place; an error that says which there are."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ArgumentError(message("get_layer takes either a name or an index"))
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(message(f"{self.label} has no layer {index}", want=f"0..{len(layers) - 1}"))
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise unknown(f"layer in {self.label}:", str(name), [layer.name for layer in layers])

    @property
    def inputs(self) -> list[Symbol]:
        """The symbols that stand for the inputs; a model without Input has none until it is built."""
        return self._network.sources if self._network else []

    @property
    def outputs(self) -> list[Symbol]:
        """The symbols that stand for the outputs."""
        return self._network.results if self._network else []

    @property
    def input(self):
        """The input symbol, or the nest of them."""
        return self._network.inputs if self._network else super().input

    @property
    def output(self):
        """The output symbol, or the nest of them."""
        return self._network.outputs if self._network else super().output

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs, in order."""
        return [x.name for x in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs: the keys of a dict, else the layers that give them."""
        if self._network and isinstance(self._network.outputs, dict):
            return list(self._network.outputs)
        return [x.source.layer.name if x.source else x.name for x in self.outputs]

    @property
    def input_shape(self):
        """The shape of the input, None for the batch; a list of shapes where there are several."""
        shapes = [x.shape for x in self.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self):
        """The shape of the output, None for the batch; a list of shapes where there are several."""
        shapes = [x.shape for x in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    def summary(
        self,
        line_length: int | None = None,
        positions=None,
        print_fn=None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range=None,
    ) -> None:
        """Prints a table of the layers with output shapes and numbers of parameters, 80 columns wide unless told.

        ``print_fn`` gets the text instead of the terminal. ``expand_nested`` lists the layers of models inside.

        >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, name="hidden")], name="small")
        >>> lines = []
        >>> model.summary(print_fn=lines.append)
        >>> "hidden (Dense)" in lines[0]
        True
        """
        text = summary_text(self, line_length or 80, expand_nested, show_trainable)
        (print_fn or print)(text)

    # ------------------------------------------------------------------------------------------------ configuration

    def to_json(self, **kwargs) -> str:
        """The configuration as text, without weights: ``models.model_from_json`` makes a model of it.

        ``kwargs`` are those of ``json.dumps``.
        """
        return json.dumps(serialize(self), **kwargs)

    def get_config(self) -> dict[str, Any]:
        """What makes the model again, as plain data: the graph of a functional one, the arguments of a subclass."""
        arguments = arguments_of(self)
        if self._network is None or any(
            not isinstance(x, Symbol) for k in ("inputs", "outputs") for x in leaves(arguments.get(k))
        ):
            return super().get_config()
        return {"name": self.name, "trainable": self.trainable, **configuration.network_config(self._network)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None):
        """The model of a configuration, with new weights; own classes must be named in ``custom_objects``."""
        if "calls" not in config:
            return super().from_config(config)
        inputs, outputs = configuration.rebuilt(config, custom_objects)
        return cls(inputs=inputs, outputs=outputs, name=config.get("name"), trainable=config.get("trainable", True))


def clone_model(model: Model) -> Model:
    """A model of the same structure and configuration, with new weights.

    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3)])
    >>> lamina.models.clone_model(model).count_params()
    9
    """
    return type(model).from_config(model.get_config())
