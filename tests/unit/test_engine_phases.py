"""Phases: what may run at the same time does, what is short ends no phase, and nothing overtakes what it needs."""

import re

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import Arena, chain

ROWS, COLUMNS = 200, 600
HALF = ("c", 0.5, "float32")


def phases(program):
    """The instructions of each phase."""
    steps = program.describe().partition("steps\n")[2]
    return [[int(n) for n in re.findall(r"^    (\d+) ", text, re.M)] for text in steps.split("  phase ")[1:]]


def halved(arena, source, to, shape):
    arena.add("map", [source], [to], chain=chain(shape, [("mul", "float32", [0, HALF], 1)]))


def test_what_is_short_waits_while_others_work(isa):
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((128, 128)).astype("float32") for _ in range(2))
    arena = Arena(isa)
    x, y = arena.put(a), arena.put(b)
    outs = [arena.room((128, 128)) for _ in range(3)]
    row, halves, quarters = (*outs[0][:3], (128,), (1,)), arena.room((128,)), arena.room((128,))
    arena.add("gemm", [x, y], [outs[0]], ints=[0])
    halved(arena, row, halves, (128,))
    halved(arena, halves, quarters, (128,))
    arena.add("gemm", [y, x], [outs[1]], ints=[0])
    arena.add("gemm", [outs[1], x], [outs[2]], ints=[0])  # what is long ends the phase
    for threads in (1, 2, 5):
        _native.set_num_threads(threads)
        program = arena.program()
        program.run(2)
        np.testing.assert_array_equal(program.read(*quarters), program.read(*outs[0])[0] / 4)
        np.testing.assert_allclose(program.read(*outs[2]), b @ a @ a, rtol=1e-3, atol=1e-2)
    assert phases(program) == [[0, 3], [1, 2, 4]]


def drawn(random, arena, large, small):
    """One instruction, added to a program, and the same in NumPy."""
    kind, i, j, k = random.integers(4), *random.integers(3, size=2), random.integers(5)
    big, small_shape = (ROWS, COLUMNS), (COLUMNS,)

    def row(n):
        return (*small[n][:3], big, (0, 1))

    if kind == 0:  # long: reads a short one
        steps = [("add", "float32", [0, 1], 3), ("mul", "float32", [3, HALF], 2)]
        arena.add("map", [large[i], row(k)], [large[j]], chain=chain(big, steps, registers=1))

        def apply(values):
            values["large"][j] = (values["large"][i] + values["small"][k]) * np.float32(0.5)

    elif kind == 1:  # long: gives a short one
        arena.add("max", [large[i]], [small[k]], ints=[0])

        def apply(values):
            values["small"][k] = values["large"][i].max(0)

    elif kind == 2:  # short: a row of a long one
        halved(arena, (*large[i][:3], small_shape, (1,)), small[k], small_shape)

        def apply(values):
            values["small"][k] = values["large"][i][0] * np.float32(0.5)

    else:  # short
        m = int(random.integers(5))
        step = ("sub", "float32", [0, 1], 2)
        arena.add("map", [small[k], small[m]], [small[m]], chain=chain(small_shape, [step]))

        def apply(values):
            values["small"][m] = values["small"][k] - values["small"][m]

    return apply


@pytest.mark.parametrize("seed", range(12))
def test_any_program_gives_what_its_instructions_give_in_turn(isa, seed):
    random = np.random.default_rng(seed)
    values = {
        "large": [random.standard_normal((ROWS, COLUMNS)).astype("float32") for _ in range(3)],
        "small": [random.standard_normal(COLUMNS).astype("float32") for _ in range(5)],
    }
    arena = Arena(isa)
    large, small = ([arena.put(x) for x in values[size]] for size in ("large", "small"))
    for apply in [drawn(random, arena, large, small) for _ in range(40)]:
        apply(values)
    for threads in (1, 2, 5):
        _native.set_num_threads(threads)
        program = arena.program()
        program.run(1)
        for places, want in ((large, values["large"]), (small, values["small"])):
            for place, x in zip(places, want, strict=True):
                np.testing.assert_array_equal(program.read(*place), x)
