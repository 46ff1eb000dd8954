"""``lamina show``: a saved network as layers, as a formula and as a graph."""

from __future__ import annotations

import click

from ..insight import explain, formula
from ..insight.formulas import CONVENTIONS
from ..models.saving import load_model
from . import console


@click.command("show")
@click.argument("model")
@click.option(
    "--convention",
    type=click.Choice(list(CONVENTIONS)),
    default="rows",
    show_default=True,
    help="How the formula is written.",
)
@click.option("--json", "machine", is_flag=True, help="One JSON object instead of text.")
def command(model: str, convention: str, machine: bool) -> None:
    """Show MODEL: its layers and parameters, its formula, and the graph that computes it."""
    network = load_model(model, compile=False)
    graph = explain(network, batch_size=1).inference.graph
    if machine:
        layers = [
            {"name": layer.name, "class": type(layer).__name__, "parameters": layer.count_params()}
            for layer in network.layers
        ]
        console.as_json(
            {
                "model": model,
                "layers": layers,
                "parameters": network.count_params(),
                "classes": network.class_names,
                "preprocessing": network.preprocessing,
                "formula": formula(network, convention),
                "graph": graph,
            }
        )
        return
    network.summary(line_length=console.WIDTH, print_fn=lambda text: console.say(*text.splitlines()))
    console.head("Formula")
    console.say(*(f"  {line}".rstrip() for line in formula(network, convention).splitlines()))
    console.head("Graph", "what prediction computes for one sample, one operation a line, its layer behind @")
    console.say(*(folded for line in graph.splitlines() for folded in console.folded(f"  {line}")))
    if network.class_names:
        console.head("Classes", ", ".join(network.class_names))
