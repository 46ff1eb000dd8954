"""A table of 50,000 rows and 20 columns: scikit-learn's ``MLPClassifier`` with its defaults against the same network.

Its defaults are one hidden layer of 100 with ReLU, Adam at 0.001, batches of 200, shuffled, an L2 penalty of 0.0001
(which Lamina's kernels get as well: alpha / 2 / batch size x the squared weights). Both run the same number of epochs:
neither may stop early.
"""

from __future__ import annotations

import warnings

import numpy as np

from .race import Job, line, race, started
from .results import keep

ROWS, COLUMNS, EPOCHS, ALPHA, BATCH = 50_000, 20, 3, 1e-4, 200


def table() -> tuple[np.ndarray, np.ndarray]:
    """Rows of two classes that a network can tell apart, not wholly by a line."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
    y = (x[:, :4].sum(1) + 2 * x[:, 4] * x[:, 5] + rng.standard_normal(ROWS) > 0).astype("int32")
    return x, y


def learned(accuracy: float) -> list[np.ndarray]:
    """The answer: networks with weights of their own agree in what they reach, to a few hundredths."""
    return [np.array([accuracy])]


def with_lamina(_: str) -> Job:
    from lamina import layers, models, optimizers, regularizers

    def made():
        penalty = regularizers.L2(ALPHA / 2 / BATCH)
        hidden = layers.Dense(100, activation="relu", kernel_regularizer=penalty)
        model = models.Sequential(
            [layers.Input((COLUMNS,)), hidden, layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty)]
        )
        model.compile(optimizers.Adam(0.001, epsilon=1e-8), loss="binary_crossentropy")
        return model

    x, y = table()
    model = made()
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    accuracy = float(np.mean((model.predict(x, verbose=0)[:, 0] > 0.5) == y))
    return Job(lambda: made().fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0), EPOCHS, learned(accuracy))


def with_sklearn(_: str) -> Job:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    x, y = table()

    def fitted():
        return MLPClassifier(max_iter=EPOCHS, n_iter_no_change=EPOCHS + 1, batch_size=BATCH).fit(x, y)

    return Job(fitted, EPOCHS, learned(fitted().score(x, y)))


def measure(rounds: int, only: list[str]) -> None:
    with started({"lamina": "tabular:with_lamina", "scikit-learn": "tabular:with_sklearn"}) as competitors:
        result = race(competitors, "table", rounds, tolerance=0.04)
    print(line("an epoch", result))
    keep("sklearn", "microseconds an epoch, construction included", {"20 x 50,000 rows, 100 hidden": result}, rounds)
