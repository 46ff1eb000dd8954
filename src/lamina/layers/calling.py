"""What happens around a layer's ``call``: on arrays, on the nodes of a trace, and on symbols."""

from __future__ import annotations

import inspect
import warnings
from contextlib import contextmanager, nullcontext
from functools import cache

import numpy as np

from ..errors import DtypeError, LaminaWarning, MaskError, ShapeError, message, user_line
from ..graph import Node, placeholder, scope
from ..masks import mask_of
from ..op import as_node, as_value
from ..ops import cast, expand_dims, where
from ..random import default_generator
from ..trace import Trace, Variable, concrete, current, flatten, unflatten, untraced
from ..types import Type
from . import input_spec
from .reading import in_front, read_first, symbols_read
from .symbol import Call, Symbol, described, leaves, mapped

# Two sizes for each unknown dimension: those of the result in which they agree are known. The numbers have many
# divisors, so that a Reshape works with them.
BATCH, UNKNOWN = (2, 3), (60, 120)


@cache
def parameters(function) -> tuple[str, ...]:
    """The names of the parameters of a method, ``self`` left out."""
    return tuple(
        name
        for name, p in list(inspect.signature(function).parameters.items())[1:]
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    )


@cache
def trains_alone(function) -> bool:
    """Whether a ``call`` trains where nobody says: so it does if its argument ``training`` is True unless given."""
    parameter = inspect.signature(function).parameters.get("training")
    return parameter is not None and parameter.default is True


def on_arrays(layer, args, kwargs):
    """The layer on plain arrays, outside of any trace: computed at once, what it assigns is stored."""
    generator, training = default_generator(), kwargs.get("training")
    training = trains_alone(type(layer).call) if training is None else bool(training)
    with Trace(training, generator, concrete=True) as made:
        nodes: list[Node] = []
        structure = flatten(layer(*args, **kwargs), nodes)
    made.store()
    if made.streams:
        generator.step.assign_add(np.uint32(1))
    layer.__dict__["_seen_losses"] = [np.array(x.value) for x in made.losses]
    return unflatten(structure, iter([np.array(x.value) for x in nodes]))


def on_nodes(layer, args, kwargs):
    """The layer inside of a trace: build it if need be, check the input, pass training and masks, note the results."""
    trace = current()
    assert trace is not None
    if layer.reads_text:
        args, kwargs = read_first(layer, args, kwargs)
    with named(layer, (), {}):
        args, kwargs = tensors(layer, trace, args, kwargs)
    names = parameters(type(layer).call)
    training, mask = kwargs.pop("training", None), kwargs.pop("mask", None)
    root = layer.nameless_root and layer._parent is None
    with nullcontext() if root else scope(layer.place), training_as(trace, training), named(layer, args, kwargs):
        inputs = args[0] if args else next(iter(kwargs.values()), None)
        ready(layer, inputs, args, kwargs)
        if "training" in names[len(args) :]:
            kwargs["training"] = trace.training
        masks = given_masks(trace, layer, names, args, kwargs, mask)
        outputs = layer.call(*args, **kwargs)
        uses = "mask" in names if layer.uses_mask is None else layer.uses_mask
        note(trace, layer, inputs, outputs, masks, uses)
    return outputs


def tensors(layer, trace, args, kwargs):
    """The arguments with arrays and variables as nodes, and floating-point tensors in the dtype of the layer."""

    def one(x):
        if isinstance(x, Variable):
            x = trace.read(x)
        elif not isinstance(x, Node):
            if not hasattr(x, "__array__") or isinstance(x, type):
                return x
            x = concrete(x) if trace.concrete else as_node(as_value(x))
        if len(x.types) > 1 or not x.type.is_float or x.dtype == layer.dtype or not layer.autocast:
            return x
        return cast(x, layer.dtype)

    if args and is_numbers(args[0]):
        args = (as_value(args[0]), *args[1:])
    return tuple(mapped(one, a) for a in args), {k: mapped(one, v) for k, v in kwargs.items()}


def is_numbers(value) -> bool:
    """Whether a value is a number, or a nest of lists that holds nothing else."""
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(is_numbers(v) for v in value)
    return isinstance(value, bool | int | float)


@contextmanager
def training_as(trace, training):
    """``training`` of the outer call holds for the layers inside, too."""
    before = trace.training
    trace.training = before if training is None else bool(training)
    try:
        yield
    finally:
        trace.training = before


