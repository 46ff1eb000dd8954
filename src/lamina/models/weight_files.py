"""Weights alone in a file: safetensors, or .npz as NumPy writes it."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArgumentError, FileFormatError, message
from ..files import safetensors
from ..files.atomic import write_atomically
from .archive import EARLIEST
from .saving import named, take

if TYPE_CHECKING:
    from .model import Model

ORDER = "lamina.order"  # the header of safetensors has an order of its own
GREATEST_RATIO = 1032  # deflate cannot do better


def save_weights(model: Model, filepath: str | os.PathLike, overwrite: bool = True) -> None:
    """Writes the weights of a model into a ``.safetensors`` or ``.npz`` file, each under its path: ``dense/kernel``.

    overwrite  whether a file of that name may be replaced; else ArgumentError, as for another ending

    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "m.weights.safetensors")
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3)])
    >>> model.save_weights(path)
    >>> model.load_weights(path)
    """
    if not overwrite and os.path.exists(filepath):
        raise ArgumentError(message(f"{os.path.basename(filepath)} exists", fix="overwrite=True replaces it"))
    tensors = {name: v.array for name, v in named(model.variables).items()}
    if ending(filepath) == ".npz":
        write_atomically(filepath, npz(tensors))
    else:
        safetensors.write(filepath, tensors, {ORDER: json.dumps(list(tensors))}, digest=True)


def load_weights(model: Model, filepath: str | os.PathLike) -> None:
    """Gives a model the weights of a file: by name, or in their order where the layers are called otherwise.

    FileFormatError where one is missing, too many, or of another shape or dtype; then nothing is changed.
    """
    source = os.path.basename(filepath)
    tensors, order = read_npz(filepath) if ending(filepath) == ".npz" else read_safetensors(filepath)
    mine = named(model.variables)
    alike = len(order) == len(mine) and all(tensors[n].shape == v.shape for n, v in zip(order, mine.values()))
    if mine and tensors.keys() != mine.keys() and alike:
        tensors = {path: tensors[name] for name, path in zip(order, mine)}
    take(model.variables, tensors, source)


def ending(path: str | os.PathLike) -> str:
    """Which of the two formats a name asks for."""
    for known in (".safetensors", ".npz"):
        if str(path).endswith(known):
            return known
    raise ArgumentError(
        message(
            f"{os.path.basename(path)} does not say its format",
            want=".weights.safetensors or .npz",
            fix="model.save(path) writes the whole model",
        )
    )


def npz(tensors: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an .npz that holds no time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in tensors.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", EARLIEST), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def read_npz(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays of an .npz file, and their names in order. Sizes are checked before memory is taken."""
    source, room = os.path.basename(path), os.path.getsize(path) * GREATEST_RATIO
    tensors: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(e.file_size for e in entries) > room:
                raise ValueError(f"it promises more than {room} bytes, which no file of its size holds")
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                if name in tensors or not entry.filename.endswith(".npy"):
                    raise ValueError(f"{entry.filename!r} is no array, or comes twice")
                tensors[name] = array_of(archive.read(entry))
    except (ValueError, zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error) as problem:
        raise FileFormatError(message(f"{source} is no sound .npz file: {problem}")) from None
    return tensors, list(tensors)


def array_of(data: bytes) -> np.ndarray:
    """The array of a .npy file, which must be as long as its header says."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = reader(file)
    if dtype.hasobject:
        raise ValueError("an array of objects is a pickle, which is a program: Lamina never runs one")
    if prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ValueError(
            f"an array has {len(data) - file.tell()} bytes, {dtype}{list(shape)} needs {prod(shape) * dtype.itemsize}"
        )
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C")


def read_safetensors(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays of a safetensors file, and their names in the order in which they were written."""
    tensors, texts = safetensors.read(path)
    try:
        order = json.loads(texts.get(ORDER, "[]"))
    except (ValueError, RecursionError):
        order = []
    told = isinstance(order, list) and all(isinstance(n, str) for n in order) and sorted(order) == sorted(tensors)
    return tensors, order if told else list(tensors)
