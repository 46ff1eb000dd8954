"""Data sets of word numbers, windows of time series and folders of texts come as they do in Keras."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from text_data import (
    IMAGE_CASES,
    IMDB_CASES,
    REUTERS_CASES,
    WINDOW_CASES,
    imdb_arrays,
    picture,
    reuters_arrays,
    write_texts,
)

from lamina import utils
from lamina.datasets import imdb, reuters

GOLDEN = json.loads((Path(__file__).parent / "golden" / "text_data.json").read_text("utf-8"))


@pytest.mark.parametrize("case", range(len(IMDB_CASES)))
def test_imdb(case, tmp_path):
    np.savez(tmp_path / "imdb.npz", **imdb_arrays())
    (x, y), (x_test, y_test) = imdb.load_data(tmp_path, **IMDB_CASES[case])
    assert [x.tolist(), y.tolist(), x_test.tolist(), y_test.tolist()] == GOLDEN["imdb"][case]


@pytest.mark.parametrize("case", range(len(REUTERS_CASES)))
def test_reuters(case, tmp_path):
    np.savez(tmp_path / "reuters.npz", **reuters_arrays())
    (x, y), (x_test, y_test) = reuters.load_data(tmp_path / "reuters.npz", **REUTERS_CASES[case])
    assert [x.tolist(), y.tolist(), x_test.tolist(), y_test.tolist()] == GOLDEN["reuters"][case]


@pytest.mark.parametrize("case", range(len(WINDOW_CASES)))
def test_windows(case):
    config = dict(WINDOW_CASES[case])
    targets = None if config.pop("alone", False) else np.arange(20) * 10
    data = utils.timeseries_dataset_from_array(np.arange(20.0), targets, **config)
    found = [[np.asarray(part).tolist() for part in (b if isinstance(b, tuple) else (b,))] for b in data]
    assert found == GOLDEN["windows"][case]


@pytest.mark.parametrize("name", ["plain", "categorical", "training", "cut"])
def test_folders(name, tmp_path):
    write_texts(tmp_path)
    wanted = GOLDEN["folder"][name]
    data = utils.text_dataset_from_directory(tmp_path, verbose=False, **wanted["config"])
    batches = [b if isinstance(b, tuple) else (b,) for b in data]
    assert [b[0].tolist() for b in batches] == wanted["texts"]
    assert [b[1].tolist() for b in batches if len(b) > 1] == wanted["labels"]


@pytest.mark.parametrize("case", range(len(IMAGE_CASES)))
def test_images(case, tmp_path):
    for i in range(6):
        place = tmp_path / "ab"[i % 2]
        place.mkdir(exist_ok=True)
        Image.fromarray(picture(i)).save(place / f"{i}.png")
    data = utils.image_dataset_from_directory(tmp_path, shuffle=False, verbose=False, **IMAGE_CASES[case])
    for (x, y), (wanted, labels) in zip(data, GOLDEN["images"][case], strict=True):
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, wanted, atol=1.01 if x.shape[-1] == 1 else 1e-3)  # grey is rounded differently
        assert y.tolist() == labels
    turned = utils.image_dataset_from_directory(
        tmp_path, shuffle=False, verbose=False, data_format="channels_first", **IMAGE_CASES[case]
    )
    assert np.array_equal(turned[0][0].transpose(0, 2, 3, 1), data[0][0])


def test_a_shuffled_folder_has_the_order_of_keras(tmp_path):
    write_texts(tmp_path)
    data = utils.text_dataset_from_directory(tmp_path, seed=7, verbose=False)
    wanted = GOLDEN["folder"]["shuffled"]
    assert [os.path.relpath(p, tmp_path) for p in data.file_paths] == wanted["paths"]
    assert data.labels.tolist() == wanted["labels"]
