"""Lamina: ``fit`` as a user calls it, with shuffling and a metric."""

from __future__ import annotations

from lamina import layers, models

from .recurrent import Recurrent
from .works import Work, data, sample, weights


def prepare(work: Work):
    """A function that trains one epoch, and the first outputs."""
    model = network(work)
    model.compile(optimizer="sgd" if work.network == "book" else "adam", loss=loss(work), metrics=["accuracy"])
    model.set_weights(weights(work.name))
    x, y = data(work)
    answer = model.predict_on_batch(sample(work))
    return lambda: model.fit(x, y, batch_size=work.batch, epochs=1, verbose=0), [answer]


def network(work: Work):
    return recurrent(work.recurrent) if work.recurrent else NETWORKS[work.network]()


def loss(work: Work) -> str:
    return "binary_crossentropy" if work.recurrent else "sparse_categorical_crossentropy"


def book():
    return models.Sequential(
        [
            layers.Input((784,)),
            layers.Dense(50, activation="sigmoid"),
            layers.Dense(100, activation="sigmoid"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mlp():
    return models.Sequential(
        [
            layers.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def cnn():
    return models.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def plain_cnn():
    stack = [layers.Input((32, 32, 3))]
    for filters, stride in ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        stack += [layers.Conv2D(filters, 3, strides=stride, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    return models.Sequential([*stack, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])


def recurrent(told: Recurrent):
    if told.words:
        stack = [layers.Input((told.times,), dtype="int32")]
        stack += [layers.Embedding(told.words, told.width, mask_zero=told.masked)]
    else:
        stack = [layers.Input((told.times, told.width))]
    for i in range(told.layers):
        layer = getattr(layers, told.cell)(told.units, return_sequences=i + 1 < told.layers)
        stack.append(layers.Bidirectional(layer) if told.both else layer)
    return models.Sequential([*stack, layers.Dense(1, activation="sigmoid")])


NETWORKS = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn}
