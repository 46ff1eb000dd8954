"""The networks that ``--network`` names: ``mlp``, ``cnn``, or sizes such as ``784-50-100-10:sigmoid``."""

from __future__ import annotations

import re

from .. import activations, layers
from ..errors import ArgumentError, message
from ..models import Sequential

SIZES = re.compile(r"(\d+(?:-\d+)+)(?::(\w+))?")


def make(text: str, shape: tuple[int, ...], classes: int, name: str) -> Sequential:
    """The network of a name for pictures [height, width] and a number of classes, ending in softmax.

    ArgumentError for a name that is none, and for sizes that do not begin with the pixels and end with the classes.
    """
    if text == "mlp":
        return mlp(hidden_sizes(shape), "relu", shape, classes, name)
    if text == "cnn":
        return cnn(shape, classes, name)
    match = SIZES.fullmatch(text)
    if not match:
        raise ArgumentError(
            message(f"unknown network {text!r}", want="mlp, cnn, or sizes such as 784-50-100-10:sigmoid")
        )
    first, *hidden, last = (int(n) for n in match[1].split("-"))
    pixels = shape[0] * shape[1]
    if first != pixels or last != classes:
        raise ArgumentError(
            message(
                f"the network {text!r} does not fit these pictures",
                got=f"{first} inputs, {last} outputs",
                want=f"{pixels} inputs ({shape[0]} x {shape[1]} pixels), {classes} outputs (classes)",
                fix="-".join(map(str, (pixels, *hidden, classes))),
            )
        )
    activations.get(match[2] or "relu")
    return mlp(hidden, match[2] or "relu", shape, classes, name)


def hidden_sizes(shape: tuple[int, ...]) -> list[int]:
    """Wider for larger pictures."""
    return [64, 32] if shape[0] * shape[1] < 400 else [128, 64]


def mlp(hidden: list[int], activation: str, shape: tuple[int, ...], classes: int, name: str) -> Sequential:
    """Fully connected layers."""
    middle = [layers.Dense(n, activation=activation, name=f"hidden_{i}") for i, n in enumerate(hidden, 1)]
    return Sequential(
        [
            layers.Input(shape, name="picture"),
            layers.Flatten(name="pixels"),
            *middle,
            layers.Dense(classes, activation="softmax", name="classes"),
        ],
        name=name,
    )


def cnn(shape: tuple[int, ...], classes: int, name: str) -> Sequential:
    """Two convolutions, each with pooling where the picture is large enough for it."""
    large = min(shape) >= 16
    body = [layers.Conv2D(16, 3, activation="relu", padding="same", name="edges")]
    body += [layers.MaxPooling2D(name="pool_1")] if large else []
    body += [
        layers.Conv2D(32, 3, activation="relu", padding="same", name="shapes"),
        layers.MaxPooling2D(name="pool_2"),
        layers.Flatten(name="features"),
        layers.Dropout(0.25, name="dropout"),
        layers.Dense(classes, activation="softmax", name="classes"),
    ]
    return Sequential([layers.Input((*shape, 1), name="picture"), *body], name=name)
