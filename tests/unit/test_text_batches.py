"""Batches of similar lengths, of windows, and of the files of folders."""

import numpy as np
import pytest

import lamina
from lamina import layers, utils
from lamina.data import buckets
from lamina.errors import ArgumentError, DataError, FileFormatError


def sequences(count=100, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, 50, n).tolist() for n in rng.integers(0, 60, count)]


@pytest.mark.parametrize("boundaries", [None, [10, 20, 40], [5, 1000]])
def test_every_sequence_comes_once_and_little_is_padding(boundaries):
    x = sequences()
    y = np.arange(100)
    data = buckets.by_length(x, y, batch_size=8, boundaries=boundaries, seed=3)
    seen = {}
    for rows, labels in data:
        assert rows.dtype == np.int32
        for row, label in zip(rows, labels, strict=True):
            seen[int(label)] = row[row > 0].tolist()
    assert [seen[i] for i in range(100)] == x
    assert sum(len(rows) < 8 for rows, _ in data) <= 1
    assert len({rows.shape for rows, _ in data}) <= len(data.lengths) + 1
    if boundaries is None:
        assert len(data.lengths) <= 6
        whole = 1 - sum(map(len, x)) / (100 * max(map(len, x)))
        assert data.padding < 0.5 * whole


def test_a_model_learns_from_buckets_what_it_learns_from_one_table():
    x, y = sequences(40), np.arange(40) % 2
    data = buckets.by_length(x, y, batch_size=8, padding="pre", maxlen=30)
    model = lamina.Sequential([layers.Embedding(50, 4, mask_zero=True), layers.LSTM(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(data, epochs=2, verbose=0)
    table = utils.pad_sequences(x, maxlen=30, padding="pre", truncating="post")
    np.testing.assert_allclose(
        model.evaluate(data, verbose=0), model.evaluate(table, y, batch_size=8, verbose=0), rtol=1e-5
    )


def test_buckets_are_a_pure_function_of_the_seed():
    x = sequences()
    first, again, other = (list(buckets.by_length(x, batch_size=7, seed=s)) for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_refusals_of_buckets():
    for wrong in ([], [3, 3], [0, 2], [5, 2]):
        with pytest.raises(ArgumentError, match="rising lengths"):
            buckets.by_length([[1]], boundaries=wrong)
    with pytest.raises(DataError, match="no sequences"):
        buckets.by_length([])
    with pytest.raises(DataError, match="y has one row"):
        buckets.by_length([[1]], [1, 2])
    with pytest.raises(ArgumentError, match="batch_size"):
        buckets.by_length([[1]], batch_size=0)


def test_windows_train_a_model_and_are_shuffled_by_seed():
    series = np.sin(np.arange(60) / 5).astype("float32")[:, None]
    data = utils.timeseries_dataset_from_array(series[:-1], series[8:], 8, batch_size=16)
    model = lamina.Sequential([lamina.Input((8, 1)), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    assert model.fit(data, epochs=2, verbose=0).history["loss"][1] > 0
    assert model.predict(utils.timeseries_dataset_from_array(series, None, 8), verbose=0).shape == (53, 1)
    first, again, other = (
        np.concatenate(list(utils.timeseries_dataset_from_array(np.arange(30), None, 3, shuffle=True, seed=s)))
        for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert sorted(first[:, 0].tolist()) == list(range(28))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"sequence_length": 0}, "sequence_length is a whole number"),
        ({"sequence_length": 11}, "no window"),
        ({"sequence_length": 2, "sampling_rate": 10}, "sampling_rate is a whole number"),
        ({"sequence_length": 2, "sequence_stride": 0}, "sequence_stride"),
        ({"sequence_length": 2, "start_index": 10}, "within the data"),
        ({"sequence_length": 2, "start_index": 5, "end_index": 5}, "within the data"),
        ({"sequence_length": 2, "batch_size": 0}, "batch_size"),
    ],
)
def test_refusals_of_windows(config, words):
    with pytest.raises(ArgumentError, match=words):
        utils.timeseries_dataset_from_array(np.arange(10), None, **config)


@pytest.fixture
def folder(tmp_path):
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
        for i in range(6):
            (tmp_path / name / f"{i}.txt").write_text(f"{name} film number {i} äöü", encoding="utf-8")
    return tmp_path


def test_a_folder_of_texts_trains_a_model(folder, capsys):
    train, test = utils.text_dataset_from_directory(
        folder, label_mode="binary", batch_size=4, validation_split=0.25, subset="both", seed=1
    )
    assert capsys.readouterr().out == "Found 12 files belonging to 2 classes.\n"
    assert (len(train), len(test), train.class_names) == (3, 1, ["bad", "good"])
    assert not set(train.file_paths) & set(test.file_paths)
    words = layers.TextVectorization(output_mode="multi_hot")
    words.adapt(train)
    model = lamina.Sequential([lamina.Input((), dtype="string"), words, layers.Dense(1, activation="sigmoid")])
    model.compile(lamina.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=test, epochs=5, verbose=0)
    assert model.evaluate(test, verbose=0)[1] == 1.0


def test_one_by_one_without_a_batch(folder):
    data = utils.text_dataset_from_directory(folder, batch_size=None, shuffle=False, verbose=False, labels=[3] * 12)
    assert len(data) == 12
    assert data[0] == ("bad film number 0 äöü", 3)
    assert data.class_names == ["3"]


def test_refusals_of_folders(folder):
    def read(**config):
        return utils.text_dataset_from_directory(folder, **{"verbose": False, "shuffle": False, **config})

    for config, words in (
        ({"labels": "guessed"}, "labels is"),
        ({"labels": [1]}, "one number for each file"),
        ({"labels": None, "class_names": ["bad"]}, "class_names go with"),
        ({"class_names": ["ugly"]}, "there is no folder 'ugly'"),
        ({"label_mode": "ints"}, "did you mean 'int'"),
        ({"subset": "training"}, "go together"),
        ({"subset": "train", "validation_split": 0.5}, "unknown subset"),
        ({"subset": "both", "validation_split": 1.5}, "share below 1"),
        ({"subset": "both", "validation_split": 0.5, "shuffle": True}, "needs a seed"),
        ({"class_names": ["bad"], "label_mode": "binary"}, "wants two classes"),
        ({"batch_size": 0}, "batch_size"),
    ):
        with pytest.raises(ArgumentError, match=words):
            read(**config)
    with pytest.raises(DataError, match="no files for validation"):
        read(subset="validation", validation_split=0.01)
    with pytest.raises(DataError, match="there is no folder"):
        utils.text_dataset_from_directory(folder / "none")
    (folder / "good" / "x.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match=r"x\.txt is no text in UTF-8"):
        list(read())


def test_refusals_of_pictures(folder):
    def read(**config):
        return utils.image_dataset_from_directory(folder, **{"verbose": False, "image_size": 4, **config})

    for config, words in (
        ({"color_mode": "cmyk"}, "unknown color_mode"),
        ({"interpolation": "area"}, "unknown interpolation"),
        ({"image_size": (4, 0)}, "image_size is"),
        ({"data_format": "first"}, "unknown data_format"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "not both"),
    ):
        with pytest.raises(ArgumentError, match=words):
            read(**config)
    with pytest.raises(DataError, match=r"no files in the folder(.|\n)*\.png"):
        read()
    (folder / "bad" / "x.png").write_bytes(b"no picture")
    with pytest.raises(FileFormatError, match=r"x\.png is no picture"):
        list(read())
