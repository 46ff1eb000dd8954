"""Small data sets that both the recording script and the tests make."""

from pathlib import Path

import numpy as np

IMDB_CASES = [
    {},
    {"num_words": 20},
    {"num_words": 20, "skip_top": 5, "maxlen": 5, "seed": 7},
    {"start_char": None, "oov_char": None, "num_words": 15},
    {"index_from": 0, "start_char": None, "num_words": 30},
]
REUTERS_CASES = [{}, {"num_words": 25, "test_split": 0.5, "maxlen": 6}, {"oov_char": None, "skip_top": 9, "seed": 1}]
WINDOW_CASES = [
    {"sequence_length": 5},
    {"sequence_length": 4, "sequence_stride": 3, "sampling_rate": 2, "batch_size": 2},
    {"sequence_length": 3, "start_index": 4, "end_index": 12, "batch_size": 3},
    {"sequence_length": 6, "sampling_rate": 3, "alone": True},
    {"sequence_length": 2, "sequence_stride": 7, "batch_size": None},
]


def rows(count: int, step: int) -> np.ndarray:
    """Lists of word numbers of different lengths."""
    table = np.empty(count, object)
    for i in range(count):
        table[i] = [(step * i + 3 * j) % 40 + 1 for j in range(i % 6 + 1)]
    return table


def imdb_arrays() -> dict[str, np.ndarray]:
    return {
        "x_train": rows(12, 7),
        "y_train": np.arange(12) % 2,
        "x_test": rows(9, 11),
        "y_test": np.arange(9) // 3 % 2,
    }


def reuters_arrays() -> dict[str, np.ndarray]:
    return {"x": rows(15, 5), "y": np.arange(15) % 4}


IMAGE_CASES = [
    {"image_size": [4, 6]},
    {"image_size": [3, 3], "crop_to_aspect_ratio": True},
    {"image_size": [7, 5], "color_mode": "grayscale"},
    {"image_size": [6, 6], "color_mode": "rgba", "pad_to_aspect_ratio": True},
    {"image_size": [8, 5], "interpolation": "nearest", "pad_to_aspect_ratio": True, "label_mode": "binary"},
]


def picture(number: int) -> np.ndarray:
    """Pixels, uint8 [height, width, 3]."""
    rows, columns, channels = np.indices((5 + number % 3, 9 - number, 3))
    return ((rows * 37 + columns * 53 * (number + 1) + channels * 11) % 256).astype("uint8")


def write_texts(root: Path) -> None:
    """A folder of eleven texts of two classes, some of them deeper inside."""
    for i in range(11):
        place = root / "ab"[i % 2] / ("deep" if i % 3 == 0 else "")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"t{i:02}.txt").write_text(f"text number {i}", encoding="utf-8")
    (root / "a" / "other.md").write_text("no text", encoding="utf-8")
