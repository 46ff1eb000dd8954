"""Keras's ``utils``: the values were recorded from Keras 3.15, except where a test says that we differ on purpose."""

import random as python_random

import numpy as np
import pytest

import lamina
from lamina import utils
from lamina.errors import ArgumentError, DataError, DtypeError, RowError, ShapeError


@pytest.mark.parametrize(
    ("x", "classes", "want"),
    [
        ([0, 2, 1], None, [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        (np.array([[1], [0]]), 3, [[0, 1, 0], [1, 0, 0]]),
        (np.array([[1, 0], [2, 2]]), None, [[[0, 1, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]]),
        (2, 4, [0, 0, 1, 0]),
        ([1.0, 0.0], None, [[0, 1], [1, 0]]),
        (np.array([200], "uint8"), None, [[0] * 200 + [1]]),
    ],
)
def test_rows_of_classes(x, classes, want):
    found = utils.to_categorical(x, classes)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize(
    ("x", "classes", "error"),
    [
        ([5], 3, RowError),
        ([-1, 0], 3, RowError),  # Keras: the last class
        ([-1], None, RowError),
        ([1.9, 0.2], None, DataError),  # Keras: 1 and 0
        ([np.nan], 3, DataError),
        (["a"], None, DtypeError),
        ([], None, DataError),
    ],
)
def test_what_is_no_class_is_refused(x, classes, error):
    with pytest.raises(error):
        utils.to_categorical(x, classes)


@pytest.mark.parametrize(
    ("x", "how", "want"),
    [
        ([[3.0, 4.0], [0.0, 0.0]], {}, [[0.6, 0.8], [0, 0]]),
        ([3.0, 4.0], {}, [[0.6, 0.8]]),
        ([[3.0, -4.0], [1.0, 1.0]], {"order": 1}, [[0.42857143, -0.5714286], [0.5, 0.5]]),
        ([[3.0, -4.0], [1.0, 2.0]], {"order": np.inf}, [[0.75, -1], [0.5, 1]]),
        ([[3.0, -4.0], [4.0, 3.0]], {"axis": 0}, [[0.6, -0.8], [0.8, 0.6]]),
        (
            [[[1, 2], [2, 1]], [[2, 0], [0, 3]]],
            {"axis": 1},
            [[[0.4472136, 0.89442719], [0.89442719, 0.4472136]], [[1, 0], [0, 1]]],
        ),
        ([[1.0, 3.0], [0.0, 4.0]], {"axis": 0}, [[1, 0.6], [0, 0.8]]),  # Keras: [[1, 3], [0, 0.8]]
    ],
)
def test_norms_become_one(x, how, want):
    found = utils.normalize(np.array(x), **how)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, want, rtol=1e-7)


def test_normalizing_keeps_float32_and_refuses_what_has_no_norm():
    assert utils.normalize(np.ones((2, 3), "float32")).dtype == np.float32
    with pytest.raises(DataError):
        utils.normalize(np.ones((2, 3)), axis=2)
    with pytest.raises(DataError):
        utils.normalize(3.0)
    with pytest.raises(DtypeError):
        utils.normalize(["a"])


@pytest.mark.parametrize(
    ("how", "want"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"value": -1, "padding": "post", "maxlen": 2}, [[1, -1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
    ],
)
def test_sequences_of_one_length(how, want):
    found = utils.pad_sequences([[1], [2, 3], [4, 5, 6]], **how)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, want)


def test_sequences_of_vectors():
    found = utils.pad_sequences([[[1, 2]], []], maxlen=2, dtype="float32", value=0.5)
    np.testing.assert_array_equal(found, [[[0.5, 0.5], [1, 2]], [[0.5, 0.5], [0.5, 0.5]]])
    with pytest.raises(ShapeError):
        utils.pad_sequences([[[1, 2]], [[1, 2, 3]]])
    with pytest.raises(ArgumentError):
        utils.pad_sequences([[1]], padding="left")
    with pytest.raises(DataError):
        utils.pad_sequences([1, 2])


def test_one_seed_for_all():
    def drawn():
        return python_random.random(), np.random.rand(), float(lamina.random.uniform((1,))[0])  # noqa: NPY002

    utils.set_random_seed(3)
    first = drawn()
    assert first != drawn()
    utils.set_random_seed(3)
    assert first == drawn()
    for seed in (-1, 2**32, 1.5, True):
        with pytest.raises(ArgumentError):
            utils.set_random_seed(seed)


class Numbered(utils.PyDataset):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = []

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.calls.append(index)
        x = np.full((2, 1), index, "float32")
        return x, 2 * x

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


def test_a_dataset_by_number_trains_a_model():
    data = Numbered(workers=4, use_multiprocessing=True, max_queue_size=3)
    assert (data.workers, data.use_multiprocessing, data.max_queue_size) == (4, True, 3)
    assert utils.Sequence is utils.PyDataset
    assert data.num_batches == len(list(data)) == 3
    model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    model.compile("sgd", "mse")
    data.calls.clear()
    model.fit(data, epochs=2, shuffle=False, verbose=0)
    calls = [c for c in data.calls if c in ("begin", "end") or c > 0]  # batch 0 is also looked at before
    assert calls == ["begin", 1, 2, "end"] * 2
    assert model.predict(data, verbose=0).shape == (6, 1)


def test_a_dataset_without_its_methods_says_which_are_missing():
    class Bare(utils.PyDataset):
        pass

    with pytest.raises(ArgumentError, match="Bare does not say __len__"):
        len(Bare())
    with pytest.raises(ArgumentError, match="Bare does not say __getitem__"):
        Bare()[0]
