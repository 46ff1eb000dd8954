"""What training says while it runs: a bar on a terminal, one line for each epoch elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

REFRESH = 0.05  # seconds between two pictures of the bar
BAR = 24


class Progress:
    """Shows how far a loop of steps has come.

    verbose  0: nothing, 1 or "auto": a bar on a terminal and a line at the end of each round, 2: the lines only
    lasting  whether a line remains at the end of a round

    Without a terminal there is no bar. Colours follow ``NO_COLOR``.
    """

    def __init__(self, verbose: int | str = "auto", lasting: bool = True):
        self.level = 1 if verbose == "auto" else int(verbose)
        self.lasting = lasting
        self.title, self.steps, self.begun, self.last, self.first = "", None, 0.0, 0.0, 0
        self.live: Any = None

    def begin(self, title: str, steps: int | None, first: int = 0) -> None:
        """A round of ``steps`` steps begins, of which ``first`` are done already."""
        self.title, self.steps, self.first = title, steps, first
        self.begun = self.last = time.perf_counter()
        if self.level == 1 and sys.stdout is not None and sys.stdout.isatty():
            self.live = live_line()
            self.live.start()

    def update(self, step: int, logs: Mapping[str, Any]) -> None:
        """``step`` steps are done. Draws at most every 50 ms."""
        now = time.perf_counter()
        if self.live is not None and now - self.last >= REFRESH:
            self.last = now
            self.live.update(self.picture(step, logs), refresh=True)

    def end(self, step: int, logs: Mapping[str, Any]) -> None:
        """The round is over: its line."""
        self.close()
        if self.level and self.lasting and sys.stdout is not None:
            print(self.line(step, logs), flush=True)

    def close(self) -> None:
        """Takes the bar away."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    def pace(self, step: int) -> str:
        """How long one step takes."""
        done = step - self.first
        seconds = (time.perf_counter() - self.begun) / done if done > 0 else 0.0
        return f"{seconds:.2f} s/step" if seconds >= 1 else f"{seconds * 1e3:.3g} ms/step"

    def picture(self, step: int, logs: Mapping[str, Any]):
        """The line on the terminal while a round runs."""
        from rich.text import Text

        part = min(step / self.steps, 1.0) if self.steps else 0.0
        title = f"{self.title}  " if self.title else ""
        rest = f"  {step}/{self.steps}" if self.steps else f"{step} steps"
        rest += f"  {self.pace(step)}{measured(logs)}"
        width = self.live.console.width if self.live is not None else 80
        bar = max(6, min(BAR, width - len(title) - len(rest) - 1)) if self.steps else 0
        full = int(part * bar)
        text = Text(title, no_wrap=True, overflow="ellipsis")
        text.append("━" * full, style="green")
        text.append("━" * (bar - full), style="bright_black")
        text.append(rest)
        return text

    def line(self, step: int, logs: Mapping[str, Any]) -> str:
        """The line that remains."""
        title = f"{self.title}  " if self.title else ""
        return f"{title}{step} step{'s' if step != 1 else ''}  {self.pace(step)}{measured(logs)}"


def live_line():
    """Rich's live display: what callbacks print goes above the bar."""
    from rich.console import Console
    from rich.live import Live

    return Live(console=Console(), auto_refresh=False, transient=True)


def measured(logs: Mapping[str, Any]) -> str:
    """Names and values, ``  loss 0.1234  accuracy 0.97``."""
    return "".join(f"  {name} {shown(value)}" for name, value in logs.items())


def shown(value) -> str:
    """A number with four digits behind the point, or in powers of ten where that says more."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:.4f}" if number == 0 or 1e-3 <= abs(number) < 1e5 else f"{number:.3e}"
