"""Programs in the style of Keras's own introductions. They say ``import keras`` and nothing of Lamina.

Each draws its weights from NumPy, trains for a moment and leaves what it found in ``results``: numbers by name.
"""

from pathlib import Path

import numpy as np

PROGRAMS = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem != "__init__"}


def numbers(value) -> list[float]:
    """Numbers of any form as a list of them, to seven digits."""
    return [float(f"{x:.7g}") for x in np.asarray(value, "float64").reshape(-1)]
