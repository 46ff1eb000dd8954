"""The IDX reader: every type, gzip, and files that are not what they say."""

import gzip
import struct

import numpy as np
import pytest

from lamina.data import idx, sources
from lamina.datasets import fashion_mnist, mnist
from lamina.errors import DataError, FileFormatError

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def encoded(array) -> bytes:
    """The bytes of an IDX file."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return (
        bytes([0, 0, CODES[str(array.dtype)], array.ndim])
        + sizes
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", list(CODES))
def test_reads_every_type(tmp_path, rng, dtype, packed):
    array = (rng.normal(size=(3, 4, 5)) * 50).astype(dtype)
    data = encoded(array)
    path = tmp_path / "some-idx"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = idx.read(path)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("array", [np.zeros(0, "uint8"), np.zeros((0, 28, 28), "uint8"), np.array(7, "uint8")])
def test_reads_nothing_and_a_single_number(tmp_path, array):
    path = tmp_path / "x"
    path.write_bytes(encoded(array))
    assert idx.read(path).shape == array.shape


WHOLE = encoded(np.arange(12, dtype="uint8").reshape(3, 4))
BROKEN = {
    "empty": (b"", "it does not begin as one"),
    "foreign": (b"\x89PNG\r\n\x1a\n0000", "it does not begin as one"),
    "unknown type": (b"\0\0\x0a\x01" + WHOLE[4:], "it does not begin as one"),
    "cut in its header": (WHOLE[:9], "it ends within its header"),
    "truncated": (WHOLE[:-1], "it is too short for its header"),
    "too long": (WHOLE + b"\0", "bytes follow after the data"),
    "huge promise": (b"\0\0\x08\x03" + b"\xff" * 12, "it is too short for its header"),
    "huge rank": (b"\0\0\x08\xff" + b"\xff" * 1020, "it is too short for its header"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("case", list(BROKEN))
def test_refuses_what_is_not_sound(tmp_path, case, packed):
    data, words = BROKEN[case]
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(FileFormatError) as caught:
        idx.read(path)
    first = str(caught.value).splitlines()[0]
    assert first.startswith("train-labels-idx1-ubyte is no sound IDX file: ")
    assert words in first or (packed and "it ends too early" in first)


def test_refuses_broken_compression(tmp_path):
    path = tmp_path / "x.gz"
    for data in (gzip.compress(WHOLE)[:-9], gzip.compress(WHOLE)[:12] + b"\xff" * 9):
        path.write_bytes(data)
        with pytest.raises(FileFormatError, match="is no sound IDX file"):
            idx.read(path)


@pytest.fixture
def folder(tmp_path, rng):
    """A folder ``mnist`` with a small data set."""
    place = tmp_path / "mnist"
    place.mkdir()
    for part, n in (("train", 6), ("t10k", 3)):
        (place / f"{part}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(encoded(rng.integers(0, 256, (n, 28, 28)).astype("uint8")))
        )
        (place / f"{part}-labels-idx1-ubyte").write_bytes(encoded((np.arange(n) % 10).astype("uint8")))
    return tmp_path


def refuse_network(address):
    raise AssertionError(f"a test reaches for {address}")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "download", refuse_network)
    monkeypatch.delenv("LAMINA_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_finds_files_in_a_folder_its_child_and_the_environment(folder, monkeypatch):
    for path in (folder, folder / "mnist"):
        (x_train, y_train), (x_test, y_test) = mnist.load_data(path)
        assert (x_train.shape, y_train.tolist(), x_test.shape, y_test.tolist()) == (
            (6, 28, 28),
            [0, 1, 2, 3, 4, 5],
            (3, 28, 28),
            [0, 1, 2],
        )
    monkeypatch.setenv("LAMINA_DATA", str(folder))
    assert mnist.load_data()[0][0].shape == (6, 28, 28)
    assert mnist.load_data("mnist.npz")[0][0].shape == (6, 28, 28)  # what a Keras program says


def test_the_choices_of_the_book(folder):
    (x, t), _ = mnist.load_mnist(path=folder)
    raw = mnist.load_data(folder)[0][0]
    assert (x.shape, x.dtype, t.shape) == ((6, 784), np.float32, (6,))
    np.testing.assert_array_equal(x, raw.reshape(6, 784) / np.float32(255))
    (x, t), (_, t_test) = mnist.load_mnist(normalize=False, flatten=False, one_hot_label=True, path=folder)
    assert (x.shape, x.dtype) == ((6, 1, 28, 28), np.uint8)
    assert (t.argmax(1).tolist(), t.sum(), t_test.shape) == ([0, 1, 2, 3, 4, 5], 6, (3, 10))


def test_reads_what_keras_keeps(tmp_path, rng):
    arrays = {
        "x_train": np.zeros((4, 28, 28), "uint8"),
        "y_train": np.zeros(4, "uint8"),
        "x_test": np.ones((2, 28, 28), "uint8"),
        "y_test": np.ones(2, "uint8"),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    (x, _), (_, y) = mnist.load_data(tmp_path / "mnist.npz")
    assert (x.shape, y.tolist()) == ((4, 28, 28), [1, 1])
    np.savez(tmp_path / "bad.npz", x_train=np.array([{}], object))
    with pytest.raises(FileFormatError, match=r"bad\.npz is no data set"):
        mnist.load_data(tmp_path / "bad.npz")


def test_says_which_files_to_put_where(tmp_path):
    with pytest.raises(DataError) as caught:
        fashion_mnist.load_data(tmp_path)
    text = str(caught.value)
    assert text.startswith("the files of fashion_mnist are not here\n")
    assert all(f"{part} (or {part}.gz)" in text for part in sources.PARTS)
    assert "LAMINA_DATA" in text


def test_downloads_only_what_was_published(tmp_path, monkeypatch):
    labels = gzip.compress(encoded(np.zeros(3, "uint8")))
    monkeypatch.setattr(sources, "download", lambda address: labels)
    with pytest.raises(DataError, match="is not the file that was published"):
        mnist.load_data()
    assert not list(tmp_path.rglob("*.gz"))


def test_downloads_once(tmp_path, monkeypatch):
    asked, files = [], {}
    for part in sources.PARTS:
        shape = (3, 4, 4) if "images" in part else (3,)
        files[part] = encoded(np.zeros(shape, "uint8"))
    source = sources.Source(
        "tiny", ("http://example.invalid/",), tuple(sources.hashlib.sha256(files[p]).hexdigest() for p in sources.PARTS)
    )
    monkeypatch.setattr(
        sources, "download", lambda address: asked.append(address) or gzip.compress(files[address.split("/")[-1][:-3]])
    )
    for _ in range(2):
        assert sources.load(source)[0][0].shape == (3, 4, 4)
    assert len(asked) == 4


def test_tells_the_two_data_sets_apart(folder, monkeypatch):
    digest = sources.hashlib.sha256((folder / "mnist" / "train-labels-idx1-ubyte").read_bytes()).hexdigest()
    known = sources.Source("mnist", (), ("", digest, "", ""))
    monkeypatch.setattr(sources, "MNIST", known)
    with pytest.raises(DataError, match="these files are mnist, not fashion_mnist"):
        fashion_mnist.load_data(folder / "mnist")


def test_refuses_images_and_labels_of_different_lengths(folder):
    (folder / "mnist" / "t10k-labels-idx1-ubyte").write_bytes(encoded(np.zeros(2, "uint8")))
    with pytest.raises(DataError, match="the t10k files of mnist do not belong together"):
        mnist.load_data(folder)
