"""The engine against NumPy in float64, on every instruction set: fallbacks, threads, memory, refusals."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import ISAS, Arena, chain, mixture

# ---- python ----


def test_python_gets_views_and_its_errors_come_through(isa):
    arena = Arena(isa)
    x, y, z = arena.put(np.arange(6, dtype="float32").reshape(2, 3)), arena.room((3, 2)), arena.room((3, 2))
    fail = []

    def work(ins, outs):
        if fail:
            raise KeyError("no such luck")
        assert ins[0].shape == (2, 3)
        assert ins[0].dtype == np.float32
        outs[0][...] = ins[0].T * 2

    arena.add("python", [x], [y], call=work)
    arena.add("map", [y], [z], chain=chain((3, 2), [("neg", "float32", [0], 1)]))
    program = arena.program()
    assert program.run(2) == 2
    want = np.arange(6, dtype="float32").reshape(2, 3).T * -2
    assert np.array_equal(program.read(*z), want)
    fail.append(1)
    with pytest.raises(KeyError, match="no such luck"):
        program.run()
    fail.clear()
    assert program.run() == 1


def test_python_may_run_another_program_but_not_its_own(isa):
    inner = Arena(isa)
    out = inner.room((3,))
    inner.add("fill", [], [out], floats=[4.0])
    program = inner.program()
    outer = Arena(isa)
    outer.add("python", [], [], call=lambda ins, outs: program.run())
    outer.run(threads=2)
    assert np.array_equal(program.read(*out), [4, 4, 4])
    selves = []
    outer = Arena(isa)
    outer.add("python", [], [], call=lambda ins, outs: selves[0].run())
    selves.append(outer.program())
    with pytest.raises(ValueError, match="its own Python fallback"):
        selves[0].run()


# ---- the executor ----


def test_bits_do_not_depend_on_threads(isa):
    arena, outs = mixture(isa)
    results = [arena.run(*outs, steps=7, threads=t) for t in (1, 2, 3, 8)]
    for other in results[1:]:
        assert all(np.array_equal(x, y) for x, y in zip(results[0], other))


def test_programs_run_from_several_threads_at_once(isa):
    arena, outs = mixture(isa)
    want = arena.run(*outs, steps=5, threads=1)
    _native.set_num_threads(2)
    programs = [arena.program() for _ in range(4)]
    workers = [threading.Thread(target=p.run, args=(5,)) for p in programs]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    for p in programs:
        assert all(np.array_equal(p.read(*o), x) for o, x in zip(outs, want))


def test_stop_ends_a_run_between_steps(isa):
    arena, _outs = mixture(isa)
    program = arena.program()
    _native.set_num_threads(2)
    threading.Timer(0.05, program.stop).start()
    assert 0 < program.run(10**9) < 10**9
    assert program.run(3) == 3


def test_a_forked_child_makes_its_own_threads(isa):
    code = f"""
