"""Lists of whole numbers out of pickles, without running them; and where Keras's files are looked for."""

import json
import os
import pickle

import numpy as np
import pytest

from lamina.data import keras_files, object_lists, sources
from lamina.datasets import imdb, reuters
from lamina.errors import ArgumentError, DataError, FileFormatError

ROWS = [[1, 255, 256, 70_000], [], [-1, 2**40, 0], list(range(3000)), [7]]


def objects(rows):
    table = np.empty(len(rows), object)
    table[:] = rows
    return table


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["lists", "int64", "uint8", "big"])
def test_every_protocol(protocol, kind):
    dtype = {"int64": "<i8", "uint8": "u1", "big": ">i4"}.get(kind)
    rows = ROWS if dtype is None else [np.array(r, dtype) for r in ([1, 2, 3], [4, 5])]
    if protocol == 5 and dtype is not None:  # which NumPy writes in another way, and into no file
        with pytest.raises(FileFormatError):
            object_lists.lists_of(pickle.dumps(objects(rows), 5), "x")
        return
    found = object_lists.lists_of(pickle.dumps(objects(rows), protocol), "x")
    assert found == [list(map(int, row)) for row in rows]


class Program:
    def __reduce__(self):
        return os.system, ("touch was_run",)


@pytest.mark.parametrize(
    "value",
    [
        objects([Program()]),
        objects([["text"]]),
        objects([[1.5]]),
        objects([[True]]),
        Program(),
        [[1, 2]],
        {"a": 1},
        np.array(3, object),
        objects([[[1]]]),
    ],
    ids=["program inside", "text", "fractions", "bools", "program", "list", "dict", "no rows", "deeper"],
)
def test_anything_else_is_refused_and_nothing_runs(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileFormatError, match="other objects than lists of whole numbers"):
        object_lists.lists_of(pickle.dumps(value, 3), "x")
    assert not os.listdir(tmp_path)


def test_broken_pickles_are_refused(rng):
    whole = pickle.dumps(objects(ROWS), 3)
    for cut in range(0, len(whole) - 1, 97):
        with pytest.raises(FileFormatError):
            object_lists.lists_of(whole[:cut], "x")
    head = bytearray(whole[:200])
    for at in range(len(head)):
        broken = head.copy()
        broken[at] ^= 0xFF
        try:
            rows = object_lists.lists_of(bytes(broken) + whole[200:], "x")
        except FileFormatError:
            continue
        assert all(type(n) is int for row in rows for n in row)


# ------------------------------------------------------------------------------------------------ places


@pytest.fixture
def offline(monkeypatch, tmp_path):
    asked = []

    def download(address):
        asked.append(address)
        raise OSError("no network")

    monkeypatch.setattr(sources, "download", download)
    monkeypatch.delenv("LAMINA_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return asked


def test_without_files_and_network_the_error_says_what_to_do(offline):
    with pytest.raises(DataError) as caught:
        imdb.load_data()
    text = str(caught.value)
    assert "imdb.npz is not here" in text
    assert "no network" in text
    assert "LAMINA_DATA=DIR" in text
    assert len(offline) == 1


def test_a_place_that_is_given_is_the_only_one(offline, tmp_path):
    with pytest.raises(DataError, match="not in"):
        imdb.load_data(tmp_path)
    with pytest.raises(DataError, match="not in"):
        reuters.load_data(tmp_path / "none.npz")
    assert offline == []


@pytest.mark.parametrize("inside", ["", "imdb"])
def test_lamina_data_is_asked(inside, offline, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    (tmp_path / inside).mkdir(exist_ok=True)
    (tmp_path / inside / "imdb_word_index.json").write_text('{"the": 1, "naïve": 2}', encoding="utf-8")
    assert imdb.get_word_index() == {"the": 1, "naïve": 2}
    assert offline == []


def test_what_is_fetched_must_be_what_was_published(monkeypatch, tmp_path):
    index = json.dumps({"the": 1}).encode()
    monkeypatch.setattr(sources, "download", lambda address: index)
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    with pytest.raises(DataError, match="not the file that was published"):
        reuters.get_word_index()
    digest = __import__("hashlib").md5(index, usedforsecurity=False).hexdigest()
    monkeypatch.setitem(keras_files.DIGESTS, "reuters_word_index.json", f"md5 {digest}")
    assert reuters.get_word_index() == {"the": 1}
    assert (tmp_path / "reuters" / "reuters_word_index.json").read_bytes() == index


def test_files_of_something_else_are_refused(tmp_path):
    (tmp_path / "imdb_word_index.json").write_text("[1]")
    with pytest.raises(FileFormatError, match="no index of words"):
        imdb.get_word_index(tmp_path)
    (tmp_path / "imdb_word_index.json").write_text("{")
    with pytest.raises(FileFormatError, match="no JSON"):
        imdb.get_word_index(tmp_path)
    (tmp_path / "imdb.npz").write_bytes(b"PK nothing")
    with pytest.raises(FileFormatError, match="no data set of texts"):
        imdb.load_data(tmp_path)
    np.savez(tmp_path / "imdb.npz", x_train=objects([[1], [2]]), y_train=[0, 1], x_test=objects([[1]]), y_test=[0, 1])
    with pytest.raises(DataError, match="do not belong together"):
        imdb.load_data(tmp_path)
    np.savez(tmp_path / "imdb.npz", x_train=objects([[1], [2]]), y_train=[0, 1], x_test=objects([[1]]), y_test=[0])
    with pytest.raises(ArgumentError, match="maxlen leaves no text"):
        imdb.load_data(tmp_path, maxlen=1)
    with pytest.raises(ArgumentError, match="test_split"):
        reuters.load_data(test_split=2)
    assert len(reuters.get_label_names()) == 46
