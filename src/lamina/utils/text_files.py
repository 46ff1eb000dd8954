"""Text files in folders as batches of texts."""

from __future__ import annotations

import os
from functools import partial

import numpy as np

from ..errors import FileFormatError, message
from .directories import file_batches


def text_dataset_from_directory(
    directory: str | os.PathLike,
    labels="inferred",
    label_mode: str | None = "int",
    class_names=None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str | None = None,
    verbose: bool = True,
):
    """Batches of texts from the .txt files of a folder, for a model that reads text: a ``PyDataset``.

    directory         a folder with one folder for each class
    labels            "inferred": the folder of a file is its class; None; or a list with a number for each file, in
                      the order of their paths
    label_mode        "int": (batch,); "binary": (batch, 1) of 0 and 1; "categorical": one-hot rows; None: no labels
    class_names       the folders in the order of their numbers; else that of their names
    batch_size        files of a batch; None gives them one by one
    max_length        of a text, in letters; longer ones are cut
    shuffle           whether the files come in a random order: Keras's for this ``seed``, which is Lamina's own unless
                      given. ``fit`` shuffles the batches of each epoch beside that
    validation_split  the share of the files that is kept for validation, with ``subset`` "training", "validation", or
                      "both", which gives a list of the two
    verbose           whether to print how many files there are

    The result has ``class_names``, ``file_paths`` and ``labels``. Files are read in UTF-8 when their batch is asked
    for. ``format`` is accepted for Keras's sake. DataError where there are no files, FileFormatError for one that is
    no UTF-8.

    >>> import tempfile, pathlib
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> for name, text in (("bad", "dull"), ("good", "fine")):
    ...     (root / name).mkdir()
    ...     _ = (root / name / "a.txt").write_text(text)
    >>> data = lamina.utils.text_dataset_from_directory(root, shuffle=False)
    Found 2 files belonging to 2 classes.
    >>> [(x.tolist(), y.tolist()) for x, y in data]
    [(['dull', 'fine'], [0, 1])]
    """
    read = partial(texts, max_length=max_length)
    return file_batches(
        directory,
        labels,
        label_mode,
        class_names,
        (".txt",),
        read,
        batch_size,
        shuffle,
        seed,
        validation_split,
        subset,
        follow_links,
        verbose,
    )


def texts(paths: list[str], max_length: int | None) -> np.ndarray:
    """The contents of files as an array of texts."""
    found = np.empty(len(paths), object)
    for i, path in enumerate(paths):
        try:
            with open(path, encoding="utf-8") as file:
                found[i] = file.read(-1 if max_length is None else max_length)
        except UnicodeDecodeError as problem:
            name = os.path.basename(path)
            got = f"{problem.reason} at {problem.start}"
            raise FileFormatError(message(f"{name} is no text in UTF-8", got=got)) from None
    return found
