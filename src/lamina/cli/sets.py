"""The data sets that the command line knows, and what it tells about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..data.pictures import KIND, check_form
from ..datasets import digits, fashion_mnist, mnist
from ..errors import ArgumentError, DataError, FileFormatError, message
from . import console


@dataclass(frozen=True)
class DataSet:
    """A data set of pictures with labels.

    load       gives ((x_train, y_train), (x_test, y_test)) for a folder, or for None
    largest    the value of a pixel that is wholly drawn
    content    the box into which the drawn part of a picture was scaled when the data set was made
    centre     what stands in the middle: that "box", or the centre of "mass"
    """

    name: str
    title: str
    load: Callable[[str | None], tuple]
    classes: list[str]
    largest: int
    content: tuple[int, int]
    centre: str
    epochs: int
    batch_size: int


SETS = {
    s.name: s
    for s in (
        DataSet(
            "digits", "handwritten digits", lambda folder: digits.load_data(), digits.CLASSES, 16, (8, 8), "box", 40, 32
        ),
        DataSet("mnist", "handwritten digits", mnist.load_data, mnist.CLASSES, 255, (20, 20), "mass", 5, 100),
        DataSet(
            "fashion_mnist",
            "pieces of clothing",
            fashion_mnist.load_data,
            fashion_mnist.CLASSES,
            255,
            (28, 28),
            "box",
            5,
            100,
        ),
    )
}


def form_of(data_set: DataSet, shape: list[int]) -> dict[str, Any]:
    """What a model file says of the pictures that the model was trained on: see ``data.pictures.prepare``."""
    return {
        "kind": KIND,
        "data_set": data_set.name,
        "shape": list(shape),
        "divide_by": data_set.largest,
        "content": list(data_set.content),
        "centre": data_set.centre,
    }


def scaled(x: np.ndarray, form: dict[str, Any]) -> np.ndarray:
    """Pictures of a data set as the network takes them: float32, 0 to 1, in its shape."""
    check_form(form)
    largest = form.get("divide_by")
    if (
        isinstance(largest, bool)
        or not isinstance(largest, int | float)
        or not largest > 0
        or prod(form["shape"]) != prod(x.shape[1:])
    ):
        raise DataError(
            message(
                "the model was made for other pictures",
                got=f"shape {form['shape']}, divided by {largest!r}",
                want=f"{prod(x.shape[1:])} pixels, divided by a number above zero",
            )
        )
    return (x.astype("float32") / np.float32(largest)).reshape(len(x), *form["shape"])


def of_model(form: dict[str, Any] | None, source: str) -> DataSet:
    """The data set that a model was trained on."""
    name = (form or {}).get("data_set")
    if name not in SETS:
        raise FileFormatError(
            message(
                f"{source} does not say what data it was trained on",
                want=", ".join(SETS),
                fix="lamina train makes files that do",
            )
        )
    return SETS[name]


def facts(x_train, y_train, x_test, y_test, classes: list[str]) -> dict[str, Any]:
    """What is found in the data, as numbers; ArgumentError for labels that name no class."""
    if max(int(y_train.max()), int(y_test.max())) >= len(classes):
        raise ArgumentError(
            message(
                "a label names no class", got=str(int(max(y_train.max(), y_test.max()))), want=f"0..{len(classes) - 1}"
            )
        )
    parts = {"training": (x_train, y_train), "test": (x_test, y_test)}
    return {
        part: {
            "pictures": len(x),
            "shape": list(x.shape[1:]),
            "dtype": str(x.dtype),
            "lowest": int(x.min()),
            "highest": int(x.max()),
            "per_class": np.bincount(y, minlength=len(classes)).tolist(),
        }
        for part, (x, y) in parts.items()
    }


def told(data_set: DataSet, found: dict[str, Any]) -> list[str]:
    """The same as lines for a person."""
    rows = []
    for part, f in found.items():
        size = " x ".join(map(str, f["shape"]))
        rows.append(
            (
                part,
                f"{f['pictures']:,} pictures",
                f"{size} pixels",
                f"{f['dtype']}, values {f['lowest']} to {f['highest']}",
            )
        )
    fewest, most = (pick(found["training"]["per_class"]) for pick in (min, max))
    balance = "all classes about as often" if 2 * fewest >= most else "UNEVEN: accuracy alone misleads"
    names = ", ".join(data_set.classes)
    kept = names if len(names) <= 40 else f"{data_set.classes[0]}, {data_set.classes[1]}, … {data_set.classes[-1]}"
    return [
        *(f"  {line}" for line in console.columns(rows, right=(1,))),
        f"  classes   {kept}",
        f"            {fewest:,} to {most:,} training pictures of each ({balance})",
    ]
