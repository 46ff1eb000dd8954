"""What a layer owns: its variables and the layers inside of it, in the order in which they came."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from ..errors import ShapeError, message
from ..trace import Variable
from .naming import snake_case
from .symbol import Call

# Attributes in which layers and variables are only mentioned, not owned, and those in which there are none.
NAMELESS = re.compile(r"variable(_\d+)?")  # a variable that was given no name
MENTIONED = {"_own", "_fixed", "_parent", "_attribute", "_arguments", "calls",
             "_seen_losses", "_seen_shapes", "_seen_masks", "_build_shape", "_first_shape"}  # fmt: skip


class Tracked:
    """Owns variables and layers: those of ``add_weight``, and those set as attributes, also in lists and dicts."""

    nameless_root = False  # a model that stands alone puts no name of its own before those of its layers
    attributes_name = ()  # attributes that name the layers in them whatever their own names are
    name: str
    calls: list[Call]
    _own: list[Variable]
    _fixed: list[Variable]
    _parent: Tracked | None
    _attribute: str | None  # where the parent holds it
    _named: bool  # whether the name was given, not made up
    _arguments: tuple[tuple, dict[str, Any]]
    _trainable: bool

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self.__dict__.update(_own=[], _fixed=[], _parent=None, _attribute=None, _named=False, _trainable=True)
        self.__dict__.update(_arguments=(args, kwargs), calls=[])
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in MENTIONED or isinstance(value, str | int | float | None):
            return
        for place, x in places(name, value):
            if isinstance(x, Variable):
                if NAMELESS.fullmatch(x.name):
                    x.name = re.sub(r"\W+", "_", place).strip("_")
                    x.path = self.prefix + x.name
                self.own(x)
            elif isinstance(x, Tracked):
                self.adopt(x, place)

    def own(self, variable: Variable) -> None:
        """Counts a variable among those of this layer."""
        if not any(variable is v for v in (*self._own, *self._fixed)):
            (self._own if variable.trainable else self._fixed).append(variable)
            variable.path = self.prefix + variable.name

    def adopt(self, layer: Tracked, attribute: str | None = None) -> None:
        """Says where a layer stands, unless it stands somewhere already: a shared layer keeps its first place."""
        if layer._parent is None and layer is not self:
            layer.__dict__.update(_parent=self, _attribute=attribute)
            layer.name_paths()

    @property
    def place(self) -> str:
        """The layer's part of a path, the same each time the program runs and after loading: the name it was given.

        A made-up name counts on from layer to layer, so it stands only for layers whose names a configuration keeps:
        those of a model, and those that came as arguments. A layer that its owner made is called as the attribute that
        holds it; one of a model inside of such an owner by its class and its number there.
        """
        parent, attribute = self._parent, self._attribute
        if parent is None or attribute is None:
            return self.name
        if attribute in parent.attributes_name:
            return attribute
        if self._named:
            return self.name
        if not attribute.startswith("_") and attribute.split("[")[0] not in arguments_of_class(type(parent)):
            return re.sub(r"\W+", "_", attribute).strip("_")
        return self.name if parent.kept() else self.number_in(parent)

    def kept(self) -> bool:
        """Whether a configuration keeps the names of the layers inside: so it is unless an owner makes them anew."""
        if self._parent is None or self._attribute is None:
            return True
        own = self._attribute.startswith("_") or self._attribute.split("[")[0] in arguments_of_class(type(self._parent))
        return own and self._parent.kept()

    def number_in(self, parent: Tracked) -> str:
        """``dense``, ``dense_1``: the class, counted among the layers of the parent whose names are made up."""
        alike = [x for x in parent.sublayers() if type(x) is type(self) and not x._named]
        number = next((i for i, x in enumerate(alike) if x is self), 0)
        word = snake_case(type(self).__name__)
        return f"{word}_{number}" if number else word

    @property
    def label(self) -> str:
        """How messages name the layer: ``Dense "logits"``."""
        return f'{type(self).__name__} "{self.__dict__.get("name", "")}"'

    @property
    def path(self) -> str:
        """Where the layer stands: the places of the layers around it and its own, such as ``encoder/dense_1``."""
        return self.name if self._parent is None else self._parent.prefix + self.place

    @property
    def prefix(self) -> str:
        """What the paths of all that is inside begin with."""
        if "name" not in self.__dict__ or (self.nameless_root and self._parent is None):
            return ""
        return f"{self.path}/"

    def name_paths(self) -> None:
        """Sets the paths of all variables inside anew."""
        prefix = self.prefix
        for variable in (*self._own, *self._fixed):
            variable.path = prefix + variable.name
        for layer in self.sublayers():
            if layer._parent is self:
                layer.name_paths()

    def sublayers(self) -> list:
        """The layers directly inside, each once, in the order of the attributes that hold them."""
        found: dict[int, Any] = {}
        for name, value in self.__dict__.items():
            if isinstance(value, HOLDERS) and name not in MENTIONED:
                for place, x in places(name, value) if not isinstance(value, Tracked) else ((name, value),):
                    if isinstance(x, Tracked) and x is not self and id(x) not in found:
                        found[id(x)] = x
                        if x._parent is None:
                            self.adopt(x, place)
        return list(found.values())

    @property
    def variables(self) -> list[Variable]:
        """All state: own trainable variables, own fixed ones, then those of the layers inside."""
        found = {id(v): v for v in (*self._own, *self._fixed)}
        for layer in self.sublayers():
            found.update((id(v), v) for v in layer.variables if id(v) not in found)
        return list(found.values())

    @property
    def weights(self) -> list[Variable]:
        """All variables, in the order of ``get_weights``."""
        return self.variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that an optimizer may change."""
        return [v for v in self.variables if v.trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no optimizer changes: frozen weights, moving averages."""
        return [v for v in self.variables if not v.trainable]

    trainable_weights, non_trainable_weights = trainable_variables, non_trainable_variables

    @property
    def trainable(self) -> bool:
        """Whether the weights inside are trained. Setting it sets it for every layer inside as well.

        >>> layer = lamina.layers.Dense(2)
        >>> layer.build((None, 3))
        >>> layer.trainable = False
        >>> layer.trainable_variables
        []
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.__dict__["_trainable"] = bool(value)
        for variable in self._own:
            variable.trainable = bool(value)
        for layer in self.sublayers():
            layer.trainable = value

    def may_train(self) -> bool:
        """Whether neither this layer nor one around it is frozen."""
        return self._trainable and (self._parent is None or self._parent.may_train())

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the numbers of all weights."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights) -> None:
        """New numbers for all weights, in the order of ``get_weights``; ShapeError if one does not fit.

        >>> layer = lamina.layers.Dense(1)
        >>> layer.build((None, 2))
        >>> layer.set_weights([[[1.0], [2.0]], [3.0]])
        >>> layer(np.array([[1.0, 1.0]], "float32"))
        array([[6.]], dtype=float32)
        """
        mine, given = self.weights, [np.asarray(w) for w in weights]
        if len(mine) != len(given):
            fix = "build the layer first: call it once, or give the model an Input" if not mine else None
            raise ShapeError(
                message(
                    f"{self.label} has {len(mine)} weights, {len(given)} were given",
                    got=[str(w.shape) for w in given[:12]],
                    want=[f"{v.path} {v.shape}" for v in mine[:12]],
                    fix=fix,
                )
            )
        for v, w in zip(mine, given, strict=True):
            if v.shape != w.shape:
                raise ShapeError(
                    message(
                        f"{self.label}: the weight {v.path!r} cannot take another shape",
                        got=str(w.shape),
                        want=str(v.shape),
                    )
                )
        for v, w in zip(mine, given, strict=True):
            v.assign(w.astype(v.dtype))


HOLDERS = (Tracked, dict, list, tuple)  # what may hold a layer


def places(name: str, value) -> Iterator[tuple[str, Any]]:
    """What stands in a nest of lists and dicts under an attribute, each with its place, such as ``blocks[0]``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from places(f"{name}[{i}]", inner)
    else:
        yield name, value


@cache
def arguments_of_class(cls) -> frozenset[str]:
    """The names of the arguments of a class."""
    return frozenset(inspect.signature(cls.__init__).parameters)
