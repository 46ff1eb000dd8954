"""Hand-written programs for the native engine: arrays placed in an arena, instructions appended, results read back."""

import numpy as np

from lamina import _native

ISAS = _native.isas()
FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64", "uint32")


def name(dtype):
    return {"bool_": "bool"}.get(np.dtype(dtype).name, np.dtype(dtype).name)


class Arena:
    """Hand-written programs: arrays placed in an arena, instructions appended, results read back."""

    def __init__(self, isa, num_bases=1):
        self.isa, self.num_bases, self.size, self.instructions, self.prologue, self.fills = (
            isa,
            num_bases,
            64,
            [],
            [],
            [],
        )

    def room(self, shape, dtype="float32", pad=0):
        """An uninitialised contiguous operand; `pad` elements of extra row stride."""
        size = np.dtype(dtype).itemsize
        strides, step = [], 1
        for i, n in enumerate(reversed(shape)):
            strides.append(step)
            step *= n + (pad if i == 0 else 0)
        operand = (0, self.size, name(dtype), tuple(shape), tuple(reversed(strides)))
        self.size += -(-max(step, 1) * size // 64) * 64 + 64
        return operand

    def put(self, array):
        """A place whose first value is this array, with the array's own strides (0, negative, transposed)."""
        array = np.asarray(array)
        base = array
        while isinstance(base.base, np.ndarray):
            base = base.base
        base = np.lib.stride_tricks.as_strided(base, base.shape, base.strides)
        flat = np.ascontiguousarray(base) if base.flags.c_contiguous else base.T
        assert flat.flags.c_contiguous
        start = array.__array_interface__["data"][0] - flat.__array_interface__["data"][0]
        offset = self.room((flat.size,), flat.dtype)[1]
        self.fills.append((offset, flat))
        return (0, offset + start, name(array.dtype), array.shape, tuple(s // array.itemsize for s in array.strides))

    def add(self, kernel, ins=(), outs=(), ints=(), floats=(), **more):
        self.instructions.append(
            dict(kernel=kernel, **{"in": list(ins)}, out=list(outs), ints=list(ints), floats=list(floats), **more)
        )

    def program(self):
        bases = self.num_bases + len(self.fills)
        fills = []
        for i, (offset, flat) in enumerate(self.fills):
            place = (0, offset, "uint8", (flat.nbytes,), (1,))
            fills.append(
                dict(
                    kernel="copy",
                    **{"in": [(self.num_bases + i, 0, "uint8", (flat.nbytes,), (1,))]},
                    out=[place],
                    ints=[],
                    floats=[],
                )
            )
        program = _native.Program(self.instructions, self.size, bases, fills + self.prologue, self.isa)
        for i, (_, flat) in enumerate(self.fills):
            program.bind(self.num_bases + i, flat.reshape(-1).view("uint8") if flat.size else np.zeros(0, "uint8"))
        return program

    def run(self, *outs, steps=1, threads=1):
        _native.set_num_threads(threads)
        program = self.program()
        assert program.run(steps) == steps
        return [program.read(*o) for o in outs] if len(outs) != 1 else program.read(*outs[0])


def chain(shape, steps, registers=0):
    return {"shape": tuple(shape), "steps": steps, "n_registers": registers}


def elementwise(isa, functor, out_dtype, *arrays, shape=None, pad=0):
    """One functor over the broadcast shape of its arrays."""
    arena = Arena(isa)
    arrays = [np.asarray(a) for a in arrays]
    shape = np.broadcast_shapes(*[a.shape for a in arrays]) if shape is None else shape
    ins = [arena.put(a)[:3] + (shape, arena_strides(a, shape)) for a in arrays]
    out = arena.room(shape, out_dtype, pad)
    arena.add("map", ins, [out], chain=chain(shape, [(functor, name(out_dtype), list(range(len(ins))), len(ins))]))
    return arena.run(out)


def arena_strides(a, shape):
    return tuple(s // a.itemsize for s in np.broadcast_to(a, shape).strides)


def ulps(got, want):
    """Largest error in units of the last place of the float32 nearest to `want` (float64)."""
    with np.errstate(all="ignore"):
        near = want.astype("float32")
        both = np.isfinite(near) & np.isfinite(got)
        assert np.array_equal(np.isnan(got), np.isnan(near))
        assert np.array_equal(got[~both & ~np.isnan(near)], near[~both & ~np.isnan(near)])
        step = np.maximum(np.spacing(np.abs(near[both])), np.float32(1e-45)).astype("float64")
        return np.max(np.abs(got[both] - want[both]) / step, initial=0)


def assert_close(got, want, k=1):
    """Within float32 rounding of a sum of k products."""
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6 * max(1, k) ** 0.5 * 3)


def pack(arena, operand):
    batch, (k, n) = operand[3][:-2], operand[3][-2:]
    one = _native.packed_size(k, n, arena.isa) // 4
    buffer = arena.room((int(np.prod(batch)) * one,))
    arena.add("pack", [operand], [buffer])
    return (
        buffer
        if not batch
        else buffer[:3] + (batch + (one,), tuple(one * int(np.prod(batch[d + 1 :])) for d in range(len(batch))) + (1,))
    )


def gemm(isa, a, b, packed=False, pad=0, threads=1):
    arena = Arena(isa)
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + (a.shape[-2], b.shape[-1])
    ins, out = [arena.put(a), arena.put(b)], arena.room(shape, pad=pad)
    if packed:
        ins[1] = pack(arena, ins[1])
    arena.add("gemm", ins, [out], ints=[int(packed)])
    return arena.run(out, threads=threads)


def mixture(isa, seed=23):
    """A program of many kernels, large enough for several threads, dependent and independent instructions mixed."""
    random = np.random.default_rng(seed)
    arena = Arena(isa)
    a, b = (
        arena.put(random.standard_normal((211, 150)).astype("float32")),
        arena.put(random.standard_normal((150, 130)).astype("float32")),
    )
    outs = [arena.room(s) for s in [(211, 130), (211, 130), (130,), (211,), (130, 211), (130, 130), (1,)]]
    arena.add("gemm", [a, b], outs[:1], ints=[0])
    arena.add("softmax", outs[:1], outs[1:2])
    arena.add("sum", outs[1:2], outs[2:3], ints=[0])
    arena.add("max", outs[:1], outs[3:4], ints=[1])
    arena.add("copy", [outs[1][:3] + ((130, 211), (1, 130))], outs[4:5])
    arena.add("gemm", [outs[4], outs[1]], outs[5:6], ints=[0])
    arena.add("sum", [outs[5]], [outs[6][:3] + ((), ())], ints=[0, 1])
    arena.add(
        "map",
        [outs[6][:3] + ((211, 150), (0, 0)), a],
        [a],
        chain=chain((211, 150), [("mul", "float32", [0, ("c", 1e-4, "float32")], 3), ("sub", "float32", [1, 3], 2)], 1),
    )
    return arena, [a] + outs
