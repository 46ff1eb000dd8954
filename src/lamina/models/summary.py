"""The table of a model's layers as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..layers.layer import Layer
from ..layers.symbol import Symbol, leaves

if TYPE_CHECKING:
    from .model import Model

HEADS = ("Layer (type)", "Output Shape", "Param #", "Connected to")
# of a layer by (a mask comes in, a mask goes out)
MASKS = {(True, True): "kept", (True, False): "used", (False, True): "made", (False, False): "-"}


def summary_text(model: Model, width: int = 80, expand_nested: bool = False, show_trainable: bool = False) -> str:
    """The name of the model, a line for each layer, and the totals. A column of masks stands where there are any."""
    chain, masks = is_chain(model), has_masks(model)
    more = [*(["Mask"] if masks else []), *(["Train"] if show_trainable else [])]
    heads = [*HEADS[: 3 if chain else 4], *more]
    rows = [
        row for layer in model.layers for row in lines_of(layer, model, chain, masks, expand_nested, show_trainable, "")
    ]
    shares = (0.46, 0.36, 0.18) if chain else (0.34, 0.25, 0.13, 0.28)
    usable = width - 8 * len(more)
    columns = [int(usable * share) for share in shares]
    columns[-1] += usable - sum(columns)
    columns += [8] * len(more)
    table = [f'Model: "{model.name}"', "─" * width, row_text(heads, columns), "═" * width]
    table += [row_text(row, columns) for row in rows]
    return "\n".join([*table, "─" * width, *totals(model)])


def is_chain(model: Model) -> bool:
    """Whether each layer takes just what the layer before gives, so that saying so would be noise."""
    network = model.__dict__.get("_network")
    if network is None:
        return True
    calls = list(network.calls)
    return (
        len(calls) == len({id(c.layer) for c in calls})
        and len(network.sources) == 1
        and all(
            len(call.inputs) == 1 and call.inputs[0].source is (calls[i - 1] if i else network.sources[0].source)
            for i, call in enumerate(calls)
        )
    )


def has_masks(model: Any) -> bool:
    """Whether any layer of the model, or of a model in it, has to do with masks."""
    inner = (layer for layer in model.layers if hasattr(layer, "layers"))
    return any(mask_word(layer, model) != "-" for layer in model.layers) or any(map(has_masks, inner))


def mask_word(layer: Any, model: Any) -> str:
    """What becomes of masks in a layer: "made", "kept", "used", or "-" where there are none."""
    found = [
        (any(x.mask_shape is not None for x in call.inputs), any(is_masked(x) for x in leaves(call.outputs)))
        for call in calls_of(layer, model)
    ]
    return MASKS[any(a for a, _ in found), any(b for _, b in found)] if found else MASKS[layer._seen_masks]


def is_masked(x) -> bool:
    return isinstance(x, Symbol) and x.mask_shape is not None


def lines_of(layer: Any, model: Any, chain: bool, masks: bool, expand_nested: bool, show_trainable: bool, indent: str):
    built = layer.built or layer.weights
    row = [
        f"{indent}{layer.name} ({type(layer).__name__})",
        shape_of(layer, model),
        f"{layer.count_params():,}" if built else "0 (unbuilt)",
    ]
    row += [] if chain else [connections(layer, model)]
    row += [mask_word(layer, model)] if masks else []
    row += (["yes" if layer.trainable else "no"] if layer.weights else ["-"]) if show_trainable else []
    yield row
    if expand_nested and hasattr(layer, "layers"):
        for inner in layer.layers:
            yield from lines_of(inner, layer, chain, masks, expand_nested, show_trainable, indent + "  └ ")


def shape_of(layer: Layer, model: Model) -> str:
    """The shape that a layer gives in this model; of a subclass that of the last call."""
    calls = calls_of(layer, model)
    if not calls:
        return ", ".join(map(str, layer._seen_shapes)) or "?"
    shapes = [str(x.shape) for x in leaves(calls[0].outputs) if isinstance(x, Symbol)]
    return ", ".join(shapes)


def calls_of(layer: Layer, model: Model) -> list:
    """The calls of a layer in this model; of a model that is a subclass, those on symbols anywhere."""
    network = model.__dict__.get("_network")
    return ([c for c in network.calls if c.layer is layer] if network else []) or layer.calls


def connections(layer: Layer, model: Model) -> str:
    network = model.__dict__.get("_network")
    if network is None:
        return ""
    sources = [x.source.layer.name for call in network.calls if call.layer is layer for x in call.inputs if x.source]
    return ", ".join(dict.fromkeys(sources)) or "-"


def row_text(cells, columns) -> str:
    """One row; what does not fit goes on below, in its column."""
    wrapped = [wrap(str(cell), size - 2) for cell, size in zip(cells, columns, strict=True)]
    height = max(map(len, wrapped))
    return "\n".join(
        "".join(
            f" {(lines[i] if i < len(lines) else ''):<{size - 1}}" for lines, size in zip(wrapped, columns, strict=True)
        ).rstrip()
        for i in range(height)
    )


def wrap(text: str, size: int) -> list[str]:
    """The text in lines of at most ``size`` letters, cut at blanks where there are any."""
    lines = []
    while len(text) > size:
        cut = text.rfind(" ", 1, size + 1)
        cut = cut if cut > 0 else size
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]


def totals(model: Model) -> list[str]:
    groups = (
        ("Total", model.weights),
        ("Trainable", model.trainable_weights),
        ("Non-trainable", model.non_trainable_weights),
    )
    result = []
    for word, variables in groups:
        count, size = sum(v.type.size for v in variables), sum(v.array.nbytes for v in variables)
        result.append(f" {word} params: {count:,} ({bytes_text(size)})")
    return result


def bytes_text(size: float) -> str:
    """``30.66 KB``: bytes in the largest unit that leaves at least one."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.2f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")
