"""Lamina: ``fit`` as a user calls it, with shuffling and a metric."""

from __future__ import annotations

from lamina import layers, models

from .works import Work, data, sample, weights


def prepare(work: Work):
    """A function that trains one epoch, and the first outputs."""
    model = NETWORKS[work.name]()
    binary = work.name == "lstm"
    optimizer = "sgd" if work.name == "book" else "adam"
    loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    model.set_weights(weights(work.name))
    x, y = data(work)
    answer = model.predict_on_batch(sample(work))
    return lambda: model.fit(x, y, batch_size=work.batch, epochs=1, verbose=0), [answer]


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


def lstm():
    return models.Sequential(
        [
            layers.Input((80,), dtype="int32"),
            layers.Embedding(20_000, 128),
            layers.LSTM(128),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


NETWORKS = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn, "lstm": lstm}
