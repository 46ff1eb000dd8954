"""Vectors of words from files of GloVe and word2vec: what is found, what is missing, what is refused."""

import gzip
import struct

import numpy as np
import pytest

import lamina
from lamina.data import word_vectors
from lamina.errors import ArgumentError, FileFormatError

WORDS = {"the": [0.5, 1.0, -1.0], "cat": [1.0, 2.0, 3.0], "äpfel": [0.25, 0.0, 4.0], "of": [9.0, 9.0, 9.0]}


def text(header=False, ending="\n", more=""):
    lines = [f"{len(WORDS)} 3"] if header else []
    lines += [f"{word} {' '.join(map(str, numbers))}" for word, numbers in WORDS.items()]
    return (ending.join([*lines, ""]) + more).encode()


def binary(gap=b"\n"):
    data = f"{len(WORDS)} 3\n".encode()
    return data + b"".join(w.encode() + b" " + struct.pack("<3f", *v) + gap for w, v in WORDS.items())


FILES = {
    "glove.txt": text(),
    "crlf.txt": text(ending="\r\n"),
    "blanks.vec": text(header=True, ending=" \n"),
    "word2vec.txt": text(header=True),
    "word2vec.bin": binary(),
    "old.bin": binary(gap=b""),
    "glove.txt.gz": gzip.compress(text()),
    "word2vec.bin.gz": gzip.compress(binary()),
}


@pytest.mark.parametrize("name", FILES)
def test_rows_stand_in_the_order_of_the_vocabulary(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name])
    vocabulary = ["", "[UNK]", "äpfel", "the", "dog"]
    found = word_vectors.read(tmp_path / name, vocabulary)
    wanted = [[0, 0, 0], [0, 0, 0], WORDS["äpfel"], WORDS["the"], [0, 0, 0]]
    assert found.matrix.dtype == np.float32
    assert found.matrix.tolist() == wanted
    assert found.missing == ["[UNK]", "dog"]
    assert found.found == 2
    assert str(found) == "vectors of 3 numbers for 2 of 4 terms; none for [UNK], dog"
    by_row = word_vectors.read(tmp_path / name, {"the": 2, "cat": 0})
    assert by_row.matrix.tolist() == [WORDS["cat"], [0, 0, 0], WORDS["the"]]


def test_words_may_hold_blanks_and_come_twice(tmp_path):
    (tmp_path / "v.txt").write_text("a 1 2\n. . . 3 4\nnew york 5 6\na 7 8\n\n")
    found = word_vectors.read(tmp_path / "v.txt", ["a", ". . .", "new york"])
    assert found.matrix.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_missing_rows_may_be_drawn(tmp_path):
    (tmp_path / "v.txt").write_bytes(text())
    vocabulary = ["", "the", "cat", "x", "y"]
    first, again, other = (word_vectors.read(tmp_path / "v.txt", vocabulary, fill="normal", seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.matrix, again.matrix)
    assert not np.array_equal(first.matrix[3:], other.matrix[3:])
    assert first.matrix[0].tolist() == [0, 0, 0]
    assert first.matrix[3:].all()
    assert first.missing == ["x", "y"]


def test_it_reads_no_further_than_it_must(tmp_path):
    (tmp_path / "v.txt").write_bytes(text(more="broken\n"))
    assert word_vectors.read(tmp_path / "v.txt", ["the", "cat"]).missing == []
    with pytest.raises(FileFormatError, match=r"v\.txt, line 5: a line is no vector"):
        word_vectors.read(tmp_path / "v.txt", ["the", "dog"])


def test_a_large_file_takes_little_memory(tmp_path):
    import tracemalloc

    with open(tmp_path / "big.txt", "w") as file:
        for i in range(20_000):
            file.write(f"w{i} " + " ".join(["0.125"] * 50) + "\n")
    tracemalloc.start()
    found = word_vectors.read(tmp_path / "big.txt", ["w3", "w19999", "no"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.found == 2
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("v.txt", b"", "holds no vectors"),
        ("v.txt", b"the\n", "line 1: a line is no vector"),
        ("v.txt", b"the 1 2\ncat 1\n", "line 2: a line is no vector"),
        ("v.txt", b"the 1 2\ncat 1 x\n", "line 2: a line is no vector"),
        ("v.txt", b"the 1 2\ncat 1 nan\n", "line 2: a vector is not finite"),
        ("v.txt", b"3 2\nthe 1 2\ncat 1 2\n", "it ends early"),
        ("v.txt", b"the 1 2\n" + b"x" * (1 << 20), "line 2: a line is longer"),
        ("v.txt.gz", gzip.compress(text())[:40], "compression is broken"),
        ("v.bin", b"the 1 2\n", "word2vec's binary form"),
        ("v.bin", binary()[:40], "it ends early, or is broken, at word 3"),
        ("v.bin", b"2 2\n" + b"x" * 70_000, "at word 1"),
        ("v.bin", b"1 1\ncat " + struct.pack("<f", np.inf), "not finite"),
        ("v.bin", b"1 99999999\n", "word2vec's binary form"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused(name, data, words, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileFormatError, match=words):
        word_vectors.read(tmp_path / name, ["cat", "dog"])


def test_what_is_no_vocabulary_is_refused(tmp_path):
    (tmp_path / "v.txt").write_bytes(text())
    for wrong in ([], ["a", "a"], ["a", 3], {"a": -1}):
        with pytest.raises(ArgumentError, match="a vocabulary is"):
            word_vectors.read(tmp_path / "v.txt", wrong)
    with pytest.raises(ArgumentError, match="unknown fill"):
        word_vectors.read(tmp_path / "v.txt", ["a"], fill="mean")
    with pytest.raises(FileNotFoundError):
        word_vectors.read(tmp_path / "none.txt", ["a"])


def test_an_embedding_takes_them_frozen_or_tuned(tmp_path):
    (tmp_path / "v.txt").write_bytes(text())
    words = lamina.layers.TextVectorization(vocabulary=["the", "cat"], output_sequence_length=3)
    rows = word_vectors.read(tmp_path / "v.txt", words.get_vocabulary()).matrix
    for trainable in (False, True):
        table = lamina.layers.Embedding(*rows.shape, weights=[rows], mask_zero=True, trainable=trainable)
        pool = lamina.layers.GlobalAveragePooling1D()
        model = lamina.Sequential([lamina.Input((), dtype="string"), words, table, pool, lamina.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(["the cat", "cat"], np.ones(2), verbose=0)
        assert np.array_equal(table.get_weights()[0], rows) is not trainable
