"""One plain array in, one out: a step of which all but the numbers is known takes a few microseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .draft import CURSOR, FIRST

if TYPE_CHECKING:
    from .program import NativeProgram


class Quick:
    """Runs one step of a program that was run before on an array of the same type; None where that does not hold.

    Then nothing has been done, and the road of ``Program.run`` says what is wrong, or does what has to be done first.
    """

    __slots__ = ("call", "dtype", "engine", "owner", "packed", "shape")

    def __init__(self, owner: NativeProgram):
        assert owner.single is not None
        self.owner, self.engine = owner, owner.single
        self.packed = [owner.bound.slots[i] for i in owner.prologue_slots]
        result = owner.results[0]
        self.shape, self.dtype = result.shape, np.dtype(result.dtype)
        type = owner.bound.arguments[0]
        self.engine.prepare_call(FIRST, CURSOR, type.dtype, type.shape, result.operand())
        self.call = self.engine.call

    def __call__(self, x: np.ndarray) -> np.ndarray | None:
        owner, out = self.owner, np.empty(self.shape, self.dtype)
        with owner.lock:
            if owner.last is not self.engine or owner.versions != [slot.version for slot in self.packed]:
                return None  # the weights were written, and their panels are those of before
            try:
                return out if self.call(x, out) else None
            except IndexError:
                return None


def quick(owner: NativeProgram) -> Quick | None:
    """The quick road of a program, if it has one argument and one result and keeps no state."""
    bound = owner.bound
    if len(bound.arguments) != 1 or not bound.arguments[0].shape or bound.results != 1 or bound.updates:
        return None
    return Quick(owner) if owner.single is not None and owner.results[0].contiguous else None
