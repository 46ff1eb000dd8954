"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, by Y. LeCun, C. Cortes and C. Burges."""

from __future__ import annotations

import os

import numpy as np

from ..data import archives, sources

CLASSES = [str(k) for k in range(10)]


def load_data(path: str | os.PathLike | None = None):
    """((x_train, y_train), (x_test, y_test)): 60,000 and 10,000 digits with their labels.

    Pictures are uint8 [n, 28, 28] with values 0 to 255, labels uint8 [n].

    path   a folder with the four IDX files (raw or .gz) or with a folder ``mnist`` that has them; or an .npz file as
           Keras keeps it. Without it, ``LAMINA_DATA`` is such a folder; else they are looked for in the cache, and
           downloaded into it

    DataError where the files are nowhere and there is no network: it says which files to put where.

    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()        # doctest: +SKIP
    """
    found = archives.load(path)
    return sources.load(sources.MNIST, path if path and not archives.is_npz(path) else None) if found is None else found


def load_mnist(
    normalize: bool = True, flatten: bool = True, one_hot_label: bool = False, path: str | os.PathLike | None = None
):
    """MNIST with the choices of the book *Deep Learning from Scratch* (K. Saitoh, chapter 3.6).

    normalize      pixels as float32 0 to 1; else uint8 0 to 255
    flatten        pictures as rows of 784; else [n, 1, 28, 28]
    one_hot_label  labels as rows of ten, float32, 1 in the place of the digit; else numbers
    path           as for ``load_data``

    >>> (x_train, t_train), (x_test, t_test) = load_mnist(flatten=True, normalize=False)        # doctest: +SKIP
    """
    pairs = []
    for x, t in load_data(path):
        x = x.reshape(len(x), -1) if flatten else x[:, np.newaxis]
        x = x.astype("float32") / np.float32(255) if normalize else x
        pairs.append((x, np.eye(10, dtype="float32")[t] if one_hot_label else t))
    return tuple(pairs)
