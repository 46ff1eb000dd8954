"""The digits that come with Lamina: 1,797 handwritten digits of 8 x 8 pixels, by E. Alpaydin and C. Kaynak.

Each pixel counts how many of 4 x 4 points of a scan were black: 0 to 16. See ``data/DIGITS_LICENSE.md``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .. import data

FILE = Path(data.__file__).parent / "digits.npz"
CLASSES = [str(k) for k in range(10)]


def load_data():
    """((x_train, y_train), (x_test, y_test)): 1,442 and 355 digits, always the same ones, every class in equal parts.

    Pictures are uint8 [n, 8, 8] with values 0 to 16, labels uint8 [n]. Nothing is downloaded.

    >>> (x_train, y_train), (x_test, y_test) = lamina.datasets.digits.load_data()
    >>> x_train.shape, x_test.shape, int(x_train.max())
    ((1442, 8, 8), (355, 8, 8), 16)
    """
    with np.load(FILE, allow_pickle=False) as arrays:
        images, labels, chosen = arrays["images"], arrays["labels"], arrays["test"]
    test = np.zeros(len(labels), bool)
    test[chosen] = True
    return (images[~test], labels[~test]), (images[test], labels[test])
