"""A model as a formula: the functions that its layers are, one inside of the other."""

from __future__ import annotations

import re
from typing import Any

from ..errors import unknown
from ..layers import Dense, InputLayer
from ..layers.symbol import Symbol, leaves

CONVENTIONS = {
    "rows": "A batch is a matrix with one sample in each row, so a layer computes x W + b.",
    "columns": "A sample is a column, so a layer computes Wᵀ x + b; W is the same matrix as in the model.",
    "bias_as_weight": "The bias is one more row of W, for an input that is always 1: a layer computes [1, x] W.",
}
DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
INLINE = 100  # a composed formula longer than this is told step by step only


def formula(model, convention: str = "rows") -> str:
    """A built model as text: one line a step, the composed function where it is short, the shapes, and the convention.

    convention  "rows": x W + b for a batch in rows; "columns": Wᵀ x + b for one sample, as in textbooks;
                "bias_as_weight": the bias as a weight of a constant input

    ArgumentError for another convention.

    >>> model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3, "relu"), lamina.layers.Dense(1)])
    >>> print(lamina.insight.formula(model).splitlines()[0])
    y = relu(x W₁ + b₁) W₂ + b₂
    """
    if convention not in CONVENTIONS:
        raise unknown("convention", convention, CONVENTIONS)
    steps, weights = told(model, convention)
    names = {name for name, _, _ in steps}
    composed = composition(steps, model)
    lines = [f"y = {composed}"] if composed and len(composed) <= INLINE else []
    if len(steps) > 1 or not lines:
        width = max(map(len, names))
        lines += [*([""] if lines else []), *(f"{name:<{width}} = {text}" for name, text, _ in steps)]
    width = max([len(name) for name, _, _ in weights], default=0)
    table = [f"{name:<{width}}  {shape:<14} {path}".rstrip() for name, shape, path in weights]
    return "\n".join([*lines, "", *table, *([""] if table else []), CONVENTIONS[convention]])


def told(model, convention: str) -> tuple[list[tuple[str, str, list[str]]], list[tuple[str, str, str]]]:
    """The steps as (name, text, names it uses), and the symbols as (name, shape, path)."""
    inputs = list(model.inputs)
    named: dict[Symbol, str] = {x: "x" if len(inputs) == 1 else f"x{sub(i)}" for i, x in enumerate(inputs, 1)}
    weights = [(name, sizes(x.shape[1:]), f"the input {x.name}") for x, name in named.items()]
    numbers: dict[int, int] = {}
    steps: list[tuple[str, str, list[str]]] = []
    for call in calls_of(model):
        given = [named[x] for x in call.inputs if x in named]
        if isinstance(call.layer, Dense) and id(call.layer) not in numbers:
            numbers[id(call.layer)] = len(numbers) + 1
            weights += symbols_of(call.layer, numbers[id(call.layer)], convention)
        results = [x for x in leaves(call.outputs) if isinstance(x, Symbol)]
        name = f"h{sub(len(steps) + 1)}"
        steps.append((name, text_of(call.layer, given, numbers, convention), given))
        named.update((x, name if len(results) == 1 else f"{name}[{i}]") for i, x in enumerate(results))
    return renamed(steps, [named[x] for x in model.outputs]), weights


def renamed(steps, outputs: list[str]):
    """The last step is called y, where the model has one output."""
    if len(outputs) != 1:
        return steps
    return [("y" if name == outputs[0] else name, text, given) for name, text, given in steps]


def calls_of(model) -> list[Any]:
    """The calls of layers that lead from the inputs to the outputs, in order."""
    network = model.__dict__.get("_network")
    if network is not None:
        return network.calls
    known = set(model.inputs)
    found = []
    for result in model.__dict__.get("_symbols", [])[1:]:
        if result not in known and not isinstance(result.source.layer, InputLayer):
            found.append(result.source)
    return found


def text_of(layer, given: list[str], numbers: dict[int, int], convention: str) -> str:
    """What a layer does to its inputs."""
    if not isinstance(layer, Dense):
        return f"{type(layer).__name__.lower()}({', '.join(given)})"
    k, x = sub(numbers[id(layer)]), given[0]
    if convention == "rows":
        text = f"{x} W{k} + b{k}" if layer.use_bias else f"{x} W{k}"
    elif convention == "columns":
        text = f"W{k}ᵀ {x} + b{k}" if layer.use_bias else f"W{k}ᵀ {x}"
    else:
        text = f"[1, {x}] W{k}" if layer.use_bias else f"{x} W{k}"
    activation = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    return text if activation == "linear" else f"{activation}({text})"


def symbols_of(layer: Dense, number: int, convention: str) -> list[tuple[str, str, str]]:
    """The weights of a dense layer as lines of the table."""
    inputs, units = layer.kernel.shape
    k = sub(number)
    if not layer.use_bias:
        return [(f"W{k}", sizes((inputs, units)), layer.kernel.path)]
    if convention == "bias_as_weight":
        return [(f"W{k}", sizes((inputs + 1, units)), f"{layer.bias.path} above {layer.kernel.path}")]
    return [(f"W{k}", sizes((inputs, units)), layer.kernel.path), (f"b{k}", sizes((units,)), layer.bias.path)]


def composition(steps, model) -> str | None:
    """One expression for the output; None where a step is used twice, or there are several outputs."""
    if len(model.outputs) != 1 or not steps:
        return None
    used = [name for _, _, given in steps for name in given]
    if any(used.count(name) > 1 for name, _, _ in steps):
        return None
    texts: dict[str, str] = {}
    for name, text, given in steps:
        for inner in given:
            if inner in texts:
                place = re.search(f"{inner}(?![₀-₉])", text)
                assert place is not None
                text = text[: place.start()] + bracketed(texts[inner], text, place) + text[place.end() :]
        texts[name] = text
    return texts["y"]


def bracketed(inner: str, outer: str, place: re.Match) -> str:
    """The inner expression, in brackets where a product would tear it apart."""
    factor = outer[place.end() :].startswith(" W") or outer[: place.start()].endswith("ᵀ ")
    whole = re.fullmatch(r"\w+\(.*\)", inner) or " " not in inner
    return f"({inner})" if factor and not whole else inner


def sub(number: int) -> str:
    """``12`` as a subscript."""
    return str(number).translate(DIGITS)


def sizes(shape) -> str:
    return f"[{', '.join('?' if n is None else str(n) for n in shape)}]"
