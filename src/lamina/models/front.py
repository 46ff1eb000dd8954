"""The front of a model: what is read on the host, text above all, before its program runs.

The program of a model with text inputs does not see these: in the nest of inputs, what the layers that read gave stands
in place of the first of them, and nothing (None) in place of the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, message
from ..layers.reading import TEXT
from ..layers.symbol import Call, Symbol, described, mapped
from ..layers.texts import text_array
from ..training.nest import is_array


class Front:
    """The calls of a network's layers that read, and the inputs that they take.

    ArgumentError where what is read is no input of the model, or goes to other layers too, and where an output is text.
    """

    def __init__(self, network):
        self.network = network
        self.calls: list[Call] = [call for call in network.calls if call.layer.reads_text]
        read = [x for call in self.calls for x in reader(call).read_inputs(call.args[0])]
        self.inputs = [x for x in network.sources if x in read or x.dtype == TEXT]
        self.check(read)

    def check(self, read: list[Symbol]) -> None:
        network = self.network
        for call in network.calls:
            taken = reader(call).read_inputs(call.args[0]) if call.layer.reads_text else []
            for x in call.inputs:
                if x in taken and x not in network.sources:
                    problem = f"{call.layer.label} reads data before the program runs, so it comes right after an Input"
                    raise ArgumentError(message(f"{network.label}: {problem}", got=repr(x)))
                if x not in taken and x in read:
                    problem = f"the input {x.name!r} is read on the host, so {call.layer.label} cannot take it, too"
                    raise ArgumentError(message(f"{network.label}: {problem}", fix="give it a second Input"))
        for x in network.results:
            if x in self.inputs:
                raise ArgumentError(message(f"{network.label}: an output is an input that is text", got=repr(x)))

    def read(self, given):
        """What the layers that read find in a nest of inputs: one array or nest, or a tuple of them."""
        network = self.network
        values = dict(zip(network.sources, parted(network, given)))
        arrays = {x: fitted_text(network.label, x, values[x]) for x in self.inputs}
        found = [
            reader(call).read(mapped(lambda x: arrays.get(x) if isinstance(x, Symbol) else x, call.args[0]))
            for call in self.calls
        ]
        return found[0] if len(found) == 1 else tuple(found)

    def stand_in(self, given, numbers):
        """The nest of inputs with what was found in it."""
        values = dict(zip(self.network.sources, parted(self.network, given)))
        put = {x: numbers if i == 0 else None for i, x in enumerate(self.inputs)}
        if isinstance(given, dict):
            names = dict(zip(names_of(self.network), self.network.sources))
            return {k: put[names[k]] if names.get(k) in put else v for k, v in given.items()}
        if len(self.network.sources) == 1:
            return numbers
        return type(given)(put.get(x, v) for x, v in values.items())

    def read_symbols(self, given):
        """What is found, as symbols, for a call of the network on symbols."""
        values = dict(zip(self.network.sources, parted(self.network, given)))
        found = [
            reader(call).read_symbols(mapped(lambda x: values.get(x, x) if isinstance(x, Symbol) else x, call.args[0]))
            for call in self.calls
        ]
        return found[0] if len(found) == 1 else tuple(found)

    def read_inputs(self, given) -> list:
        """Which of the symbols of a call of the model are read."""
        values = dict(zip(self.network.sources, parted(self.network, given)))
        return [values[x] for x in self.inputs]

    def arguments(self, found: list) -> dict[Call, Any]:
        """What each of the calls gets, by call, for what stands in place of the first input that is read."""
        if len(self.calls) < 2:
            return dict(zip(self.calls, found[:1], strict=True))
        return dict(zip(self.calls, found[0], strict=True))


def reader(call: Call) -> Any:
    """The layer or model of a call that reads."""
    return call.layer


class FirstLayer:
    """The front of a stack: its first layer, where that reads.

    layer   the first layer
    symbol  the input of the stack
    """

    def __init__(self, layer, symbol: Symbol, label: str):
        self.layer, self.symbol, self.label = layer, symbol, label
        self.inputs = [symbol]

    def read(self, given):
        alone = isinstance(given, list | tuple) and len(given) == 1 and is_whole(given[0])
        return self.layer.read(fitted_text(self.label, self.symbol, given[0] if alone else given))

    def read_symbols(self, given):
        return self.layer.read_symbols(given)

    def read_inputs(self, given) -> list:
        return self.layer.read_inputs(given)

    def stand_in(self, given, numbers):
        return numbers


class Fronted:
    """What a model with a front has in common with a layer that reads."""

    label: str

    @property
    def front(self) -> Front | FirstLayer | None:
        """What is read before the program runs; None where that is nothing."""
        return None

    @property
    def reads_text(self) -> bool:
        """Whether some of the inputs are read on the host."""
        return self.front is not None

    def _front(self) -> Front | FirstLayer:
        assert self.front is not None
        return self.front

    def read(self, inputs):
        """What the layers that read find in the inputs."""
        return self._front().read(inputs)

    def as_numbers(self, inputs):
        """The inputs as the program takes them, with numbers in place of text.

        >>> words = lamina.layers.StringLookup(vocabulary=["a", "b"])
        >>> model = lamina.Sequential([lamina.Input((2,), dtype="string"), words])
        >>> model.as_numbers([["a", "c"], ["b", "b"]])
        array([[1, 0],
               [2, 2]], dtype=int32)
        """
        return self.stand_in(inputs, self.read(inputs)) if self.reads_text else inputs

    def read_symbols(self, inputs):
        """What ``read`` finds, as symbols."""
        return self._front().read_symbols(inputs)

    def read_inputs(self, inputs) -> list:
        """Which of the symbols of a call are read."""
        return self._front().read_inputs(inputs)

    def stand_in(self, inputs, numbers):
        """The inputs with what was found in place of the first that is read."""
        return self._front().stand_in(inputs, numbers)


def names_of(network) -> list[str]:
    """The names by which a dict gives the inputs."""
    return list(network.inputs) if isinstance(network.inputs, dict) else [x.name for x in network.sources]


def by_name(network, given: dict) -> list:
    """What a dict gives for the inputs, in their order; ArgumentError where it lacks one."""
    names = names_of(network)
    for name in names:
        if name not in given:
            got, fix = ", ".join(map(repr, given)), f"give the dict a key {name!r}"
            raise ArgumentError(
                message(f"{network.label}: no input is called {name!r}", got=got, want=", ".join(names), fix=fix)
            )
    return [given[name] for name in names]


def parted(network, given) -> list:
    """The parts of what was given for the inputs, in their order. A list is data where there is one input."""
    if isinstance(given, dict):
        return by_name(network, given)
    if len(network.sources) == 1:
        alone = isinstance(given, list | tuple) and len(given) == 1 and is_whole(given[0])
        return [given[0]] if alone else [given]
    if not isinstance(given, list | tuple) or len(given) != len(network.sources):
        raise DataError(
            message(
                f"{network.label} has {len(network.sources)} inputs",
                got=f"{len(given)} in a {type(given).__name__}" if hasattr(given, "__len__") else repr(given)[:60],
                want=[f"{x.name}: {described(x)}" for x in network.sources],
            )
        )
    return list(given)


def is_whole(value) -> bool:
    """Whether the only thing in a list is all of the data, and not their first sample."""
    return isinstance(value, Symbol) or (is_array(value) and not isinstance(value, np.generic) and bool(np.ndim(value)))


def fitted_text(label: str, symbol: Symbol, value) -> np.ndarray:
    """The data of an input that is read: (batch,) and (batch, 1) are the same, as the Input asks for."""
    name = f"the input {symbol.name!r} of {label}"
    array = text_array(value, name) if symbol.dtype == TEXT else np.asarray(value)
    wanted = symbol.shape
    if array.ndim == len(wanted) - 1 and wanted[-1] == 1:
        array = array[..., np.newaxis]
    if array.ndim == len(wanted) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != len(wanted) or any(n not in (None, m) for n, m in zip(wanted, array.shape)):
        kind = "text" if symbol.dtype == TEXT else str(array.dtype)
        raise DataError(
            message(f"{name} has another shape", got=f"{kind}{list(array.shape)}", want=described(symbol), where=True)
        )
    return array
