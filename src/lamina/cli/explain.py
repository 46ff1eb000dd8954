"""``lamina explain``: what each operation of a saved network costs, and where it runs."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..insight import explain
from ..models.saving import load_model
from . import console


@click.command("explain")
@click.argument("model")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Samples in one step.")
@click.option("--backend", help="native, reference or xla.")
@click.option("--json", "machine", is_flag=True, help="One JSON object instead of text.")
def command(model: str, batch_size: int, backend: str | None, machine: bool) -> None:
    """Show each operation of a training step and of inference with MODEL: shape, cost, and which backend runs it.

    A line without a number is fused with the one above it: both are one pass over the data.
    """
    found = explain(load_model(model), batch_size=batch_size, backend=backend)
    tables = {"training": found.training, "inference": found.inference}
    if machine:
        console.as_json(
            {"model": model, **{name: t and [asdict(line) for line in t.lines] for name, t in tables.items()}}
        )
        return
    for table in filter(None, tables.values()):
        title, *rest = str(table).splitlines()
        console.head(title)
        console.say(*rest)
