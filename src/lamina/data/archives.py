"""A data set in one .npz file, as Keras keeps MNIST: x_train, y_train, x_test, y_test."""

from __future__ import annotations

import os
import zipfile

import numpy as np

from ..errors import FileFormatError, message

NAMES = ("x_train", "y_train", "x_test", "y_test")


def is_npz(path) -> bool:
    """Whether a path is called as such a file is."""
    return str(path).endswith(".npz")


def load(path: str | os.PathLike | None):
    """((x_train, y_train), (x_test, y_test)) of an .npz file; None where the path is no .npz file that exists.

    Keras takes the name under which it caches its download: such a name means nothing here.
    """
    if path is None or not is_npz(path) or not os.path.isfile(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = [arrays[name] for name in NAMES]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as problem:
        raise FileFormatError(
            message(
                f"{os.path.basename(path)} is no data set",
                got=str(problem),
                want=f"an .npz file of {', '.join(NAMES)}, without pickles",
            )
        ) from None
    return (found[0], found[1]), (found[2], found[3])
