"""Record Keras 3's layers that read text and categories: what TensorFlow computes for them, as plain JSON.

These layers need TensorFlow under every backend of Keras, and TensorFlow needs none of the other recordings: run this
script in an environment of its own (`pip install keras==3.15.0 tensorflow-cpu==2.21.0`).
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

GOLDEN = Path(__file__).parent / "golden"
TEXTS = [
    "The cat sat. The CAT!",
    "a dog,   a CAT\tand\n the dog",
    "",
    "Straße ÄPFEL äpfel naïve",
    "東京 は 東京",
    "no-break\u00a0space em\u2003space x\x0bvertical",
    'it\'s "quoted" [brackets] {braces} <tags> a_b c^d `e` ~f~ $5 #6 %7 @8 1+1=2 back\\slash | & * ? ; :',
    "😀 smile 😀",
]
WORDS = [["a", "b", "c", "a"], ["b", "z", "", "a"], ["[UNK]", "b", "q", "b"]]
NUMBERS = [[12, 1138, 42, 42], [42, 7, 36, 7], [-5, 0, 12, 2000000000000]]
VOCABULARY = ["a", "b", "c"]
MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
cases = []


def listed(x):
    """A result as nested lists; text is decoded."""
    array = x.numpy() if hasattr(x, "numpy") else np.asarray(x)
    if array.dtype.kind == "O":
        return np.vectorize(lambda t: t.decode("utf-8") if isinstance(t, bytes) else t, otypes=[object])(array).tolist()
    return array.tolist()


def record(name, kind, config, inputs, adapt=None):
    """One layer: made, adapted if there is something to adapt to, called."""
    layer = getattr(keras.layers, kind)(**config)
    if adapt is not None:
        layer.adapt(np.array(adapt) if kind == "Discretization" else adapt)
    given = [np.array(x) for x in inputs] if kind == "HashedCrossing" else inputs
    given = np.array(inputs, "float32") if kind == "Discretization" else given
    given = np.array(inputs) if config.get("invert") else given
    case = {
        "id": name,
        "class": kind,
        "config": config,
        "adapt": adapt,
        "inputs": inputs,
        "output": listed(layer(given)),
    }
    if hasattr(layer, "get_vocabulary"):
        case["vocabulary"] = [v.item() if isinstance(v, np.generic) else v for v in layer.get_vocabulary()]
        case["size"] = layer.vocabulary_size()
    if kind == "Discretization":
        case["boundaries"] = [float(b) for b in layer.bin_boundaries]
    cases.append(case)


def vectorization():
    kind = "TextVectorization"
    for standardize in ("lower_and_strip_punctuation", "lower", "strip_punctuation", None):
        for split in ("whitespace", "character"):
            record(f"text_{standardize}_{split}", kind, {"standardize": standardize, "split": split}, TEXTS, TEXTS)
    record("text_no_split", kind, {"split": None}, [["The cat", "sat!"], ["the CAT", ""]], [["the cat", "sat"]])
    for mode in ("multi_hot", "count", "tf_idf"):
        record(f"text_{mode}", kind, {"output_mode": mode}, TEXTS, TEXTS)
        record(f"text_{mode}_most", kind, {"output_mode": mode, "max_tokens": 6}, TEXTS, TEXTS)
        wide = {"output_mode": mode, "max_tokens": 60, "pad_to_max_tokens": True}
        record(f"text_{mode}_padded", kind, wide, TEXTS, TEXTS)
        record(f"text_{mode}_ngrams", kind, {"output_mode": mode, "ngrams": 2}, TEXTS[:3], TEXTS)
    record("text_most", kind, {"max_tokens": 5}, TEXTS, TEXTS)
    record("text_ngrams_2", kind, {"ngrams": 2}, TEXTS, TEXTS)
    record("text_long", kind, {"output_sequence_length": 12}, TEXTS, TEXTS)
    record("text_cut", kind, {"output_sequence_length": 2}, [[t] for t in TEXTS], TEXTS)
    record("text_given", kind, {"vocabulary": ["earth", "wind", "and", "fire"]}, ["earth, WIND & fire"])
    record("text_one", kind, {"vocabulary": ["earth", "wind"]}, "wind of earth")
    record("text_given_special", kind, {"vocabulary": ["", "[UNK]", "earth", "wind"]}, ["earth wind sun"])
    given = {"output_mode": "tf_idf", "vocabulary": ["a", "b"], "idf_weights": [0.25, 0.75]}
    record("text_given_idf", kind, given, ["a b b c", "c"])


def lookups():
    for mode in MODES:
        for name, config in (
            ("", {}),
            ("_mask", {"mask_token": ""}),
            ("_oov", {"num_oov_indices": 3}),
            ("_most", {"max_tokens": 4}),
            ("_padded", {"max_tokens": 9, "pad_to_max_tokens": mode != "int"}),
        ):
            record(f"string_{mode}{name}", "StringLookup", {"output_mode": mode, **config}, WORDS, WORDS)
    for mode in ("one_hot", "multi_hot", "count"):
        record(f"string_{mode}_column", "StringLookup", {"output_mode": mode, "vocabulary": VOCABULARY}, [["a"], ["z"]])
        record(
            f"string_{mode}_vector", "StringLookup", {"output_mode": mode, "vocabulary": VOCABULARY}, ["a", "z", "b"]
        )
    record("string_salt", "StringLookup", {"num_oov_indices": 4, "salt": [3, 5], "vocabulary": VOCABULARY}, WORDS)
    record("string_vector_adapt", "StringLookup", {"output_mode": "tf_idf"}, WORDS, ["a", "b", "a"])
    invert = {"vocabulary": VOCABULARY, "invert": True}
    record("string_invert", "StringLookup", invert, [[0, 1, 2], [3, 4, 99]])
    record("string_invert_mask", "StringLookup", {**invert, "mask_token": ""}, [[0, 1, 2], [3, 4, 99]])
    for mode in MODES:
        for name, config in (
            ("", {}),
            ("_mask", {"mask_token": 7}),
            ("_oov", {"num_oov_indices": 3}),
            ("_most", {"max_tokens": 4}),
        ):
            record(f"integer_{mode}{name}", "IntegerLookup", {"output_mode": mode, **config}, NUMBERS, NUMBERS[:2])
    given = {"vocabulary": [12, 36, 1138, 42]}
    record("integer_given", "IntegerLookup", given, NUMBERS)
    record("integer_invert", "IntegerLookup", {**given, "invert": True}, [[1, 3, 4], [4, 0, 2]])
    weights = {
        "output_mode": "tf_idf",
        "vocabulary": [-1, 12, 36, 1138, 42],
        "idf_weights": [0.9, 0.25, 0.75, 0.6, 0.4],
    }
    record("integer_idf", "IntegerLookup", weights, NUMBERS)


def hashing():
    texts = [["A", "B", "long text of more than thirty-two letters"], ["C", "", "ÄÖÜ"]]
    for name, config in (
        ("", {"num_bins": 3}),
        ("_many", {"num_bins": 1000003}),
        ("_mask", {"num_bins": 5, "mask_value": ""}),
        ("_salt", {"num_bins": 1009, "salt": 133}),
        ("_salts", {"num_bins": 1009, "salt": [133, 137]}),
        ("_one_hot", {"num_bins": 4, "output_mode": "one_hot"}),
        ("_multi_hot", {"num_bins": 4, "output_mode": "multi_hot"}),
        ("_count", {"num_bins": 4, "output_mode": "count"}),
        ("_one", {"num_bins": 1, "mask_value": "A"}),
    ):
        record(f"hashing{name}", "Hashing", config, texts)
    record("hashing_numbers", "Hashing", {"num_bins": 1009}, [[0, -7, 123456789], [5, 5, 2]])
    record("hashing_numbers_mask", "Hashing", {"num_bins": 9, "mask_value": 5}, [[0, -7, 123456789], [5, 5, 2]])
    pairs = [["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]]
    record("crossing", "HashedCrossing", {"num_bins": 5}, pairs)
    record("crossing_one_hot", "HashedCrossing", {"num_bins": 5, "output_mode": "one_hot"}, pairs)
    record("crossing_three", "HashedCrossing", {"num_bins": 100003}, [*pairs, ["x", "", "ä", "y", "z"]])
    record("crossing_columns", "HashedCrossing", {"num_bins": 1009}, [[["A"], ["B"]], [[-1], [2]]])


def discretization():
    x = [[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]]
    many = np.random.default_rng(5).normal(size=(7, 100)).astype("float32").tolist()
    for mode in MODES[:4]:
        record(f"bins_{mode}", "Discretization", {"bin_boundaries": [0.0, 1.0, 2.0], "output_mode": mode}, x)
        record(f"bins_{mode}_vector", "Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": mode}, x[0])
        record(
            f"bins_{mode}_column", "Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": mode}, [[1], [-1]]
        )
    record("bins_adapted", "Discretization", {"num_bins": 4, "epsilon": 0.01}, x, x)
    record("bins_of_many", "Discretization", {"num_bins": 10}, x, many)
    record("bins_rough", "Discretization", {"num_bins": 4, "epsilon": 0.1}, x, many)


def main():
    vectorization()
    lookups()
    hashing()
    discretization()
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{"versions": {json.dumps(versions)},\n"cases": [\n{lines}\n]}}\n'
    (GOLDEN / "text.json").write_text(text, encoding="utf-8")
    print(f"text: {len(cases)} cases, {len(text) / 1024:.0f} KiB")


main()
