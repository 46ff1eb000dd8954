"""What the commands write: text for people within 80 columns, or one JSON object for machines."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import click

WIDTH = 80


def colourful(stream=None) -> bool:
    """Whether colours are welcome: in a terminal, unless ``NO_COLOR`` is set (https://no-color.org)."""
    stream = stream or sys.stdout
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def paint(text: str, stream=None, **style) -> str:
    """The text in a style of ``click.style``, where colours are welcome."""
    return click.style(text, **style) if colourful(stream) else text


def say(*lines: str) -> None:
    """Writes lines to the standard output."""
    for line in lines or ("",):
        click.echo(line)


def head(title: str, *details: str) -> None:
    """A blank line, then a title in bold with details behind it, folded at 80 columns."""
    text = "  ".join([title, *details])
    lines = textwrap.wrap(text, WIDTH, subsequent_indent=" " * (len(title) + 2), break_long_words=False)
    say("", paint(title, bold=True) + lines[0][len(title) :], *lines[1:])


def folded(line: str) -> list[str]:
    """A line as lines of at most 80 columns; what is folded stands four columns further in."""
    indent = len(line) - len(line.lstrip())
    return textwrap.wrap(
        line.strip(),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def complain(text: str) -> None:
    """Writes a problem to the standard error, its first line marked."""
    first, *rest = text.splitlines() or [""]
    click.echo("\n".join([paint("lamina: ", sys.stderr, fg="red", bold=True) + first, *rest]), err=True)


def as_json(result: dict[str, Any]) -> None:
    """The result as one JSON object, and nothing else."""
    click.echo(json.dumps(result, indent=2, ensure_ascii=False))


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Rows of cells as lines, the columns aligned; those numbered in ``right`` to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def count(number: int, thing: str) -> str:
    """``1 epoch``, ``1,442 pictures``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(share: float) -> str:
    """``97.5 %``."""
    return f"{100 * share:.1f} %"


def size_text(size: float) -> str:
    """``34 KB``: bytes, in units of 1,024."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"
