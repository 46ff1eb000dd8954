"""A network of two convolutions on Fashion-MNIST: prints its accuracy on the 10,000 test pictures, and the time.

    LAMINA_DATA=folder python -m bench.experiments.fashion_mnist             # the network must reach 0.91
    LAMINA_DATA=folder python -m bench.experiments.fashion_mnist --augment   # with random changes inside of the model

``folder`` has a folder ``fashion_mnist`` with the four IDX files. ``--epochs`` says for how long (8), ``--pictures``
how many of the 60,000 pictures are learned from. Leaves with status 1 if the plain network stays below 0.91.
"""

from __future__ import annotations

import argparse
import sys
import time

import lamina
from lamina import layers
from lamina.datasets import fashion_mnist

WANTED = 0.91


def network(augment: bool):
    """Two convolutions with max-pooling, and two dense layers; augmentation stands in front of them."""
    changes = [
        layers.RandomFlip("horizontal"),
        layers.RandomTranslation(0.08, 0.08, fill_mode="constant"),
        layers.RandomRotation(0.02, fill_mode="constant"),
        layers.RandomZoom(0.05, fill_mode="constant"),
        layers.RandomContrast(0.1, value_range=(0, 1)),
    ]
    return lamina.Sequential(
        [
            lamina.Input((28, 28, 1), dtype="uint8"),
            layers.Rescaling(1 / 255),
            *(changes if augment else []),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--augment", action="store_true")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--pictures", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    lamina.random.set_seed(chosen.seed)
    (x, y), (x_test, y_test) = fashion_mnist.load_data()
    x, y, x_test = x[: chosen.pictures, ..., None], y[: chosen.pictures].astype("int32"), x_test[..., None]
    model = network(chosen.augment)
    steps = chosen.epochs * -(-len(x) // 128)
    model.compile(
        lamina.optimizers.Adam(lamina.optimizers.schedules.CosineDecay(2e-3, steps)),
        lamina.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    elsewhere = lamina.explain(model).training.elsewhere
    print(f"operations off the engine: {len(elsewhere)}")
    begun = time.perf_counter()
    for epoch in range(chosen.epochs):
        seen = model.fit(x, y, batch_size=128, initial_epoch=epoch, epochs=epoch + 1, verbose=0).history
        reached = model.evaluate(x_test, y_test.astype("int32"), batch_size=500, verbose=0, return_dict=True)
        print(
            f"epoch {epoch + 1}: loss {seen['loss'][-1]:.4f}, test accuracy {reached['accuracy']:.4f},"
            f" {time.perf_counter() - begun:.1f} s",
            flush=True,
        )
    if chosen.augment or chosen.pictures < 60_000:
        return 0
    print(f"wanted {WANTED}, reached {reached['accuracy']:.4f}")
    return 0 if reached["accuracy"] >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
