"""Model files: ``model.json`` and ``weights.safetensors`` in a zip or a folder. See ``archive`` and ``description``.

A file is data. Reading one looks classes up by name in Lamina's registries and in ``custom_objects``; it imports
nothing, runs nothing that is in the file and opens nothing but the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..errors import ArgumentError, FileFormatError, LaminaError, message, unknown
from ..files import safetensors
from ..layers.allowance import allowance
from ..layers.layer import deserialize, serialize
from ..trace import Variable
from . import archive, description

if TYPE_CHECKING:
    from .model import Model

OPTIMIZER, GENERATOR = "optimizer/", "generator/"
# What a configuration that nobody checked may lead to.
PROBLEMS = (LaminaError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError)
PROBLEMS += (MemoryError, RecursionError)


def save_model(
    model: Model,
    filepath: str | os.PathLike,
    overwrite: bool = True,
    include_optimizer: bool = True,
    zipped: bool = True,
) -> None:
    """Writes a model into one file: how it is built, its weights, how it was compiled, and the state of its optimizer.

    filepath           the file; ``.lamina`` is the usual ending
    overwrite          whether a file of that name may be replaced; else ArgumentError
    include_optimizer  whether the optimizer's state goes with it, so that training can go on
    zipped             a zip; else a folder of the two members

    ``model.class_names`` (texts) and ``model.preprocessing`` (a dict of data) go with it where they are set. The
    same model gives the same bytes. FileFormatError for what is not data, such as a ``Lambda`` layer.

    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "m.lamina")
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3)])
    >>> model.save(path)
    >>> bool((lamina.load_model(path).get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    if not overwrite and os.path.exists(filepath):
        raise ArgumentError(message(f"{os.path.basename(filepath)} exists", fix="overwrite=True replaces it"))
    archive.write(filepath, *encoded(model, include_optimizer), zipped)


def encoded(model: Model, include_optimizer: bool = True) -> tuple[bytes, bytes]:
    """The two members of a model file."""
    fields, tensors = described(model, include_optimizer)
    return description.encode(fields), safetensors.encode(tensors, digest=True)


def described(model: Model, include_optimizer: bool) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The fields of the description, and the tensors by name."""
    try:
        config = serialize(model)
        compiled = model.get_compile_config() if include_optimizer else None
    except (ArgumentError, NotImplementedError) as problem:
        raise FileFormatError(message(f"this model cannot be saved: {problem}")) from None
    weights = named(model.variables)
    tensors = {name: v.array for name, v in weights.items()}
    if compiled is not None:
        tensors |= {name: v.array for name, v in named(state_of(model)).items()}
    fields = {
        "format": description.FORMAT,
        "version": description.VERSION,
        "lamina": __version__,
        "model": config,
        "build": None if model.inputs else model.get_build_config(),
        "compile": compiled,
        "inputs": [line(x.name, x) for x in model.inputs],
        "outputs": [line(n, x) for n, x in outputs_of(model)],
        "class_names": texts(getattr(model, "class_names", None)),
        "preprocessing": getattr(model, "preprocessing", None),
        "weights": [line(name, v) for name, v in weights.items()],
    }
    return fields, tensors


def line(name: str, x) -> dict[str, Any]:
    return {"name": name, "shape": list(x.shape), "dtype": str(x.dtype)}


def outputs_of(model: Model) -> list[tuple[str, Any]]:
    return list(zip(model.output_names, model.outputs))


def texts(names) -> list[str] | None:
    return None if names is None else [str(name) for name in names]


def state_of(model: Model) -> list[Variable]:
    """What training goes on from, beside the weights: the optimizer's state, and where the random numbers are."""
    return [*model.optimizer.variables, model.training_generator.seed, model.training_generator.step]


def named(variables: Sequence[Variable]) -> dict[str, Variable]:
    """Variables by path. FileFormatError where two have the same, as a file could not tell them apart."""
    found: dict[str, Variable] = {}
    for v in variables:
        if found.setdefault(v.path, v) is not v:
            raise FileFormatError(
                message(
                    f"this model cannot be saved: two weights are called {v.path!r}",
                    fix="give their layers different names",
                )
            )
    return found


def load_model(
    filepath: str | os.PathLike, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """The model that ``save_model`` wrote; it predicts the same bits.

    filepath        the file, or the folder
    custom_objects  classes and functions of one's own by the names under which the file mentions them
    compile         whether to compile it as it was, and to give the optimizer its state back

    FileFormatError, naming the file, for anything that ``save_model`` would not have written: wrong sizes, unknown
    fields, unknown layers, packed or foreign members, a pickle. What the file says is checked before memory is taken.
    """
    source = os.path.basename(os.path.normpath(filepath))
    return revived(*archive.read(filepath), source, custom_objects, compile)


def revived(
    data: bytes, numbers: bytes, source: str, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """The model of a description and its numbers; ``source`` names them in messages."""
    fields = description.decode(data, source)
    tensors, _ = safetensors.decode(numbers, f"{source}: weights.safetensors")
    own = dict(custom_objects or {})
    try:
        with allowance(len(numbers)):
            model = made(fields, own)
            take(
                model.variables, {n: a for n, a in tensors.items() if not n.startswith((OPTIMIZER, GENERATOR))}, source
            )
            if compile and fields["compile"] is not None:
                restore_training(model, fields["compile"], own, tensors, source)
    except PROBLEMS as problem:
        if isinstance(problem, FileFormatError) and str(problem).startswith(source):
            raise
        raise FileFormatError(message(f"{source} is no sound model file: {reason(problem)}")) from None
    return model


def reason(problem: Exception) -> str:
    """What went wrong, in the words of whoever found it; a key or index alone would tell nothing."""
    return (
        str(problem)
        if isinstance(problem, LaminaError)
        else f"its configuration does not fit ({type(problem).__name__}: {problem})"
    )


def made(fields: dict[str, Any], custom_objects: dict[str, Any]) -> Model:
    """The model of a description, built, with first weights."""
    model: Any = deserialize(fields["model"], custom_objects)
    if not hasattr(model, "get_compile_config"):
        raise unknown("model", fields["model"]["class_name"], ["Functional", "Model", "Sequential"])
    if fields["build"] and not model.built:
        model.build_from_config(fields["build"])
    if fields["class_names"] is not None:
        model.class_names = list(fields["class_names"])
    if fields["preprocessing"] is not None:
        model.preprocessing = fields["preprocessing"]
    return model


def restore_training(
    model: Model, config: dict[str, Any], custom_objects: dict[str, Any], tensors, source: str
) -> None:
    model.compile_from_config(config, custom_objects)
    slots = {name.split("/", 2)[2] for name in tensors if name.startswith(OPTIMIZER) and name.count("/") > 1}
    if slots:
        model.optimizer.build([v for v in model.variables if v.path in slots])
    take(state_of(model), {n: a for n, a in tensors.items() if n.startswith((OPTIMIZER, GENERATOR))}, source)


def take(variables: Sequence[Variable], tensors: Mapping[str, np.ndarray], source: str) -> None:
    """Gives the variables the tensors of their names; none missing, none too many, each of the right type."""
    mine = named(variables)
    for name in (*sorted(mine.keys() - tensors.keys()), *sorted(tensors.keys() - mine.keys())):
        lacks = name in mine
        raise FileFormatError(
            message(
                f"{source}: the weight {name!r} {'is missing' if lacks else 'belongs to no layer of the model'}",
                got=f"{len(tensors)} weights",
                want=f"{len(mine)}: {', '.join(list(mine)[:8])}",
            )
        )
    for name, variable in mine.items():
        check_fit(variable, tensors[name], source)
    for name, variable in mine.items():
        variable.assign(tensors[name])


def check_fit(variable: Variable, array: np.ndarray, source: str) -> None:
    if tuple(array.shape) != variable.shape or array.dtype.newbyteorder("=") != np.dtype(variable.dtype):
        raise FileFormatError(
            message(
                f"{source}: the weight {variable.path!r} does not fit",
                got=f"{array.dtype.newbyteorder('=')}{list(array.shape)}",
                want=str(variable.type),
            )
        )
