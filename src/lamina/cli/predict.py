"""``lamina predict``: what a saved network sees in pictures."""

from __future__ import annotations

import os
from typing import Any

import click
import numpy as np

from ..data import pictures
from ..errors import FileFormatError, message
from ..models.saving import load_model
from . import blocks, console

BAR = 24
SMALL = 16  # pictures below this many pixels are drawn twice as large


@click.command("predict")
@click.argument("model")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--json", "machine", is_flag=True, help="One JSON object instead of text.")
def command(model: str, images: tuple[str, ...], machine: bool) -> None:
    """Say what MODEL sees in each IMAGE: a PNG or JPEG of any size, dark on light or light on dark.

    The drawn part is cut out, scaled and centred as the training pictures were; what the network gets is shown.
    """
    network = load_model(model, compile=False)
    form, names = network.preprocessing, network.class_names
    if form is None or names is None or [x.shape[1:] for x in network.outputs] != [(len(names),)]:
        raise FileFormatError(
            message(
                f"{os.path.basename(model)} was not trained on pictures with names",
                fix="lamina train makes files that can be asked",
            )
        )
    samples = np.stack([pictures.prepare(pictures.read(image), form) for image in images])
    shares = network.predict(samples, verbose=0)
    results = [judged(image, share, names) for image, share in zip(images, shares)]
    if machine:
        console.as_json({"model": model, "predictions": results})
        return
    for result, sample in zip(results, samples):
        tell(result, drawn(sample), names)


def judged(image: str, shares: np.ndarray, names: list[str]) -> dict[str, Any]:
    """What the network says of one picture."""
    return {
        "image": image,
        "class": names[int(shares.argmax())],
        "probability": round(float(shares.max()), 6),
        "probabilities": {name: round(float(p), 6) for name, p in zip(names, shares)},
    }


def drawn(sample: np.ndarray) -> np.ndarray:
    """A sample as a picture of two dimensions."""
    if sample.ndim == 1:
        side = int(sample.size**0.5)
        return sample.reshape(side, side)
    return sample if sample.ndim == 2 else sample[..., 0]


def tell(result: dict[str, Any], picture: np.ndarray, names: list[str]) -> None:
    """The picture on the left, the probabilities on the right."""
    console.head(result["image"], f"looks like {result['class']} ({console.percent(result['probability'])})")
    if max(picture.shape) < SMALL:
        picture = np.repeat(np.repeat(picture, 2, 0), 2, 1)
    left = blocks.picture(picture)
    wide = max(map(len, names))
    right = []
    for name, share in result["probabilities"].items():
        line = f"{name:>{wide}} {console.percent(share):>7} {blocks.bar(share, BAR)}"
        right.append(console.paint(line, bold=True) if name == result["class"] else line)
    blank = " " * picture.shape[1]
    for i in range(max(len(left), len(right))):
        shown = left[i] if i < len(left) else blank
        pad = "" if console.colourful() and i < len(left) else " " * (picture.shape[1] - len(shown))
        console.say(f"  {shown}{pad}   {right[i] if i < len(right) else ''}".rstrip())
