"""Record what Keras 3 makes of small data sets of word numbers, of time series, and of folders of texts.

It runs where `record_text.py` runs. The data sets are those of `text_data.py`, so that nothing is downloaded.
"""

import json
import os
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
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

GOLDEN = Path(__file__).parent / "golden"


def loaded(module, arrays, config):
    """What load_data of a module gives for arrays in place of its download."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.npz")
        np.savez(path, **arrays)
        source = __import__(module.load_data.__module__, fromlist=["get_file"])
        source.get_file = lambda *args, **kwargs: path
        (x, y), (x_test, y_test) = module.load_data(**config)
    return [[list(map(int, row)) for row in x], y.tolist(), [list(map(int, row)) for row in x_test], y_test.tolist()]


def windows(config):
    """The batches of a time series."""
    data, targets = np.arange(20.0), None if config.get("alone") else np.arange(20) * 10
    config = {k: v for k, v in config.items() if k != "alone"}
    found = []
    for batch in keras.utils.timeseries_dataset_from_array(data, targets, **config):
        parts = batch if isinstance(batch, tuple) else (batch,)
        found.append([part.numpy().tolist() for part in parts])
    return found


def folder():
    """The texts and labels of a folder, in order and split."""
    with tempfile.TemporaryDirectory() as root:
        write_texts(Path(root))
        found = {}
        for name, config in (
            ("plain", {"shuffle": False, "batch_size": 3}),
            ("categorical", {"shuffle": False, "label_mode": "categorical", "class_names": ["b", "a"]}),
            ("training", {"shuffle": False, "validation_split": 0.3, "subset": "training", "seed": 3}),
            ("cut", {"shuffle": False, "labels": None, "max_length": 4}),
        ):
            data = keras.utils.text_dataset_from_directory(root, verbose=False, **config)
            batches = [b if isinstance(b, tuple) else (b,) for b in data]
            found[name] = {
                "config": config,
                "texts": [[t.decode() for t in b[0].numpy()] for b in batches],
                "labels": [b[1].numpy().tolist() for b in batches if len(b) > 1],
            }
        paths, labels, _ = keras.src.utils.dataset_utils.index_directory(
            root, "inferred", (".txt",), shuffle=True, seed=7, verbose=False
        )
        found["shuffled"] = {"paths": [os.path.relpath(p, root) for p in paths], "labels": labels.tolist()}
        return found


def images(config):
    """The batches of a folder of six pictures."""
    with tempfile.TemporaryDirectory() as root:
        for i in range(6):
            place = Path(root) / "ab"[i % 2]
            place.mkdir(exist_ok=True)
            (place / f"{i}.png").write_bytes(tf.io.encode_png(picture(i)).numpy())
        data = keras.utils.image_dataset_from_directory(root, shuffle=False, verbose=False, **config)
        return [[part.numpy().tolist() for part in batch] for batch in data]


def main():
    made = {
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "imdb": [loaded(keras.datasets.imdb, imdb_arrays(), config) for config in IMDB_CASES],
        "reuters": [loaded(keras.datasets.reuters, reuters_arrays(), config) for config in REUTERS_CASES],
        "windows": [windows(config) for config in WINDOW_CASES],
        "folder": folder(),
        "images": [images(config) for config in IMAGE_CASES],
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in made.items())
    (GOLDEN / "text_data.json").write_text(f"{{{lines}}}\n", encoding="utf-8")
    print(f"text_data: {len(lines) / 1024:.0f} KiB")


main()
