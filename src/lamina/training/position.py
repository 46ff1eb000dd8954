"""Where a training stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Position:
    """Where a training stands: all that a resumed one needs beside the variables.

    epoch  the number of the epoch, from 0
    step   how many steps of it are done
    done   how many steps of this ``fit`` are done
    start  the generator's step when ``fit`` began
    """

    epoch: int = 0
    step: int = 0
    done: int = 0
    start: int = 0
