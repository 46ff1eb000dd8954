"""Layers that read text and categories, at the edges: no rows, odd letters, batches, shapes, and what they refuse."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, DataError, DtypeError, ShapeError
from lamina.layers.fingerprints import fingerprint, keyed


def words(**config):
    return layers.TextVectorization(**{"vocabulary": ["a", "b", "é", "東"], **config})


@pytest.mark.parametrize("empty", [[], np.array([], str), np.array([], object), np.empty((0, 1), object)])
def test_no_rows_give_no_rows(empty):
    assert words(output_sequence_length=3)(empty).shape == (0, 3)
    assert words(output_mode="multi_hot")(empty).shape == (0, 5)
    assert layers.StringLookup(vocabulary=["a"])(empty).shape == np.shape(empty)
    assert layers.Hashing(3)(empty).shape == np.shape(empty)


def test_texts_without_words_are_padding():
    assert words()(["", " \t", "..."]).shape == (3, 0)
    assert words(output_sequence_length=2)(["", "...", "a"]).tolist() == [[0, 0], [0, 0], [2, 0]]
    assert words(output_mode="count")(["", "a a"]).tolist() == [[0, 0, 0, 0, 0], [0, 2, 0, 0, 0]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("é 東", [4, 5]),
        ("É", [1]),  # only ASCII's letters are lowered
        ("e\u0301", [1]),  # composed in another way
        ("a\u00a0b", [1]),  # a no-break space splits nothing
        ("a\u2028b", [1]),
        ("a\x1cb", [1]),
        ("a\vb\fa\rb", [2, 3, 2, 3]),
        ("a\x00b", [1]),
        ("𝒂 😀", [1, 1]),
        ("ａ", [1]),
        ("A_b", [1]),
        ("-a-", [2]),
    ],
)
def test_odd_letters(text, wanted):
    assert words()([text]).tolist() == [wanted]
    assert words()([text.encode()]).tolist() == [wanted]


def test_bytes_in_another_encoding():
    assert words(encoding="latin-1")(["é a".encode("latin-1")]).tolist() == [[4, 2]]
    with pytest.raises(DataError, match="bytes that are not utf-8"):
        words()(["é a".encode("latin-1")])


def test_adapting_to_batches_is_adapting_to_all():
    texts = [f"w{i % 7} w{i % 3}" for i in range(20)]
    for mode in ("int", "tf_idf"):
        whole, parts, some = (layers.TextVectorization(output_mode=mode) for _ in range(3))
        whole.adapt(texts)
        parts.adapt(texts[i : i + 6] for i in range(0, 20, 6))
        some.adapt((texts[i : i + 6] for i in range(0, 20, 6)), steps=1)
        assert parts.get_vocabulary() == whole.get_vocabulary()
        assert np.array_equal(parts(texts), whole(texts))
        assert len(some.get_vocabulary()) < len(whole.get_vocabulary()) or mode == "int"
        whole.adapt(["x y", "x"])
        assert whole.get_vocabulary(include_special_tokens=False) == ["x", "y"]


def test_equally_frequent_terms_stand_in_one_order_whatever_came_first():
    for texts in (["a b c"], ["c b a"], ["b c a"]):
        layer = layers.TextVectorization()
        layer.adapt(texts)
        assert layer.get_vocabulary()[2:] == ["c", "b", "a"]


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("oov", [1, 4])
def test_numbers_are_found_in_a_program_as_at_once(mode, oov, rng):
    known = np.unique(rng.integers(-(2**62), 2**62, 37))
    layer = layers.IntegerLookup(vocabulary=known, output_mode=mode, num_oov_indices=oov, mask_token=0)
    data = rng.choice(np.concatenate([known, [0, 1, 2, 3]]), (8, 5))
    x = lamina.Input((5,), dtype="int64")
    model = lamina.Model(x, layer(x))
    found = model.predict(data, verbose=0)
    assert np.array_equal(found, layer(data))
    if mode == "int":
        start = 1 + oov
        places = {int(k): start + i for i, k in enumerate(known)}
        wanted = [[0 if n == 0 else places.get(n, 1 + n % oov) for n in row] for row in data.tolist()]
        assert found.tolist() == wanted


def test_vocabularies_of_one_term_and_of_the_largest_numbers():
    least, most = np.iinfo("int64").min, np.iinfo("int64").max
    assert layers.IntegerLookup(vocabulary=[3])(np.array([3, 4, -3])).tolist() == [1, 0, 0]
    wide = layers.IntegerLookup(vocabulary=[most, 0, least])
    assert wide(np.array([least, 0, most, most - 1])).tolist() == [3, 2, 1, 0]
    narrow = layers.IntegerLookup(vocabulary=[2, 1])
    assert narrow(np.array([2, 2**32 + 2, 1], "int64")).tolist() == [1, 0, 2]
    assert layers.IntegerLookup(vocabulary=[5, 6], invert=True)(np.array([0, 1, 2, 9, -1])).tolist() == [
        -1,
        5,
        6,
        -1,
        -1,
    ]


def test_shapes_are_told_without_data():
    assert words().compute_output_shape((None, 1)) == (None, None)
    assert words(output_sequence_length=7).compute_output_shape((None,)) == (None, 7)
    assert words(output_mode="tf_idf", idf_weights=[1, 1, 1, 1]).compute_output_shape((None, 1)) == (None, 5)
    assert layers.StringLookup(vocabulary=["a"]).compute_output_shape((None, 3)) == (None, 3)
    assert layers.StringLookup(vocabulary=["a"], output_mode="one_hot").compute_output_shape((None, 1)) == (None, 2)
    assert layers.Hashing(4, output_mode="count").compute_output_shape((None, 3)) == (None, 4)
    with pytest.raises(ShapeError, match="a row of tokens"):
        words(split=None)(lamina.Input((), dtype="string"))


def test_hashes_of_numbers_are_those_of_their_digits():
    layer = layers.Hashing(1000)
    assert layer(np.array([[12, -3]])).tolist() == layer([["12", "-3"]]).tolist()
    assert layer(np.array([2.9])).tolist() == layer(["2"]).tolist()
    assert fingerprint(b"12") % 1000 == layer(["12"])[0]
    assert len({fingerprint(b"x" * n) for n in range(200)}) == 200
    assert len({keyed(b"x" * n, (1, 2)) for n in range(200)}) == 200


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: layers.StringLookup(vocabulary=["a"], invert=True)(["a"]), DtypeError, "takes whole numbers"),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), ArgumentError, "invert goes with"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True, output_mode="count"), ArgumentError, "needs max_tokens"),
        (lambda: layers.StringLookup(max_tokens=1), ArgumentError, "max_tokens is 2 or more"),
        (lambda: layers.StringLookup(num_oov_indices=-1), ArgumentError, "num_oov_indices is 0 or more"),
        (lambda: layers.StringLookup(salt=[1, 2, 3]), ArgumentError, "salt is"),
        (lambda: layers.StringLookup(sparse=True, output_mode="count"), ArgumentError, "no sparse tensors"),
        (lambda: layers.StringLookup(idf_weights=[1.0], output_mode="tf_idf"), ArgumentError, "none is given"),
        (lambda: layers.StringLookup(vocabulary=["a"])(np.array([1, 2])), DataError, "where text is expected"),
        (lambda: layers.IntegerLookup().adapt(["a"]), DtypeError, "adapts to whole numbers"),
        (lambda: layers.IntegerLookup(vocabulary_dtype="string"), ArgumentError, "vocabulary_dtype"),
        (lambda: layers.TextVectorization(ngrams=0), ArgumentError, "ngrams is"),
        (lambda: layers.TextVectorization(ngrams=[1, 2]), ArgumentError, "ngrams is"),
        (lambda: layers.TextVectorization(output_sequence_length=0), ArgumentError, "output_sequence_length"),
        (lambda: layers.TextVectorization(split="words"), ArgumentError, "unknown split"),
        (lambda: layers.Discretization(), ArgumentError, "bin_boundaries or num_bins"),
        (lambda: layers.Discretization(num_bins=0), ArgumentError, "num_bins is"),
        (lambda: layers.Discretization(num_bins=2, epsilon=0), ArgumentError, "epsilon is a share"),
        (lambda: layers.Discretization(num_bins=2).adapt(np.empty((0, 1))), DataError, "no data"),
        (lambda: layers.Discretization(num_bins=2).adapt(np.array([np.nan])), DataError, "NaN"),
        (lambda: layers.Discretization([1.0]).adapt(np.ones(3)), ArgumentError, "given its boundaries"),
        (lambda: layers.HashedCrossing(3)(lamina.Input((1,), dtype="string")), ArgumentError, "two features or more"),
        (lambda: layers.Hashing(3)([None, "a"]), DataError, "nothing"),
    ],
)
def test_refusals(make, error, match):
    with pytest.raises(error, match=match):
        make()
