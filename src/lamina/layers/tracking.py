"""What a layer owns: its variables and the layers inside of it, in the order in which they came."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError, message
from ..trace import Variable
from .symbol import Call, leaves

# Attributes in which layers and variables are only mentioned, not owned.
MENTIONED = {"_own", "_fixed", "_parent", "_arguments", "calls"}


class Tracked:
    """Owns variables and layers: those of ``add_weight``, and those set as attributes, also in lists and dicts."""

    nameless_root = False  # a model that stands alone puts no name of its own before those of its layers
    name: str
    calls: list[Call]
    _own: list[Variable]
    _fixed: list[Variable]
    _parent: Tracked | None
    _arguments: tuple[tuple, dict[str, Any]]
    _trainable: bool

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self.__dict__.update(_own=[], _fixed=[], _parent=None, _arguments=(args, kwargs), _trainable=True, calls=[])
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in MENTIONED or isinstance(value, str | int | float | None):
            return
        for x in leaves(value):
            if isinstance(x, Variable):
                self.own(x)
            elif isinstance(x, Tracked):
                self.adopt(x)

    def own(self, variable: Variable) -> None:
        """Counts a variable among those of this layer."""
        if not any(variable is v for v in (*self._own, *self._fixed)):
            (self._own if variable.trainable else self._fixed).append(variable)
            variable.path = self.prefix + variable.name

    def adopt(self, layer: Tracked) -> None:
        """Says where a layer stands, unless it stands somewhere already: a shared layer keeps its first place."""
        if layer._parent is None and layer is not self:
            layer.__dict__["_parent"] = self
            layer.name_paths()

    @property
    def label(self) -> str:
        """How messages name the layer: ``Dense "logits"``."""
        return f'{type(self).__name__} "{self.__dict__.get("name", "")}"'

    @property
    def path(self) -> str:
        """Where the layer stands: the names of the layers around it and its own, such as ``encoder/dense_1``."""
        return self.name if self._parent is None else self._parent.prefix + self.name

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
            if name not in MENTIONED and not isinstance(value, str | int | float | None):
                for x in leaves(value):
                    if isinstance(x, Tracked) and x is not self:
                        found.setdefault(id(x), x)
        for layer in found.values():
            self.adopt(layer)
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
