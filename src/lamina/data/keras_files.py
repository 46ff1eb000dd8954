"""The files in which Keras keeps its data sets of texts: where they are found, and what is in them.

They are looked for in a given place, in the folder ``LAMINA_DATA``, in the cache, and fetched into the cache where
there is a network. What is fetched must have the digest told here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, FileFormatError, message
from ..files.atomic import write_atomically
from . import object_lists, sources

ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
GREATEST_RATIO = 1032  # deflate cannot do better
DIGESTS = {  # as Keras tells them
    "imdb.npz": "sha256 69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb_word_index.json": "md5 bfafd718b763782e994055a2d397834f",
    "reuters.npz": "sha256 d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    "reuters_word_index.json": "md5 4d44cc38712099c9e383dc6e5f11a921",
}


def locate(name: str, path: str | os.PathLike | None) -> Path:
    """The path of one of the files; DataError where it is nowhere, which says where to put it.

    path  a file, or a folder with the file. Another name, such as Keras's own "imdb.npz", means nothing here
    """
    given = None if path is None else Path(path)
    if given is not None and given.is_file():
        return given
    named = os.environ.get("LAMINA_DATA")
    own = given is not None and (given.is_dir() or len(given.parts) > 1)
    folder = name.partition(".")[0].partition("_")[0]
    cache = (Path(named) if named else sources.cache_folder()) / folder
    base = given if own else Path(named) if named else None
    looked = [] if base is None else [base / folder, base]
    looked += [] if own or cache in looked else [cache]
    for place in looked:
        if (place / name).is_file():
            return place / name
    problems: list[str] = []
    if not own:
        try:
            return fetched(name, cache)
        except (OSError, ValueError) as problem:
            problems.append(f"not from {ADDRESS}{name}: {problem}")
    raise DataError(
        message(
            f"the file {name} is not here",
            got=[*(f"not in {place}" for place in looked), *problems],
            want=f"{name}, as {ADDRESS}{name} has it",
            fix="put it into a folder and name that: load_data(path=DIR), or LAMINA_DATA=DIR in the environment",
        )
    )


def fetched(name: str, folder: Path) -> Path:
    """Downloads a file into a folder, if it is what it should be."""
    data = sources.download(ADDRESS + name)
    kind, digest = DIGESTS[name].split()
    if hashlib.new(kind, data, usedforsecurity=False).hexdigest() != digest:
        raise ValueError("it is not the file that was published")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / name, data)
    return folder / name


def arrays(path: Path, names: tuple[str, ...]) -> list[Any]:
    """The arrays of these names in an .npz file: lists of whole numbers as lists, anything else as NumPy arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            room = os.path.getsize(path) * GREATEST_RATIO
            if sum(entry.file_size for entry in archive.infolist()) > room:
                raise ValueError("it promises more than a file of its size can hold")
            return [array(archive.read(f"{name}.npy"), f"{path.name}: {name}") for name in names]
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as problem:
        if isinstance(problem, FileFormatError):
            raise
        want = f"an .npz file of {', '.join(names)}"
        raise FileFormatError(message(f"{path.name} is no data set of texts", got=str(problem), want=want)) from None


def array(data: bytes, source: str):
    """The array of a .npy file, or its rows as lists where it has objects."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, dtype = read(file)
    if dtype.hasobject:
        return object_lists.lists_of(data[file.tell() :], source)
    file.seek(0)
    found = np.lib.format.read_array(file, allow_pickle=False)
    return found.tolist() if found.ndim == 2 else found


def word_index(path: Path) -> dict[str, int]:
    """The number of each word, from a JSON file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise FileFormatError(message(f"{path.name} is no JSON", got=str(problem)[:80])) from None
    if not isinstance(found, dict) or not all(type(n) is int for n in found.values()):
        raise FileFormatError(message(f"{path.name} is no index of words", want='{"word": number}'))
    return found
