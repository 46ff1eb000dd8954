"""Files of tensors: equal contents give equal bytes, and nothing is believed before it is checked."""

import json
import os

import numpy as np
import pytest

from lamina.errors import FileFormatError
from lamina.files import safetensors
from lamina.files.atomic import write_atomically

TENSORS = {
    "b": np.arange(6, dtype="float32").reshape(2, 3),
    "a": np.array([True, False]),
    "none": np.zeros((0, 4), "int64"),
    "one": np.float64(2.5),
    "words": np.array([1, 2**32 - 1], "uint32"),
    "ü": np.array([7], "uint8"),
}


def file_of(header, payload=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + payload


def tensor(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize("digest", [False, True])
def test_what_is_written_comes_back(digest):
    tensors, texts = safetensors.decode(safetensors.encode(TENSORS, {"made by": "a test"}, digest))
    assert texts == {"made by": "a test"}
    assert set(tensors) == set(TENSORS)
    for name, array in TENSORS.items():
        assert tensors[name].dtype == array.dtype
        assert tensors[name].shape == array.shape
        np.testing.assert_array_equal(tensors[name], array)


def test_equal_contents_give_equal_bytes():
    turned = dict(reversed(TENSORS.items()))
    assert safetensors.encode(TENSORS, {"x": "1", "y": "2"}) == safetensors.encode(turned, {"y": "2", "x": "1"})


def test_the_numbers_lie_where_the_format_says():
    data = safetensors.encode({"w": np.array([1, 2], "float32")})
    size = int.from_bytes(data[:8], "little")
    assert json.loads(data[8 : 8 + size]) == {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    assert data[8 + size :] == np.array([1, 2], "<f4").tobytes()
    assert (8 + size) % 8 == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "shorter than 8 bytes"),
        (file_of({}, size=100_000_001), "header is longer"),
        (file_of({}, size=50), "header is longer"),
        (file_of(b"{"), "no JSON"),
        (file_of(b"[" * 100_000), "no JSON"),
        (file_of(b"[]"), "no JSON object"),
        (file_of(b'{"a":1,"a":1}'), "given twice"),
        (file_of({"w": 1}), "not described"),
        (file_of({"w": tensor("PICKLE")}, b"\0" * 4), "unknown element type"),
        (file_of({"w": tensor(shape=(-1,))}, b"\0" * 4), "no list of whole numbers"),
        (file_of({"w": tensor(shape=(1.0,))}, b"\0" * 4), "no list of whole numbers"),
        (file_of({"w": tensor(shape=(True,))}, b"\0" * 4), "no list of whole numbers"),
        (file_of({"w": tensor(shape=(2**40,))}, b"\0" * 4), "the size that its shape says"),
        (file_of({"w": tensor(shape=(2**62, 4, 2**62))}, b"\0" * 4), "the size that its shape says"),
        (file_of({"w": tensor()}, b"\0" * 3), "outside of the file"),
        (file_of({"a": tensor(), "b": tensor()}, b"\0" * 4), "overlaps"),
        (file_of({"a": tensor(), "b": tensor(offsets=(8, 12))}, b"\0" * 12), "gap"),
        (file_of({"w": tensor()}, b"\0" * 5), "bytes follow"),
        (file_of({"__metadata__": {"a": 1}}), "not texts"),
    ],
)
def test_a_file_that_lies_is_refused(data, words):
    with pytest.raises(FileFormatError, match=words):
        safetensors.decode(data)


def test_every_torn_or_flipped_file_with_a_digest_is_refused():
    data = safetensors.encode(TENSORS, {"state": "{}"}, digest=True)
    for end in range(len(data)):
        with pytest.raises(FileFormatError):
            safetensors.decode(data[:end], digest=True)
    for place in range(len(data)):
        with pytest.raises(FileFormatError):
            safetensors.decode(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], digest=True)


def test_an_element_type_that_the_format_lacks_is_named():
    with pytest.raises(FileFormatError, match="'w' has elements of no safetensors type"):
        safetensors.encode({"w": np.array(["text"])})


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def pieces():
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, pieces())

    def fails(*_):
        raise OSError("no power")

    for call in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fails)
            with pytest.raises(OSError, match="no power"):
                write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
