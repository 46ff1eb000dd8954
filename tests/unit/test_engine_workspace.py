"""Workspace: beside each other for instructions that run at the same time, in one place for those that do not."""

import numpy as np
import pytest

from lamina import _native
from unit.engine_programs import Arena

WINDOW = [1, *[8, 3, 1, 1, 1, 8] * 2]  # 3 x 3 on 8 x 8, padded by 1


def kernel_gradients(isa, numbers, apart):
    """Gradients of convolutions, and where they are. ``apart``: each is copied before the next one takes its place."""
    arena, outs, dk = Arena(isa), [], None
    for k in numbers:
        rng = np.random.default_rng(k)
        x, dy = (arena.put(rng.standard_normal((64, 8, 8, c)).astype("float32")) for c in (16, 40))
        dk = dk if dk and apart else arena.room((3, 3, 16, 40))
        arena.add("conv_kernel_grad", [x, dy], [dk], WINDOW)
        outs.append(arena.room((3, 3, 16, 40)) if apart else dk)
        if apart:
            arena.add("copy", [dk], [outs[-1]])
    before = _native.memory_in_use()
    program = arena.program()
    return program, outs, _native.memory_in_use() - before - arena.size


def test_instructions_beside_each_other_keep_their_workspace(isa):
    want = [read(*kernel_gradients(isa, [k], apart=False)[:2])[0] for k in range(5)]
    for apart in (False, True):
        for threads in (1, 2, 3, 8):
            _native.set_num_threads(threads)
            program, outs, _ = kernel_gradients(isa, range(5), apart)
            for _ in range(3):
                for got, wanted in zip(read(program, outs), want, strict=True):
                    np.testing.assert_array_equal(got, wanted)


def read(program, outs):
    program.run(1)
    return [program.read(*o) for o in outs]


def test_instructions_after_each_other_share_their_workspace(isa):
    one, beside, after = (kernel_gradients(isa, range(n), apart)[2] for n, apart in ((1, False), (6, False), (6, True)))
    assert one > 100_000
    assert after < 1.1 * one
    assert 5.5 * one < beside < 6.5 * one


POOLED = [*WINDOW, 1, *[8, 2, 2, 1, 0, 4] * 2]  # ... and pooled, 2 x 2


@pytest.mark.parametrize("kernel", ["conv_kernel_grad", "pooled_kernel_grad", "sum", "moments"])
@pytest.mark.parametrize("channels", [3, 64])
def test_nothing_is_added_up_from_what_others_left(isa, kernel, channels):
    """No images: sums of nothing, though the workspace is full of another instruction's numbers."""
    rng = np.random.default_rng(0)
    arena = Arena(isa)
    full = [arena.put(rng.standard_normal((64, 8, 8, c)).astype("float32")) for c in (16, 40)]
    dk = arena.room((3, 3, 16, 40))
    arena.add("conv_kernel_grad", full, [dk], WINDOW)
    arena.add("copy", [dk], [arena.room((3, 3, 16, 40))])
    image = arena.room((0, 8, 8, channels))
    if kernel == "conv_kernel_grad":
        out = arena.room((3, 3, channels, 40))
        arena.add(kernel, [image, arena.room((0, 8, 8, 40))], [out], WINDOW)
    elif kernel == "pooled_kernel_grad":
        out = arena.room((3, 3, channels, 40))
        arena.add(kernel, [arena.room((0, 4, 4, 40)), arena.room((0, 4, 4, 40), "uint8"), image], [out], POOLED)
    else:
        out = arena.room((8, channels))
        outs = [out] if kernel == "sum" else [arena.room((8, channels)), out]
        arena.add(kernel, [image], outs, [0, 1])
    program = arena.program()
    for _ in range(2):
        (got,) = read(program, [out])
        assert not got.any()
