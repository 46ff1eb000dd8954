"""The Keras-shaped shell that owns state. What training, models and other layers stand on:

``layer(x)``        on arrays it computes at once, inside of a trace it adds nodes, on a ``Symbol`` it is recorded
``build, call``     what a subclass writes; ``call`` sees nodes and uses ``lamina.ops``
``add_weight``      makes a Variable; ``weights``, ``trainable_variables``, … list them in the order in which they came
``add_loss``        adds a scalar to ``trace.losses``; activity regularizers do so on their own, those of weights are
                    left on ``variable.regularizer`` for training
``label, path``     how messages and graphs name it
"""

from __future__ import annotations

from functools import wraps
from types import FunctionType
from typing import Any

import numpy as np

from .. import activations, constraints, initializers, regularizers
from ..errors import ArgumentError, ShapeError, TraceError, message, unknown
from ..op import as_node, as_value, tracing
from ..registry import Registry, get_registered_name
from ..trace import Variable, current, untraced
from .allowance import first_value
from .arguments import (
    OWN,
    arguments_of,
    as_shape,
    checked_dtype,
    first_shape,
    known_arguments,
    plain,
    shapes_to_symbols,
)
from .calling import inferred, on_arrays, on_nodes, on_symbols
from .naming import snake_case, unique_name
from .reading import symbols_read
from .symbol import Symbol, leaves, mapped
from .tracking import Tracked

registry = Registry("layer", "lamina.layers")
OTHER_FAMILIES = ("initializer", "regularizer", "constraint", "activation")
LEGACY = ("input_shape", "batch_input_shape", "input_dim", "batch_size", "input_length")


