"""``lamina evaluate``: a saved network against the test pictures of the data that it was trained on."""

from __future__ import annotations

import os

import click

from ..models.saving import load_model
from . import console, sets
from .train import tell_test, tested


@click.command("evaluate")
@click.argument("model")
@click.option("--data", metavar="DIR", help="Folder of the IDX files (or LAMINA_DATA in the environment).")
@click.option("--json", "machine", is_flag=True, help="One JSON object instead of text.")
def command(model: str, data: str | None, machine: bool) -> None:
    """Test MODEL on the test pictures of its data set: accuracy, and what it takes for what."""
    network = load_model(model)
    chosen = sets.of_model(network.preprocessing, os.path.basename(model))
    _, (x, y) = chosen.load(data)
    result = tested(network, sets.scaled(x, network.preprocessing or {}), y, chosen.classes)
    if machine:
        console.as_json({"model": model, "data": chosen.name, **result})
    else:
        tell_test(result["test"], chosen.classes)