def ready(layer, inputs, args, kwargs) -> None:
    """Refuses inputs that do not fit, before the weights are made for them and after."""
    input_spec.check(layer, layer.input_spec, inputs, maker)
    if not layer.built:
        build(layer, args, kwargs)
        input_spec.check(layer, layer.input_spec, inputs, maker)


def build(layer, args, kwargs) -> None:
    """Makes the weights of a layer that has none yet, by the shapes of the tensors it is called with."""
    if getattr(type(layer).build, "by_hand_only", False):
        layer.built = True
        layer.__dict__["_build_shape"] = shape_of(args[0]) if len(args) == 1 and not kwargs else None
        return
    bound = dict(zip(parameters(type(layer).call), args, strict=False)) | kwargs
    if args and not bound:
        bound = {"inputs": args[0]}
    wanted = parameters(type(layer).build)
    shapes = {name: mapped(shape_of, value) for name, value in bound.items()}
    first = next(iter(shapes.values()), None)
    if len(wanted) <= 1:
        given = dict.fromkeys(wanted, first)
    else:
        found = {f"{name}_shape": shape for name, shape in shapes.items()}
        given = {name: found.get(name, first if i == 0 else None) for i, name in enumerate(wanted)}
    layer.build(**given)


def shape_of(x):
    return tuple(x.shape) if hasattr(x, "shape") else None


def given_masks(trace, layer, names, args, kwargs, mask):
    """The masks of the inputs; where ``call`` takes them, they are passed."""
    first = args[0] if args else next(iter(kwargs.values()), None)
    known = mask if mask is not None else masks_of(first)
    if "mask" in names and "mask" in names[len(args) :] and known is not None:
        kwargs["mask"] = known
    for name, value in zip(names[1:], args[1:], strict=False):
        if f"{name}_mask" in names and kwargs.get(f"{name}_mask") is None and masks_of(value) is not None:
            kwargs[f"{name}_mask"] = masks_of(value)
    if mask is not None and isinstance(first, Node):
        trace.masks.setdefault(first, mask)
    return known


def masks_of(nest):
    """The mask of a tensor, or the nest of masks; None where there is none at all."""
    found = mapped(mask_of, nest)
    return found if any(m is not None for m in leaves(found)) else None


def note(trace, layer, inputs, outputs, masks, consumes: bool) -> None:
    """Writes down who made the outputs, their masks, and what the activity regularizer says."""
    nodes = [x for x in leaves(outputs) if isinstance(x, Node)]
    layer.__dict__["_seen_shapes"] = [(None, *x.shape[1:]) for x in nodes]
    makers = trace.notes.setdefault("makers", {})
    for x in nodes:
        makers.setdefault(x, layer)
    if any(x not in trace.masks for x in nodes):
        note_masks(trace, layer, inputs, nodes, masks, consumes)
    layer.__dict__["_seen_masks"] = masks is not None, any(mask_of(x) is not None for x in nodes)
    if layer.activity_regularizer is not None:
        for x in nodes:
            loss = layer.activity_regularizer(without_padding(x))
            layer.add_loss(loss / float(x.shape[0]) if x.ndim and x.shape[0] else loss)


def note_masks(trace, layer, inputs, nodes, masks, consumes: bool) -> None:
    """Writes down the masks of what a layer gives; one that it neither carries nor uses is an error."""
    if layer.supports_masking:
        found = list(leaves(layer.compute_mask(inputs, masks)))
        for x, m in zip(nodes, found, strict=False):
            if m is not None:
                trace.masks[x] = as_node(as_value(m))
            elif masks is not None:
                trace.masks[x] = None
    elif masks is not None and not consumes and all(mask_of(x) is None for x in nodes):
        if layer.lost_mask == "error":
            raise lost(layer, inputs)
        if layer.lost_mask == "warn":
            warnings.warn(LaminaWarning(str(lost(layer, inputs))), stacklevel=3)


def lost(layer, inputs, because: str = "the layers after it would see padding as data") -> MaskError:
    """The error of a layer that would lose a mask."""
    return MaskError(
        message(
            f"{layer.label} cannot carry the mask of its input: {because}",
            got=[described(x) + input_spec.made_by(maker(x)) for x in leaves(inputs) if isinstance(x, Node | Symbol)],
            want="layers that carry or use masks, such as recurrent layers, attention and global pooling",
            fix="put layers.DropMask() before it where padding may count as data (a layer of your own: take mask in "
            "call, or set supports_masking = True)",
            where=True,
        )
    )


