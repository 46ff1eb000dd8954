"""The words of the refusals of layers that read text, as they stand in tests/golden/errors.

To write them anew after a change of words: LAMINA_RECORD=1 python -m pytest tests/unit/test_text_errors.py
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import LaminaError

GOLDEN = Path(__file__).parent.parent / "golden" / "errors"


def reviewer(**config):
    words = layers.TextVectorization(name="words", vocabulary=["good", "bad"], **config)
    return lamina.Sequential([lamina.Input((1,), dtype="string", name="review"), words], name="net")


def text_to_a_dense_layer():
    layers.Dense(3, name="logits")(lamina.Input((1,), dtype="string", name="review"))


def text_to_an_embedding():
    words = lamina.Input((1,), dtype="string", name="review")
    lamina.Sequential([words, layers.Embedding(3, 2, name="words")])


def numbers_for_text():
    reviewer().predict([["good"], [3]], verbose=0)


def nothing_for_text():
    reviewer().predict(np.array(["good", None, "bad"], object), verbose=0)


def broken_bytes_for_text():
    reviewer().predict([b"fine", b"\xff\xfe"], verbose=0)


def rows_of_text():
    reviewer().predict([["good", "bad"], ["good"]], verbose=0)


def columns_of_text():
    reviewer().predict([["good", "bad"], ["good", "good"]], verbose=0)


def several_texts_for_a_split():
    layers.TextVectorization(name="words", vocabulary=["good"])([["good", "bad"]])


def no_vocabulary():
    layers.StringLookup(name="tags")(["a"])


def no_vocabulary_for_a_network():
    layers.StringLookup(name="tags", output_mode="one_hot")(lamina.Input((1,), dtype="string"))


def vocabulary_with_repeats():
    layers.StringLookup(name="tags", vocabulary=["a", "b", "a", "c", "c"])


def vocabulary_with_a_special_term():
    layers.StringLookup(name="tags", mask_token="", vocabulary=["a", "", "b"])


def vocabulary_that_is_too_large():
    layers.StringLookup(name="tags", max_tokens=3, vocabulary=["a", "b", "c"])


def vocabulary_of_nothing():
    layers.StringLookup(name="tags", vocabulary=[])


def vocabulary_file_that_is_not_there():
    layers.StringLookup(name="tags", vocabulary="nowhere/words.txt")


def vocabulary_after_the_network():
    tags = layers.StringLookup(name="tags", vocabulary=["a"], output_mode="multi_hot")
    lamina.Sequential([lamina.Input((1,), dtype="string"), tags])
    tags.set_vocabulary(["a", "b"])


def adapting_a_given_vocabulary():
    layers.StringLookup(name="tags", vocabulary=["a"]).adapt(["b"])


def adapting_to_nothing():
    layers.TextVectorization(name="words").adapt(["", " ..."])


def term_that_is_not_known():
    layers.StringLookup(name="tags", vocabulary=["a"], num_oov_indices=0)(["a", "z"])


def number_that_is_not_known():
    layers.IntegerLookup(name="ids", vocabulary=[1, 2], num_oov_indices=0)(np.array([1, 5]))


def weights_of_a_vocabulary():
    layers.StringLookup(name="tags", vocabulary=["a"], output_mode="tf_idf")


def weights_for_other_terms():
    layers.StringLookup(name="tags", vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0])


def ragged_rows():
    layers.TextVectorization(ragged=True)


def unknown_standard():
    layers.TextVectorization(standardize="lowr")


def unknown_mode():
    layers.TextVectorization(output_mode="one_hot")


def length_of_counts():
    layers.TextVectorization(output_mode="count", output_sequence_length=3)


def split_that_gives_no_rows():
    layers.TextVectorization(name="words", split=lambda texts: [["a"]], vocabulary=["a"])(["a", "b"])


def digits_of_numbers():
    layers.IntegerLookup(oov_method="farmhash")


def fractions_to_look_up():
    layers.IntegerLookup(name="ids", vocabulary=[1])(np.array([0.5], "float32"))


def bins_of_no_number():
    layers.Hashing(0)


def crossing_of_one():
    layers.HashedCrossing(3, name="cross")(["a", "b"][:1])


def crossing_of_unequal_shapes():
    layers.HashedCrossing(3, name="cross")([["a", "b"], ["c"]])


def boundaries_that_fall():
    layers.Discretization([1.0, 0.0])


def boundaries_not_known():
    layers.Discretization(num_bins=3, name="bins")(np.zeros((2, 1), "float32"))


def boundaries_and_bins():
    layers.Discretization([1.0], num_bins=3)


CASES = [
    value
    for value in list(globals().values())
    if getattr(value, "__module__", "") == __name__ and value.__name__ != "reviewer"
]


@pytest.mark.parametrize("case", CASES, ids=lambda f: f.__name__)
def test_words(case):
    with pytest.raises(LaminaError) as caught:
        case()
    text = f"{type(caught.value).__name__}: {caught.value}\n"
    text = re.sub(r"test_text_errors\.py:\d+", "train.py:31", text)
    file = GOLDEN / f"{case.__name__}.txt"
    if os.environ.get("LAMINA_RECORD"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
