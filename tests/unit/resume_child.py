"""A small training that may be killed at any moment: ``python resume_child.py FOLDER BACKEND``.

It goes on from what it finds in FOLDER/backup, and writes the final state to FOLDER/result when it is done.
"""

import sys
from pathlib import Path

import numpy as np

import lamina
from lamina import callbacks, layers
from lamina.files import safetensors


def train(folder: Path, backend: str) -> None:
    random = np.random.default_rng(4)
    x, y = random.normal(size=(206, 5)).astype("float32"), random.integers(0, 3, 206)
    lamina.random.set_seed(9)
    model = lamina.Sequential([layers.Dense(12, activation="relu"), layers.Dropout(0.2), layers.Dense(3)])
    model.compile(
        "adam",
        loss=lamina.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        backend=backend,
    )
    history = model.fit(
        x,
        y,
        batch_size=10,
        epochs=8,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            callbacks.EarlyStopping(patience=20),
            callbacks.BackupAndRestore(folder / "backup", save_freq=3, delete_checkpoint=False),
        ],
    )
    tensors = {f"{i}": v.array for i, v in enumerate(model.state_variables())}
    tensors |= {f"history {name}": np.array(values) for name, values in history.history.items()}
    safetensors.write(folder / "result", tensors)


if __name__ == "__main__":
    print("ready", flush=True)
    train(Path(sys.argv[1]), sys.argv[2])
