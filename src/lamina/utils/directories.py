"""Files in folders, one folder for each class, as batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from ..errors import ArgumentError, DataError, message, unknown
from .batches import PyDataset
from .timeseries import order_seed, shuffled

LABEL_MODES = ("int", "categorical", "binary")
SUBSETS = ("training", "validation", "both")


class FileBatches(PyDataset):
    """Batches of what is in files; each is read when its batch is asked for.

    file_paths   the files in order
    labels       the number of the class of each, or None
    class_names  the names of the classes, by their numbers, or None
    """

    def __init__(self, file_paths: list[str], labels, class_names, encoded, read: Callable, batch_size: int | None):
        super().__init__()
        self.file_paths, self.labels, self.class_names = file_paths, labels, class_names
        self.encoded, self.read, self.batch_size = encoded, read, batch_size

    def __len__(self) -> int:
        return ceil(len(self.file_paths) / (self.batch_size or 1))

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        size = self.batch_size or 1
        part = slice(index * size, (index + 1) * size)
        x = self.read(self.file_paths[part])
        x = x if self.batch_size else x[0]
        if self.encoded is None:
            return x
        return x, self.encoded[part] if self.batch_size else self.encoded[index]


def file_batches(
    directory: str | os.PathLike,
    labels,
    label_mode: str | None,
    class_names: Sequence[str] | None,
    endings: tuple[str, ...],
    read: Callable,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    follow_links: bool,
    verbose: bool,
):
    """The batches of the files of a folder, or a list of two for ``subset="both"``."""
    check(labels, label_mode, class_names, batch_size, validation_split, subset)
    if validation_split and shuffle and seed is None:
        fix = "seed=… makes both parts fit together"
        raise ArgumentError(message("validation_split of shuffled files needs a seed", fix=fix))
    if labels is None or label_mode is None:
        labels = label_mode = None
    paths, numbers, names = files_of(directory, labels, class_names, endings, follow_links)
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if names is not None else "."))
    if shuffle:
        first = order_seed(seed)
        paths, numbers = shuffled(paths, first), None if numbers is None else shuffled(numbers, first)
    encoded = encode(numbers, label_mode, names)
    cut = len(paths) - int((validation_split or 0) * len(paths))
    parts = {"training": slice(0, cut), "validation": slice(cut, None), None: slice(None)}
    made = []
    for part in ("training", "validation") if subset == "both" else (subset,):
        mine = parts[part]
        if not paths[mine]:
            raise DataError(
                message(
                    f"there are no files {'for ' + part if part else 'in the folder'}",
                    got=f"{len(paths)} files in {os.path.basename(os.path.normpath(directory))}",
                    want=f"files that end in {', '.join(endings)}",
                )
            )
        own, rows = (None if array is None else array[mine] for array in (numbers, encoded))
        made.append(FileBatches(paths[mine], own, names, rows, read, batch_size))
    return made if subset == "both" else made[0]


def check(labels, label_mode, class_names, batch_size, validation_split, subset) -> None:
    """ArgumentError for arguments that do not go together."""
    if not (labels is None or (isinstance(labels, str) and labels == "inferred") or isinstance(labels, list | tuple)):
        raise ArgumentError(message('labels is "inferred", None, or a list of class numbers', got=repr(labels)[:60]))
    if class_names is not None and not isinstance(labels, str):
        raise ArgumentError(message('class_names go with labels="inferred"', got=repr(labels)[:60]))
    if label_mode is not None and label_mode not in LABEL_MODES:
        raise unknown("label_mode", str(label_mode), LABEL_MODES)
    if subset is not None and subset not in SUBSETS:
        raise unknown("subset", str(subset), SUBSETS)
    if (validation_split is None) != (subset is None) or not 0 < (validation_split or 0.5) < 1:
        got = f"{validation_split}, {subset}"
        raise ArgumentError(message("validation_split and subset go together", got=got, want="a share below 1"))
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ArgumentError(message("batch_size is a whole number, or None", got=repr(batch_size)))


def files_of(
    directory, labels, class_names, endings: tuple[str, ...], follow_links: bool
) -> tuple[list[str], np.ndarray | None, list[str] | None]:
    """The files in the order of their names, the numbers of their classes, and the names of these."""
    root = os.fspath(directory)
    if not os.path.isdir(root):
        raise DataError(message(f"there is no folder {os.path.basename(os.path.normpath(root))!r}"))
    if not isinstance(labels, str):
        paths = files_in(root, endings, follow_links)
        if labels is None:
            return paths, None, None
        if len(labels) != len(paths):
            want = f"{len(paths)}, as there are files"
            raise ArgumentError(message("labels has one number for each file", got=str(len(labels)), want=want))
        return paths, np.asarray(labels, "int32"), [str(n) for n in sorted(set(labels))]
    folders = [d for d in sorted(os.listdir(root)) if os.path.isdir(os.path.join(root, d)) and not d.startswith(".")]
    names = folders if class_names is None else list(class_names)
    for name in names:
        if name not in folders:
            raise unknown("class: there is no folder", name, folders)
    each = [files_in(os.path.join(root, name), endings, follow_links) for name in names]
    numbers = [np.full(len(some), i, "int32") for i, some in enumerate(each)]
    return [path for some in each for path in some], np.concatenate([np.empty(0, "int32"), *numbers]), names


def files_in(folder: str, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    """The files of a folder and of those inside, in the order of their names."""
    walk = sorted(os.walk(folder, followlinks=follow_links), key=lambda step: step[0])
    return [os.path.join(at, f) for at, _, files in walk for f in sorted(files) if f.lower().endswith(endings)]


def encode(numbers, label_mode: str | None, names):
    """The labels as the mode asks for."""
    if numbers is None:
        return None
    if label_mode == "binary":
        if len(names) != 2:
            raise ArgumentError(message('label_mode="binary" wants two classes', got=", ".join(names[:8])))
        return numbers.astype("float32")[:, np.newaxis]
    if label_mode == "categorical":
        return np.eye(len(names), dtype="float32")[numbers]
    return numbers
