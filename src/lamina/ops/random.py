"""Random numbers as a pure function of (seed, stream, step): Philox 4x32-10.

Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Element i, in row-major order, is
word i mod 4 of the block with counter (i div 4, step) and key (seed, stream). The same numbers come out on every
backend and for any number of threads.
"""

from __future__ import annotations

from ..errors import dtype_error
from ..op import Op
from ..types import Type
from .elementwise import Binary

U = Type("uint32", ())
MULTIPLIERS, WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)


def multiply(xp, a, b: int):
    """High and low word of the 64-bit product of uint32 words, in 16-bit pieces, as JAX has no uint64 by default."""
    b_low, b_high = xp.uint32(b & 0xFFFF), xp.uint32(b >> 16)
    a_low, a_high = a & xp.uint32(0xFFFF), a >> xp.uint32(16)
    low, cross = a_low * b_low, a_high * b_low
    middle = (low >> xp.uint32(16)) + (cross & xp.uint32(0xFFFF)) + a_low * b_high  # below 2^32: no carry is lost
    high = a_high * b_high + (cross >> xp.uint32(16)) + (middle >> xp.uint32(16))
    return high, (middle << xp.uint32(16)) | (low & xp.uint32(0xFFFF))


def philox(xp, counter, key):
    """Ten rounds over four counter words and two key words, all uint32 arrays."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = multiply(xp, c0, MULTIPLIERS[0])
        high1, low1 = multiply(xp, c2, MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + xp.uint32(WEYL[0]), k1 + xp.uint32(WEYL[1])
    return c0, c1, c2, c3


class RandomBits(Op):
    """Random 32-bit words; every call site has a stream of its own."""

    kernel = "random_bits"
    samples = [
        ((U, U), {"shape": (3, 5), "stream": 1}),
        ((U, U), {"shape": (64,), "stream": 0}),
        ((U, U), {"shape": (), "stream": 7}),
    ]
    rejects = [((Type("int32", ()), U), {"shape": (2,), "stream": 0}, "uint32")]

    def infer(self, seed, step, shape, stream):
        if seed != U or step != U:
            raise dtype_error(
                self, "seed and step must be numbers of 32 bits", got=(seed, step), want="uint32[], uint32[]"
            )
        return Type("uint32", tuple(shape))

    def compute(self, xp, seed, step, shape, stream):
        size = 1
        for n in shape:
            size *= n
        block = xp.arange(-(-size // 4)).astype("uint32")
        zero = block * xp.uint32(0)
        words = philox(xp, (block, zero, zero + step, zero), (zero + seed, zero + xp.uint32(stream)))
        return xp.stack(words, axis=1).reshape(-1)[:size].reshape(shape)

    def vjp(self, dy, y, seed, step, **attrs):
        return None, None


class ShiftRight(Binary):
    """Bits moved to the right, zeros coming in from the left."""

    kernel = "shift_right"
    samples = [((Type("uint32", (5,)), Type("uint32", (5,))), {})]
    rejects = [((Type("float32", (2,)), Type("float32", (2,))), {}, "uint32")]

    def infer(self, a, b):
        if a.dtype != "uint32":
            raise dtype_error(self, "needs words of 32 bits", got=(a, b), want="uint32")
        return super().infer(a, b)

    def compute(self, xp, a, b):
        return xp.right_shift(a, xp.minimum(b, xp.uint32(31))) * (b < 32).astype("uint32")

    def vjp(self, dy, y, *xs, **attrs):
        return None, None


random_bits, shift_right = RandomBits(), ShiftRight()