def without_padding(x):
    """The tensor with zeros for steps that are not real."""
    mask = mask_of(x)
    if mask is None:
        return x
    return where(expand_dims(mask, tuple(range(mask.ndim, x.ndim))) if mask.ndim < x.ndim else mask, x, 0.0)


def maker(x):
    """The layer that made a tensor, where that is known."""
    trace = current()
    if isinstance(x, Node) and trace is not None:
        symbol = trace.notes.get("symbols", {}).get(x)
        x, found = symbol if symbol is not None else x, trace.notes.get("makers", {}).get(x)
        if found is not None:
            return found
    return x.source.layer if isinstance(x, Symbol) and x.source else None


@contextmanager
def named(layer, args, kwargs):
    """An error of an op inside of the layer says which layer it was, and what came from where."""
    try:
        yield
    except (ShapeError, DtypeError) as error:
        if getattr(error, "layer", None) is not None:
            raise
        if str(error).startswith(layer.label):
            error.layer = layer  # type: ignore[union-attr]
            raise
        raise renamed(error, layer, [x for x in leaves((args, kwargs)) if isinstance(x, Symbol | Node)]) from error


def renamed(error, layer, inputs):
    """The error again, told of the layer: its own lines, with the layer's inputs as what was got."""
    problem, *rest = str(error).split("\n")
    got = []
    for x in inputs:
        source = maker(x)
        got.append(described(x) + input_spec.made_by(source))
    lines, keep = [], False
    for line in rest:
        keep = not inputs or line.startswith(("  want:", "  fix:")) or (keep and not line[2:6].strip())
        lines += [line] if keep else []
    where = user_line()
    text = "\n".join(
        [message(f"{layer.label}: {problem}", got=got or None), *lines, *([f"  in:   {where}"] if where else [])]
    )
    made = type(error)(text)
    made.layer = layer
    return made


def on_symbols(layer, args, kwargs):
    """The layer as a step of the functional API: weights are made, the shapes of results found, the call recorded."""
    if layer.reads_text:
        args, kwargs = in_front(args, kwargs)
    numbers, kwargs = symbols_read(layer, args, kwargs)
    with untraced(), named(layer, numbers, kwargs):
        ready(layer, numbers[0] if numbers else next(iter(kwargs.values()), None), numbers, kwargs)
        outputs = inferred(layer, numbers, kwargs)
    call = Call(layer, args, kwargs)

    def sourced(x):
        if isinstance(x, Symbol):
            x.source, x.name = call, layer.name
        return x

    call.outputs = mapped(sourced, outputs)
    return call.outputs


def inferred(layer, args, kwargs):
    """What the layer gives for symbols: its ``call`` is traced with two sizes for each unknown dimension."""
    (first, masks), (second, other_masks) = (traced_once(layer, args, kwargs, which) for which in (0, 1))
    others = leaves(second)

    def symbol(x):
        y = next(others)
        if not isinstance(x, Node):
            return x
        made = Symbol(agreed(x, y), x.dtype)
        if masks[x] is not None and other_masks[y] is not None:
            made.mask_shape = agreed(masks[x], other_masks[y])
        return made

    return mapped(symbol, first)


def agreed(x, y) -> tuple:
    """The sizes in which two tensors agree; None where they do not."""
    return tuple(n if n == m else None for n, m in zip(x.shape, y.shape, strict=True))


def traced_once(layer, args, kwargs, which: int):
    """The layer called on placeholders with one choice of the unknown sizes: its results, and their masks."""

    def sized(shape):
        return tuple((BATCH if i == 0 else UNKNOWN)[which] if n is None else n for i, n in enumerate(shape))

    with untraced(), Trace(generator=default_generator()) as made:
        symbols = made.notes.setdefault("symbols", {})

        def stand_in(x):
            if not isinstance(x, Symbol):
                return x
            node = placeholder(Type(x.dtype, sized(x.shape)))
            symbols[node] = x
            if x.mask_shape is not None:
                made.masks[node] = placeholder(Type("bool", sized(x.mask_shape)))
            return node

        outputs = on_nodes(layer, mapped(stand_in, args), mapped(stand_in, kwargs))
        return outputs, {x: mask_of(x) for x in leaves(outputs) if isinstance(x, Node)}