import os, sys
sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})
import numpy as np
from lamina import _native
from engine_programs import mixture
_native.set_num_threads(3)
arena, outs = mixture({isa!r})
program = arena.program()
program.run(5)
want = [program.read(*o) for o in outs]
child = os.fork()
if child == 0:
    other = arena.program()
    other.run(5)
    os._exit(0 if all(np.array_equal(other.read(*o), w) for o, w in zip(outs, want)) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
program.run(1)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == 0


def test_a_cycle_through_a_fallback_is_collected(isa):
    def make_cycle():
        arena = Arena(isa)
        selves = []
        arena.add("python", [], [], call=lambda ins, outs: selves)
        selves.append(arena.program())

    gc.collect()
    before = _native.memory_in_use()
    make_cycle()
    gc.collect()
    assert _native.memory_in_use() == before


def test_memory_is_given_back(isa):
    before = _native.memory_in_use()
    program = _native.Program([], 10**6, 1, isa=isa)
    assert _native.memory_in_use() >= before + 10**6
    del program
    assert _native.memory_in_use() == before


# ---- what is refused ----

F = "float32"
REFUSED = {
    "an unknown kernel": ({"kernel": "frobnicate"}, r"instruction 0 \(frobnicate\): there is no such kernel"),
    "an operand beyond the arena": (
        {"kernel": "fill", "out": [(0, 0, F, (100,), (1,))]},
        r"instruction 0 \(fill\): an operand ends at byte 400 of an arena of 256",
    ),
    "an operand before the arena": ({"kernel": "fill", "out": [(0, 0, F, (2,), (-1,))]}, "starts before its base"),
    "a size that overflows": ({"kernel": "fill", "out": [(0, 0, F, (2**40, 2**40), (1, 1))]}, "does not fit 64 bits"),
    "strides that overflow": ({"kernel": "fill", "out": [(0, 0, F, (3,), (2**62,))]}, "does not fit 64 bits"),
    "a negative dimension": ({"kernel": "fill", "out": [(0, 0, F, (-1,), (1,))]}, "a dimension is negative"),
    "an unknown base": ({"kernel": "fill", "out": [(7, 0, F, (1,), (1,))]}, "has base 7 of 2"),
    "an unknown dtype": (
        {"kernel": "fill", "out": [(0, 0, "float16", (1,), (1,))]},
        'instruction 0: unknown dtype "float16"',
    ),
    "an odd offset": ({"kernel": "fill", "out": [(0, 2, F, (1,), (1,))]}, "not a multiple of its element size"),
    "nine dimensions": ({"kernel": "fill", "out": [(0, 0, F, (1,) * 9, (1,) * 9)]}, "more than 8 dimensions"),
    "matrices that do not fit": (
        dict(
            kernel="gemm",
            **{"in": [(0, 0, F, (2, 3), (3, 1)), (0, 0, F, (2, 3), (3, 1))]},
            out=[(0, 0, F, (2, 3), (3, 1))],
        ),
        "B does not fit A and C",
    ),
    "a dtype the kernel does not know": (
        dict(kernel="softmax", **{"in": [(0, 0, "int32", (2, 3), (3, 1))]}, out=[(0, 0, "int32", (2, 3), (3, 1))]),
        r"\(softmax\): is for float32",
    ),
    "map without a chain": ({"kernel": "map", "out": [(0, 0, F, (1,), (1,))]}, "map needs a chain"),
    "an unknown functor": (
        {"kernel": "map", "out": [(0, 0, F, (1,), (1,))], "chain": chain((1,), [("gamma", F, [("c", 1, F)], 0)])},
        'no functor "gamma" from float32 to float32',
    ),
    "a register that holds nothing": (
        {"kernel": "map", "out": [(0, 0, F, (1,), (1,))], "chain": chain((1,), [("exp", F, [1], 0)], 1)},
        "register 1, which holds nothing",
    ),
    "an output nobody writes": (
        {"kernel": "map", "out": [(0, 0, F, (1,), (1,))], "chain": chain((1,), [("exp", F, [("c", 1, F)], 1)], 1)},
        "no step writes output 0",
    ),
    "a chain where none belongs": (
        {"kernel": "fill", "out": [(0, 0, F, (1,), (1,))], "chain": chain((1,), [])},
        "takes no chain",
    ),
    "a wrong field": (
        {"kernel": "fill", "out": [(0, 0, F, ("x",), (1,))]},
        "instruction 0: a field has the wrong type",
    ),
    "a scan beyond the arena": (
        dict(
            kernel="scan",
            **{"in": [(0, 0, F, (1,), (1,))]},
            ints=[100, 0, 4],
            body=[{"kernel": "fill", "out": [(1, 0, F, (1,), (1,))]}],
        ),
        "an operand ends at byte 400",
    ),
    "a scan without pieces": (
        dict(kernel="scan", **{"in": [(0, 0, F, (1,), (1,))]}, ints=[2, 0, 4, 0, 4], body=[]),
        "has no pieces",
    ),
    "pieces that write the same": (
        dict(
            kernel="scan",
            **{"in": [(0, 0, F, (1,), (1,))]},
            ints=[2, 0, 4, 2, 0],
            body=[{"kernel": "fill", "out": [(1, 0, F, (1,), (1,))]}],
        ),
        "what another piece touches",
    ),
    "a piece that reads what another writes": (
        dict(
            kernel="scan",
            **{"in": [(0, 0, F, (2,), (1,)), (0, 0, F, (1,), (1,))]},
            ints=[2, 0, 0, 0, 2, 0, 4],
            body=[{"kernel": "copy", "in": [(1, 4, F, (1,), (1,))], "out": [(2, 0, F, (1,), (1,))]}],
        ),
        "what another piece touches",
    ),
    "pieces that reach into each other's rows": (
        dict(
            kernel="scan",
            **{"in": [(0, 0, F, (1,), (1,))]},
            ints=[2, 0, 8, 2, 4],
            body=[{"kernel": "fill", "out": [(1, 0, F, (2,), (1,))]}],
        ),
        "what another piece touches",
    ),
    "pieces that enter Python": (
        dict(
            kernel="scan",
            **{"in": [(0, 0, F, (1,), (1,))]},
            ints=[2, 0, 0, 1, 0],
            body=[{"kernel": "python", "in": [(1, 0, F, (1,), (1,))], "call": print}],
        ),
        "cannot enter Python",
    ),
    "a chain that starts before its first element": (
        {
            "kernel": "map",
            "out": [(0, 0, "int32", (4,), (1,))],
            "chain": {**chain((4,), [("iota", "int32", [("c", 0, "int32")], 0)]), "start": (-3, 0)},
        },
        "starts before its first element",
    ),
    "a chain that starts behind all numbers": (
        {
            "kernel": "scan",
            "in": [(0, 0, "int32", (4,), (1,))],
            "ints": [1, 0, 0, 3, 16],
            "body": [
                {
                    "kernel": "map",
                    "out": [(1, 0, "int32", (4,), (1,))],
                    "chain": {**chain((4,), [("iota", "int32", [("c", 0, "int32")], 0)]), "start": (0, 2**62)},
                }
            ],
        },
        "does not fit 64 bits",
    ),
    "an axis that is not there": (
        dict(kernel="sum", **{"in": [(0, 0, F, (2,), (1,))]}, out=[(0, 0, F, (2,), (1,))], ints=[1]),
        "no such axis",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(isa, what):
    instruction, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        _native.Program([instruction], 256, 2, isa=isa)


def test_bases_are_checked_when_bound(isa):
    double = [
        dict(
            kernel="map",
            **{"in": [(1, 0, F, (10,), (1,))]},
            out=[(2, 0, F, (10,), (1,))],
            chain=chain((10,), [("add", F, [0, 0], 1)]),
        )
    ]
    program = _native.Program(double, 0, 3, isa=isa)
    with pytest.raises(ValueError, match="base 1 is not bound"):
        program.run()
    with pytest.raises(ValueError, match="base 1 needs 40 bytes, the array has 36"):
        program.bind(1, np.zeros(9, F))
    with pytest.raises(ValueError, match="no base 3"):
        program.bind(3, np.zeros(10, F))
    with pytest.raises(ValueError, match="C-contiguous"):
        program.bind(1, np.zeros((10, 2), F)[:, 0])
    frozen, x = np.zeros(10, F), np.arange(10, dtype=F)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        program.bind(2, frozen)
    program.bind(1, x)
    with pytest.raises(ValueError, match="overlaps base 1"):
        program.bind(2, x)
    y = np.zeros(10, F)
    program.bind(2, y)
    program.run()
    assert np.array_equal(y, 2 * x)
    program.bind(1, frozen)
    program.run()
    assert np.array_equal(y, np.zeros(10))


def test_instruction_sets_are_chosen_by_name():
    assert _native.Program([], 0, 1, isa=ISAS[-1]).isa == ISAS[-1]
    with pytest.raises(ValueError, match='cannot run instruction set "quantum"; possible: ' + ", ".join(ISAS)):
        _native.Program([], 0, 1, isa="quantum")
    code = "from lamina import _native; print(_native.isa()); _native.Program([], 0, 1)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    good = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "LAMINA_ISA": ISAS[-1]}, capture_output=True, text=True
    )
    assert good.stdout.strip() == ISAS[-1]
    assert good.returncode == 0
    bad = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "LAMINA_ISA": "quantum"}, capture_output=True, text=True
    )
    assert "possible: " + ", ".join(ISAS) in bad.stderr


def test_the_number_of_threads():
    with pytest.raises(ValueError, match="from 1 to 1024"):
        _native.set_num_threads(0)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "from lamina import _native; print(_native.get_num_threads())"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], env={**environment, "LAMINA_NUM_THREADS": "3"}, capture_output=True, text=True
        ).stdout.strip()
        == "3"
    )
    bad = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "LAMINA_NUM_THREADS": "many"}, capture_output=True, text=True
    )
    assert "ValueError" in bad.stderr
    assert "many" in bad.stderr
