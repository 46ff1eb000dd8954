"""The digits that come with Lamina."""

import numpy as np

from lamina import datasets
from lamina.datasets import digits


def test_digits_are_all_there_and_split_evenly():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == ((1442, 8, 8), (1442,), (355, 8, 8), (355,))
    assert x_train.dtype == y_train.dtype == np.uint8
    assert (x_train.min(), x_train.max()) == (0, 16)
    for k in range(10):
        share = (y_test == k).sum() / ((y_test == k).sum() + (y_train == k).sum())
        assert 0.19 < share < 0.21


def test_no_test_picture_is_trained_on():
    (x_train, _), (x_test, _) = digits.load_data()
    seen = {x.tobytes() for x in x_train}
    assert not [i for i, x in enumerate(x_test) if x.tobytes() in seen]


def test_each_call_gives_arrays_of_its_own():
    digits.load_data()[0][0][:] = 0
    assert digits.load_data()[0][0].any()


def test_importable_in_both_ways():
    assert datasets.digits is digits
    assert set(datasets.__all__) == {"digits", "mnist", "fashion_mnist", "imdb", "reuters"}
