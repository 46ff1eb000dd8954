"""The directed acyclic graph of a functional model: which calls of which layers lead from its inputs to its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ArgumentError, DataError, message
from ..layers.input_layer import InputLayer
from ..layers.input_spec import InputSpec, refusal
from ..layers.layer import Layer
from ..layers.symbol import Call, Symbol, described, leaves, mapped
from ..ops import cast, expand_dims
from .front import Front, by_name, reader


class Network:
    """Inputs and outputs (a symbol, a list or a dict of them), the calls between them in order, and their layers.

    ArgumentError where an output does not follow from the inputs, an input leads nowhere, or two layers share a name.
    """

    def __init__(self, inputs, outputs, label: str):
        self.inputs, self.outputs, self.label = inputs, outputs, label
        self.sources, self.results = symbols(inputs, "inputs"), symbols(outputs, "outputs")
        boundary = set(self.sources)
        post, order = traversed(list(by_key(outputs)), boundary, label)
        reached = {x for call in post for x in call.inputs} | set(self.results)
        for x in self.sources:
            if x not in reached:
                raise ArgumentError(
                    message(
                        f"{label}: the input {x.name!r} leads to no output",
                        got=repr(x),
                        fix="use it, or leave it out of inputs",
                    )
                )
        inner = [call for call in post if not boundary & set(leaves(call.outputs))]
        self.calls = sorted(inner, key=lambda call: call.number)
        self.layers = by_depth(post, order, self.sources)
        check_names(self.layers, label)
        self.front = Front(self)

    def run(self, inputs):
        """The outputs for tensors in place of the inputs."""
        env = dict(zip(self.sources, self.taken(inputs)))
        read = self.front.arguments([env[x] for x in self.front.inputs])
        for call in self.calls:
            args, kwargs = mapped(lambda x: env[x] if isinstance(x, Symbol) else x, (call.args, call.kwargs))
            if call in read:
                args = (reader(call).stand_in(args[0], read[call]), *args[1:])
            given = call.layer(*args, **kwargs)
            env.update((s, x) for s, x in zip(leaves(call.outputs), leaves(given)) if isinstance(s, Symbol))
        return mapped(lambda x: env[x], self.outputs)

    def taken(self, given) -> list:
        """The tensors of a call in the order of the inputs, each with the shape and dtype its Input asks for."""
        if isinstance(given, dict):
            values = by_name(self, given)
        else:
            alone = self.front.inputs and len(self.sources) == 1
            values = list(given) if isinstance(given, list | tuple) and not alone else [given]
        if len(values) != len(self.sources):
            raise DataError(
                message(
                    f"{self.label} has {len(self.sources)} inputs, {len(values)} were given",
                    got=[described(v) for v in values if hasattr(v, "shape")],
                    want=[f"{x.name}: {described(x)}" for x in self.sources],
                )
            )
        read = self.front.inputs
        return [value if x in read else fitted(self, x, value) for x, value in zip(self.sources, values)]


class Owner:
    """Who complains about an input of a model."""

    def __init__(self, label: str):
        self.label = label


def only(network, given):
    """The one input that a stack of layers has, which may come in a list or a dict."""
    values = list(leaves(given))
    if len(values) != 1:
        raise DataError(
            message(
                f"{network.label} has one input, {len(values)} were given",
                got=[described(v) for v in values if hasattr(v, "shape")],
                fix="y has a place of its own: fit(x, y); for several inputs use lamina.Model(inputs, outputs)",
                where=True,
            )
        )
    return values[0]


def fitted(network, symbol: Symbol, x):
    """The tensor as the Input wants it: (batch,) becomes (batch, 1) where that is meant, and its dtype is cast."""
    if len(x.shape) == len(symbol.shape) - 1 and symbol.shape[-1] == 1:
        x = expand_dims(x, -1)
    spec = InputSpec(shape=symbol.shape, reason=f"that is its Input {symbol.name!r}")
    if not spec.fits(x):
        raise refusal(Owner(network.label), spec, x, None)
    return x if str(x.dtype) == symbol.dtype else cast(x, symbol.dtype)


def symbols(nest, what: str) -> list[Symbol]:
    found = list(leaves(nest))
    for x in found:
        if not isinstance(x, Symbol):
            raise ArgumentError(
                message(
                    f"the {what} of a functional model are symbols",
                    got=repr(x)[:60],
                    fix="start from lamina.Input(shape) and call layers on it",
                )
            )
    return found


def by_key(nest) -> Iterator[Symbol]:
    """What stands in a nest, dicts by their sorted keys: Keras orders the layers, and so the weights, by this."""
    if isinstance(nest, list | tuple | dict):
        for part in [nest[key] for key in sorted(nest)] if isinstance(nest, dict) else nest:
            yield from by_key(part)
    else:
        yield nest


def traversed(outputs: list[Symbol], boundary: set[Symbol], label: str) -> tuple[list[Call], dict[int, int]]:
    """The calls that the outputs need, each after those it needs, and for each layer the order of first meeting."""
    post: list[Call] = []
    order: dict[int, int] = {}
    done: set[Call] = set()
    stack = [(x, False) for x in reversed(outputs)]
    while stack:
        x, ready = stack.pop()
        call = x.source
        if call is None or (isinstance(call.layer, InputLayer) and x not in boundary):
            raise ArgumentError(
                message(
                    f"{label}: an output needs the input {x.name!r}, which is not among the inputs",
                    got=repr(x),
                    fix="add it to inputs",
                )
            )
        if call in done:
            continue
        if ready:
            done.add(call)
            post.append(call)
            continue
        order.setdefault(id(call.layer), len(order))
        stack.append((x, True))
        if x not in boundary:
            stack.extend((y, False) for y in reversed(call.inputs))
    return post, order


def by_depth(post: list[Call], order: dict[int, int], sources: list[Symbol]) -> list[Layer]:
    """The layers as Keras lists them, which is also the order of the weights: the furthest from the outputs first."""
    depth: dict[Call, int] = {}
    deepest: dict[int, int] = {}
    layers = {id(call.layer): call.layer for call in post}
    for call in reversed(post):
        here = max(depth.setdefault(call, 0), deepest.get(id(call.layer), 0))
        deepest[id(call.layer)] = depth[call] = here
        for x in call.inputs:
            if x.source is not None:
                depth[x.source] = max(here + 1, depth.get(x.source, 0))
    inputs = {id(x.source.layer): i - len(sources) for i, x in enumerate(sources) if x.source is not None}
    order = {**order, **{k: v for k, v in inputs.items() if k in layers and isinstance(layers[k], InputLayer)}}
    return [layers[k] for k in sorted(layers, key=lambda k: (-deepest[k], order[k]))]


def check_names(layers: list[Layer], label: str) -> None:
    """Refuses two layers of one name in one model: weights and messages go by names."""
    seen: dict[str, Any] = {}
    for layer in layers:
        if seen.setdefault(layer.name, layer) is not layer:
            raise ArgumentError(
                message(
                    f"{label}: two layers are called {layer.name!r}",
                    got=f"{seen[layer.name].label} and {layer.label}",
                    fix="give one of them another name=",
                )
            )