class Layer(Tracked):
    """A step of a network with its own weights, the base of every layer.

    name                  unique in a model; made from the class name where none is given
    trainable             whether its weights are trained
    dtype                 of weights and computation, "float32" unless given; floating-point inputs are cast to it
    activity_regularizer  a regularizer of what the layer gives; its loss is divided by the batch size
    input_shape           the shape of one sample, for the first layer of a Sequential

    A subclass makes weights in ``build(input_shape)`` and computes in ``call(inputs)``; where ``call`` has an argument
    ``training`` or ``mask``, it is passed. ArgumentError for unknown arguments.

    >>> class Scale(lamina.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(np.array([[2.0, 3.0]], "float32"))
    array([[2., 3.]], dtype=float32)
    """

    supports_masking = False
    uses_mask: bool | None = None  # whether ``call`` makes use of the mask; None: where it has such an argument
    lost_mask = "error"  # what becomes of a mask that is neither carried nor used: "error", "warn" or "ignore"
    autocast = True
    input_dtype = "float32"  # of the Input that a Sequential makes for it
    reads_text = False  # whether its input is read on the host: see ``reading``
    _seen_losses: list
    _seen_shapes: list  # of what the last call gave, with None for the batch
    _seen_masks: tuple  # whether a mask came in, and whether one went out
    _first_shape: tuple | None

    def __init__(
        self,
        *,
        activity_regularizer=None,
        trainable: bool = True,
        dtype: str | None = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        if name is not None and (not isinstance(name, str) or "/" in name or not name):
            raise ArgumentError(message("a layer's name is a text without a slash", got=repr(name)))
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.__dict__["_named"] = name is not None
        self.dtype = checked_dtype(dtype)
        self.autocast = autocast and self.dtype.startswith("float")
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False
        self.input_spec: Any = None
        self.__dict__.update(
            _trainable=bool(trainable),
            _seen_losses=[],
            _seen_shapes=[],
            _seen_masks=(False, False),
            _first_shape=first_shape(kwargs),
        )
        for key in kwargs:
            if key not in LEGACY:
                raise unknown(f"argument of {type(self).__name__}", key, known_arguments(type(self)))

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = building(cls.__dict__["build"])
        if "compute_mask" in cls.__dict__ and "supports_masking" not in cls.__dict__:
            cls.supports_masking = True
        if cls.__module__.startswith("lamina."):
            registry.known.setdefault(cls.__name__, cls)

    # ------------------------------------------------------------------------------------------------ using

    def __call__(self, *args, **kwargs) -> Any:
        if "name" not in self.__dict__:
            fix = "call super().__init__() first in its __init__"
            raise TraceError(message(f"{type(self).__name__} was not initialised", fix=fix, where=True))
        if any(isinstance(x, Symbol) for x in leaves((args, kwargs))):
            return on_symbols(self, args, kwargs)
        return on_nodes(self, args, kwargs) if tracing() else on_arrays(self, args, kwargs)

    def build(self, input_shape=None) -> None:
        """Makes the weights for inputs of a shape, None standing for the batch. Called once, at the first use."""
        self.built = True

    def call(self, *args, **kwargs):
        """The output for the inputs, written with ``lamina.ops``."""
        raise NotImplementedError(message(f"{self.label} has no call", fix="write def call(self, inputs)"))

    def compute_mask(self, inputs, previous_mask=None):
        """Which steps of the output are real: as in the input, unless a layer says otherwise."""
        return previous_mask

    def compute_output_shape(self, *args, **kwargs):
        """The shape (or list of shapes) of the output for input shapes; nothing is computed, weights are made.

        >>> lamina.layers.Dense(3).compute_output_shape((None, 5))
        (None, 3)
        """
        symbols = [shapes_to_symbols(a, self.input_dtype) for a in args]
        named = {
            k.removesuffix("_shape") if k != "input_shape" else "inputs": shapes_to_symbols(v, self.input_dtype)
            for k, v in kwargs.items()
        }
        given = mapped(lambda x: x, symbols) or list(named.values())
        if not self.built:
            self.build(*[mapped(lambda x: x.shape, s) for s in given[:1]])
        with untraced():
            return mapped(lambda x: x.shape, inferred(self, *symbols_read(self, tuple(given), {})))

    # ------------------------------------------------------------------------------------------------ state

    def add_weight(
        self,
        shape=None,
        initializer=None,
        dtype=None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer=None,
        constraint=None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """A new variable of this layer.

        shape        a tuple of sizes; () for a single number
        initializer  a name or an object; "glorot_uniform" for floating-point numbers, else "zeros"
        trainable    whether optimizers may change it
        regularizer  adds to the loss in training; constraint is applied after each update

        ``autocast``, ``aggregation`` and ``overwrite_with_gradient`` are accepted for Keras's sake.
        """
        if isinstance(shape, str):
            raise ArgumentError(
                message("add_weight takes the shape first", got=repr(shape), fix="pass name= by its name")
            )
        shape = (shape,) if isinstance(shape, int) else tuple(shape or ())
        count = len(self._own) + len(self._fixed)
        name = name or (f"variable_{count}" if count else "variable")
        if any(n is None for n in shape):
            raise ShapeError(
                message(
                    f"{self.label}: the weight {name!r} needs every size",
                    got=str(shape),
                    where=True,
                    fix="say how large that dimension of the Input is",
                )
            )
        dtype = str(np.dtype(dtype or self.dtype))
        default = "glorot_uniform" if dtype.startswith("float") else "zeros"
        with untraced():
            value = first_value(initializers.get(initializer or default), shape, dtype)
            variable = Variable(value, dtype=dtype, trainable=trainable, name=name)
        variable.regularizer, variable.constraint = regularizers.get(regularizer), constraints.get(constraint)
        self.own(variable)
        variable.trainable = trainable and self.may_train()
        return variable

    def add_loss(self, loss) -> None:
        """Adds a scalar, or a list of them, to the loss of training. For use in ``call``."""
        trace = current()
        values = loss if isinstance(loss, list | tuple) else [loss]
        if trace is None:
            self.__dict__["_seen_losses"] = [*self._seen_losses, *(np.asarray(as_value(v)) for v in values)]
        else:
            trace.losses.extend(as_node(as_value(v)) for v in values)

    @property
    def losses(self) -> list:
        """The losses of the last call, and those of the regularizers of the weights."""
        trace = current()
        seen = self._seen_losses if trace is None else trace.losses
        return [*seen, *(v.regularizer(v.value) for v in self.trainable_variables if v.regularizer is not None)]

    def count_params(self) -> int:
        """The number of numbers in all weights; ArgumentError if there are none yet.

        >>> layer = lamina.layers.Dense(10)
        >>> layer.build((None, 784))
        >>> layer.count_params()
        7850
        """
        if not self.built and not self.weights:
            raise ArgumentError(
                message(
                    f"{self.label} has no weights yet, so they cannot be counted",
                    fix="call it once, or build((None, features))",
                )
            )
        return sum(v.type.size for v in self.weights)

    # ------------------------------------------------------------------------------------------------ telling

    @property
    def variable_dtype(self) -> str:
        return self.dtype

    compute_dtype = variable_dtype

    @property
    def input(self):
        """The symbol (or nest of them) of the first recorded call."""
        call = self._first_call()
        return call.args[0] if call.args else next(iter(call.kwargs.values()))

    @property
    def output(self):
        """What the first recorded call gives, to make a model of a part of a network."""
        return self._first_call().outputs

    def _first_call(self):
        if not self.calls:
            raise ArgumentError(message(f"{self.label} was not called on an Input yet, so it has no input and output"))
        return self.calls[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.__dict__.get('name')}, built={self.__dict__.get('built', False)}>"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as plain data; ArgumentError if one is not data.

        An attribute of the name of an argument is taken before the argument itself. A subclass may add to it.
        """
        own = type(self).get_config is Layer.get_config
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        for key, value in arguments_of(self).items():
            try:
                config[key] = get_registered_name(value) if names_itself(key, value) else plain(value)
            except ArgumentError as error:
                if own or type(self).__module__.startswith("lamina."):
                    raise ArgumentError(
                        message(
                            f"{self.label}: the argument {key!r} is not data",
                            got=repr(value),
                            fix="name a function with def, unlike any of Lamina's, and in custom_objects when loading"
                            if callable(value)
                            else "write get_config and from_config for this class",
                        )
                    ) from error
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """A layer for what ``get_config`` gave."""
        known = known_arguments(cls)
        layer = cls(**{key: revived(key, value) for key, value in config.items() if key in known or key not in OWN})
        if "name" not in known and "name" in config:  # a class whose __init__ takes no **kwargs
            layer.rename(config["name"])
        if config.get("trainable") is False:
            layer.trainable = False
        return layer

    def rename(self, name: str) -> None:
        """Gives the layer a name in place of the one it was made with."""
        self.name = name
        self.__dict__["_named"] = True

    def __deepcopy__(self, memo):
        """A layer of the same configuration and weights; a model's copy is not compiled."""
        made = memo[id(self)] = type(self).from_config(self.get_config())
        if self.weights and not made.weights:
            made.build_from_config(self.get_build_config() or {})
        made.set_weights(self.get_weights())
        return made

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape the layer was built for, as data; None before."""
        shape = self.__dict__.get("_build_shape")
        return None if shape is None else {"input_shape": shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights as the configuration of ``get_build_config`` says."""
        if config and not self.built:
            self.build(as_shape(config["input_shape"]))


def building(function):
    """A subclass's ``build``: runs outside of any trace, and marks the layer as built."""
    if hasattr(function, "wrapped"):
        return function

    @wraps(function)
    def wrapper(self, *args, **kwargs):
        with untraced():
            function(self, *args, **kwargs)
        self.built = True
        shapes = [*args, *kwargs.values()]
        self.__dict__["_build_shape"] = shapes[0] if shapes else None

    wrapper.wrapped = function  # type: ignore[attr-defined]
    return wrapper


def names_itself(key: str, value) -> bool:
    """Whether an argument is a function of the user's own, which ``custom_objects`` finds by its name."""
    if not key.endswith(OTHER_FAMILIES) or not isinstance(value, FunctionType):
        return False
    return value.__name__.isidentifier() and not hasattr(activations, value.__name__)


def revived(key: str, value) -> Any:
    """The layer that a configuration inside of a configuration describes; anything else as it is."""
    if key.endswith(OTHER_FAMILIES):
        return value
    if isinstance(value, dict) and set(value) == {"class_name", "config"}:
        return registry.deserialize(value)
    if isinstance(value, list) and any(isinstance(v, dict) for v in value):
        return [revived(key, v) for v in value]
    return value


def serialize(layer: Layer) -> Any:
    """Class name and configuration of a layer: what ``deserialize`` needs."""
    return registry.serialize(layer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that ``serialize`` described; classes of one's own must be named in ``custom_objects``.

    >>> lamina.layers.deserialize(lamina.layers.serialize(lamina.layers.Dense(3, name="logits")))
    <Dense name=logits, built=False>
    """
    return registry.deserialize(config, custom_objects)
