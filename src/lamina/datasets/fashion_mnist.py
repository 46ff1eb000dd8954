"""Fashion-MNIST: 70,000 pictures of clothes of 28 x 28 pixels, by H. Xiao, K. Rasul, R. Vollgraf (arXiv:1708.07747)."""

from __future__ import annotations

import os

from ..data import sources

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def load_data(path: str | os.PathLike | None = None):
    """((x_train, y_train), (x_test, y_test)): 60,000 and 10,000 pictures with their labels.

    Pictures are uint8 [n, 28, 28] with values 0 to 255, labels uint8 [n]; the names of these are in ``CLASSES``.

    path   a folder with the four IDX files (raw or .gz), or with a folder ``fashion_mnist`` that has them. Without it,
           ``LAMINA_DATA`` is such a folder; else they are looked for in the cache, and downloaded into it

    DataError where the files are nowhere and there is no network: it says which files to put where.

    >>> lamina.datasets.fashion_mnist.CLASSES[0]
    'T-shirt/top'
    """
    return sources.load(sources.FASHION_MNIST, path)
