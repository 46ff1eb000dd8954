"""Python's collector of cycles, told to wait while graphs are made."""

from __future__ import annotations

import gc
from contextlib import contextmanager


@contextmanager
def no_collection():
    """A graph is many small objects, all of which stay: looking for garbage among them takes a third of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
