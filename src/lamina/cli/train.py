"""``lamina train``: from a data set to a tested and saved network."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import click
import numpy as np

from ..errors import ArgumentError, message
from ..models import Model
from ..optimizers import Adam
from ..random import set_seed
from . import confusion, console, networks, sets
from .watch import Watch, slowest

LEARNING_RATE = 0.002
INTERRUPTED = 130


@click.command("train")
@click.argument("data_set", type=click.Choice(list(sets.SETS)))
@click.option("--data", metavar="DIR", help="Folder of the IDX files (or LAMINA_DATA in the environment).")
@click.option("--network", default="mlp", show_default=True, help="mlp, cnn, or sizes such as 784-50-100-10:sigmoid.")
@click.option("--epochs", type=click.IntRange(1), help="How often all pictures are seen.")
@click.option("--batch-size", type=click.IntRange(1), help="Pictures in one step.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=LEARNING_RATE,
    show_default=True,
    help="How far one step of Adam goes.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same bits.")
@click.option("--out", metavar="PATH", help="File, or folder for it. Default: ./DATA_SET.lamina")
@click.option("--backend", help="native, reference or xla.")
@click.option("--json", "machine", is_flag=True, help="One JSON object instead of text.")
def command(
    data_set: str,
    data: str | None,
    network: str,
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float,
    seed: int,
    out: str | None,
    backend: str | None,
    machine: bool,
) -> None:
    """Train a network on DATA_SET, test it, and save it.

    digits is bundled. mnist and fashion_mnist are read from --data, or downloaded where there is a network.
    """
    chosen = sets.SETS[data_set]
    path = target(out, data_set)
    epochs, batch_size = epochs or chosen.epochs, batch_size or chosen.batch_size
    (x_train, y_train), (x_test, y_test) = chosen.load(data)
    found = sets.facts(x_train, y_train, x_test, y_test, chosen.classes)
    set_seed(seed)
    model = networks.make(network, x_train.shape[1:], len(chosen.classes), data_set)
    form = sets.form_of(chosen, [int(n or 0) for n in model.inputs[0].shape[1:]])
    model.class_names, model.preprocessing = chosen.classes, form
    model.compile(
        optimizer=Adam(learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"], backend=backend
    )
    if not machine:
        introduce(data_set, chosen, found, f"{network}, seed {seed}", model)
        steps = -(-len(x_train) // batch_size)
        console.head(
            "Training",
            f"{console.count(epochs, 'epoch')} of {steps} steps of {batch_size} pictures, Adam, "
            f"learning rate {learning_rate:g}",
        )
    x_train, x_test = sets.scaled(x_train, form), sets.scaled(x_test, form)
    watch = Watch(x_train, y_train, len(chosen.classes), machine)
    begun = time.perf_counter()
    try:
        model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[watch])
    except KeyboardInterrupt:
        model.save(path)
        console.complain(f"stopped in epoch {len(watch.shares) + 1}; what was learnt until then is in {path}")
        sys.exit(INTERRUPTED)
    seconds = time.perf_counter() - begun
    result = tested(model, x_test, y_test, chosen.classes)
    model.save(path)
    report = {
        "data": found,
        "network": network,
        "seed": seed,
        "parameters": model.count_params(),
        "epochs": epochs,
        "seconds": round(seconds, 3),
        **result,
        "learnt_in_epoch": dict(zip(chosen.classes, watch.learnt_in())),
        "saved": path,
    }
    if machine:
        console.as_json(report)
    else:
        tell(report, chosen, watch)


def introduce(data_set: str, chosen: sets.DataSet, found: dict, title: str, model) -> None:
    """Says what was found in the data, and what the network looks like."""
    console.head("Data", f"{data_set}: {chosen.title}")
    console.say(*sets.told(chosen, found))
    console.head("Network", title)
    model.summary(line_length=console.WIDTH, print_fn=lambda text: console.say(*text.splitlines()))


def target(out: str | None, data_set: str) -> str:
    """The file to write; its folder is made."""
    name = f"{data_set}.lamina"
    path = name if out is None else os.path.join(out, name) if out.endswith(os.sep) or os.path.isdir(out) else out
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise ArgumentError(message(f"{folder} cannot be written to", fix="name another place with --out"))
    return path


def tested(model: Model, x: np.ndarray, y: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Loss, accuracy and confusion table of a model on test data."""
    loss, accuracy = model.evaluate(x, y, batch_size=500, verbose=0)
    counts = confusion.counted(y, model.predict(x, batch_size=500, verbose=0).argmax(1), len(classes))
    return {
        "test": {
            "pictures": len(y),
            "right": int(np.trace(counts)),
            "accuracy": round(float(accuracy), 6),
            "loss": round(float(loss), 6),
            "confusion": counts.tolist(),
        }
    }


def tell_test(test: dict[str, Any], classes: list[str]) -> None:
    """The outcome of a test for a person."""
    console.head(
        "Test",
        f"{console.percent(test['accuracy'])} right: {test['right']:,} of "
        f"{test['pictures']:,} pictures it has never seen (loss {test['loss']:.4f})",
    )
    counts = np.array(test["confusion"])
    console.head("What it takes for what", "rows: what it is; columns: what it is taken for")
    console.say(*confusion.table(counts, classes))
    mistake = confusion.worst(counts, classes)
    console.say(*([f"  most frequent mistake: {mistake}"] if mistake else []))


def tell(report: dict[str, Any], chosen: sets.DataSet, watch: Watch) -> None:
    """The outcome of a training for a person, and what to type next."""
    console.say(f"  took {report['seconds']:.1f} s")
    tell_test(report["test"], chosen.classes)
    path = report["saved"]
    size = console.size_text(os.path.getsize(path))
    console.head("Learnt last", ", ".join(slowest(watch, chosen.classes)))
    console.head("Saved", f"{path} ({size}; data only, no code)")
    console.head("Next")
    console.say(
        f"  lamina predict {path} PICTURE.png    what it sees in a picture of yours",
        f"  lamina evaluate {path}               test it again",
        f"  lamina show {path}                   its layers, its formula, its graph",
    )
