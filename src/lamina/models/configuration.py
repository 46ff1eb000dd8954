"""The graph of a functional model as plain data, and back: layers, calls in order, and which tensor goes where."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, FileFormatError, message
from ..layers.input_layer import Input, InputLayer
from ..layers.layer import deserialize, serialize
from ..layers.symbol import Symbol, leaves
from ..trace import Variable


def network_config(network) -> dict[str, Any]:
    """Layers with their configurations, the calls with their arguments, and the tensors that go in and out."""
    places: dict[Symbol, list] = {}
    layers, calls = [], []
    for x in network.sources:
        own = isinstance(x.source.layer, InputLayer)
        name = x.source.layer.name if own else f"{x.name}_input"
        places[x] = [name, 0, 0]
        layers.append(
            {"class_name": "InputLayer", "config": {"name": name, "dtype": x.dtype, "batch_shape": list(x.shape)}}
        )
    counts: dict[str, int] = {}
    for layer in network.layers:
        if any(call.layer is layer for call in network.calls):
            layers.append({**serialize(layer), "name": layer.name})
    for call in network.calls:
        number = counts.get(call.layer.name, 0)
        counts[call.layer.name] = number + 1
        calls.append(
            {
                "layer": call.layer.name,
                "args": [encoded(a, places) for a in call.args],
                "kwargs": {k: encoded(v, places) for k, v in call.kwargs.items()},
            }
        )
        for i, s in enumerate(leaves(call.outputs)):
            if isinstance(s, Symbol):
                places[s] = [call.layer.name, number, i]
    return {
        "layers": layers,
        "calls": calls,
        "inputs": encoded(network.inputs, places),
        "outputs": encoded(network.outputs, places),
    }


def rebuilt(config: dict[str, Any], custom_objects=None):
    """Inputs and outputs of the network that ``network_config`` described, over new layers."""
    layers: dict[str, Any] = {}
    tensors: dict[tuple, Any] = {}
    for spec in config["layers"]:
        if spec["class_name"] == "InputLayer":
            tensors[(spec["config"]["name"], 0, 0)] = Input(
                **{**spec["config"], "batch_shape": tuple(spec["config"]["batch_shape"])}
            )
        else:
            layer = deserialize(spec, custom_objects)
            name = spec.get("name", layer.name)
            if layer.name != name:  # a get_config of one's own may leave it out
                layer.rename(name)
            layers[name] = layer
    counts: dict[str, int] = {}
    for call in config["calls"]:
        name = call["layer"]
        if name not in layers:
            raise FileFormatError(message(f"the configuration calls a layer {name!r} that it does not list"))
        number = counts.get(name, 0)
        counts[name] = number + 1
        args = [decoded(a, tensors) for a in call["args"]]
        outputs = layers[name](*args, **{k: decoded(v, tensors) for k, v in call["kwargs"].items()})
        for i, s in enumerate(leaves(outputs)):
            tensors[(name, number, i)] = s
    return decoded(config["inputs"], tensors), decoded(config["outputs"], tensors)


def encoded(value, places):
    """An argument of a call as data."""
    if isinstance(value, Symbol):
        return {"tensor": places[value]}
    if isinstance(value, dict):
        return {"dict": {k: encoded(v, places) for k, v in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [encoded(v, places) for v in value]}
    if isinstance(value, list):
        return [encoded(v, places) for v in value]
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is ...:
        return {"ellipsis": True}
    if isinstance(value, np.ndarray | np.generic):
        return {"array": np.asarray(value).tolist(), "dtype": str(value.dtype)}
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value).name
    if value is None or isinstance(value, bool | int | float | str):
        return value
    what = "a variable" if isinstance(value, Variable) else f"a {type(value).__name__}"
    raise ArgumentError(
        message(
            f"{what} among the arguments of a call cannot be written as data",
            got=repr(value),
            fix="put it into a layer of your own",
        )
    )


def decoded(value, tensors):
    """The argument that ``encoded`` wrote."""
    if isinstance(value, list):
        return [decoded(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    (kind, content), *rest = value.items()
    if kind == "tensor":
        if tuple(content) not in tensors:
            raise FileFormatError(message("the configuration uses a tensor before it is made", got=str(content)))
        return tensors[tuple(content)]
    if kind == "dict":
        return {k: decoded(v, tensors) for k, v in content.items()}
    if kind == "tuple":
        return tuple(decoded(v, tensors) for v in content)
    if kind == "slice":
        return slice(*content)
    if kind == "array":
        return np.array(content, dtype=rest[0][1])
    return ...
