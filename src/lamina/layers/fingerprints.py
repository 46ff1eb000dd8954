"""Numbers of 64 bits for texts, the same on every machine: FarmHash's fingerprint and SipHash-2-4.

Keras puts texts into bins by them, so a layer trained there finds the same bins here.

FarmHash: G. Pike, "Introducing FarmHash" (2014), the function that its documentation calls Fingerprint64.
SipHash: J.-P. Aumasson, D. Bernstein, "SipHash: a fast short-input PRF" (2012).
"""

from __future__ import annotations

import struct

MASK = (1 << 64) - 1
K0, K1, K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
SEED, BLOCK = 81, 64
JOIN = 0xC6A4A7935BD1E995  # the multiplier that joins two fingerprints
SIP = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def word(data: bytes, at: int) -> int:
    """Eight bytes as a number, the lowest first."""
    return int.from_bytes(data[at : at + 8], "little")


def half(data: bytes, at: int) -> int:
    """Four bytes as a number, the lowest first."""
    return int.from_bytes(data[at : at + 4], "little")


def turned_right(x: int, by: int) -> int:
    """The low 64 bits rotated to the right."""
    x &= MASK
    return (x >> by | x << (64 - by)) & MASK


def turned_left(x: int, by: int) -> int:
    return turned_right(x, 64 - by)


def mixed(x: int) -> int:
    """The upper bits brought into the lower ones."""
    x &= MASK
    return x ^ x >> 47


def joined(u: int, v: int, multiplier: int) -> int:
    """Two numbers as one."""
    a = mixed((u ^ v) * multiplier)
    return mixed((v ^ a) * multiplier) * multiplier & MASK


def fingerprint(data: bytes) -> int:
    """FarmHash's Fingerprint64 of some bytes.

    >>> hex(lamina.layers.fingerprints.fingerprint(b"a"))
    '0xb3454265b6df75e3'
    """
    if len(data) <= 16:
        return of_few(data)
    if len(data) <= 32:
        return of_32(data)
    return of_64(data) if len(data) <= BLOCK else of_many(data)


def of_few(data: bytes) -> int:
    """Of at most 16 bytes."""
    size = len(data)
    multiplier = K2 + 2 * size
    if size >= 8:
        a, b = word(data, 0) + K2 & MASK, word(data, size - 8)
        c = turned_right(b, 37) * multiplier + a & MASK
        d = (turned_right(a, 25) + b) * multiplier & MASK
        return joined(c, d, multiplier)
    if size >= 4:
        return joined(size + (half(data, 0) << 3), half(data, size - 4), multiplier)
    if size:
        y, z = data[0] + (data[size >> 1] << 8), size + (data[-1] << 2)
        return mixed(y * K2 & MASK ^ z * K0 & MASK) * K2 & MASK
    return K2


def ends(data: bytes, first: int) -> tuple[int, int, int]:
    """What 17 to 64 bytes have in common: the first and last 16 bytes, as two sums, and the first factor."""
    size = len(data)
    multiplier = K2 + 2 * size
    a, b = word(data, 0) * first & MASK, word(data, 8)
    c, d = word(data, size - 8) * multiplier & MASK, word(data, size - 16) * K2
    return turned_right(a + b, 43) + turned_right(c, 30) + d & MASK, a + turned_right(b + K2, 18) + c & MASK, a


def of_32(data: bytes) -> int:
    """Of 17 to 32 bytes."""
    y, z, _ = ends(data, K1)
    return joined(y, z, K2 + 2 * len(data))


def of_64(data: bytes) -> int:
    """Of 33 to 64 bytes."""
    size = len(data)
    multiplier = K2 + 2 * size
    y, z, a = ends(data, K2)
    z = joined(y, z, multiplier)
    e, f = word(data, 16) * multiplier & MASK, word(data, 24)
    g = (y + word(data, size - 32)) * multiplier & MASK
    h = (z + word(data, size - 24)) * multiplier & MASK
    u = turned_right(e + f, 43) + turned_right(g, 30) + h & MASK
    return joined(u, e + turned_right(f + a, 18) + g & MASK, multiplier)


def pair(data: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """32 bytes and two numbers as two numbers."""
    w, x, y, z = struct.unpack_from("<4Q", data, at)
    a = a + w & MASK
    b = turned_right(b + a + z, 21)
    c = a
    a = a + x + y & MASK
    return a + z & MASK, b + turned_right(a, 44) + c & MASK


def of_many(data: bytes) -> int:
    """Of more than 64 bytes: block by block, then the last 64 bytes once more."""
    y = SEED * K1 + 113 & MASK
    z = mixed(y * K2 + 113) * K2 & MASK
    x = SEED * K2 + word(data, 0) & MASK
    v = w = (0, 0)
    last = len(data) - 1
    for at in range(0, last // BLOCK * BLOCK, BLOCK):
        x, y, z, v, w = turn(data, at, (x, y, z, v, w), K1, 1)
    multiplier = K1 + ((z & 0xFF) << 1)
    first = w[0] + last % BLOCK & MASK
    v = (v[0] + first & MASK, v[1])
    w = (first + v[0] & MASK, w[1])
    x, y, z, v, w = turn(data, len(data) - BLOCK, (x, y, z, v, w), multiplier, 9)
    u = joined(v[0], w[0], multiplier) + mixed(y) * K0 + z & MASK
    return joined(u, joined(v[1], w[1], multiplier) + x & MASK, multiplier)


def turn(data: bytes, at: int, state, multiplier: int, weight: int):
    """The state after one block of 64 bytes."""
    x, y, z, v, w = state
    x = turned_right(x + y + v[0] + word(data, at + 8), 37) * multiplier & MASK
    y = turned_right(y + v[1] + word(data, at + 48), 42) * multiplier & MASK
    x ^= w[1] * weight & MASK
    y = y + v[0] * weight + word(data, at + 40) & MASK
    z = turned_right(z + w[0], 33) * multiplier & MASK
    v = pair(data, at, v[1] * multiplier & MASK, x + w[0] & MASK)
    w = pair(data, at + 32, z + w[1] & MASK, y + word(data, at + 16) & MASK)
    return z, y, x, v, w


def crossed(first: int, second: int) -> int:
    """Two fingerprints as one, in their order."""
    result = first ^ JOIN ^ mixed(second * JOIN) * JOIN & MASK
    result = mixed(result * JOIN) * JOIN
    return mixed(result)


def keyed(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 of some bytes, with a key of two numbers.

    >>> hex(lamina.layers.fingerprints.keyed(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)))
    '0xa129ca6149be45e5'
    """
    low, high = (k & MASK for k in key)
    v = [low ^ SIP[0], high ^ SIP[1], low ^ SIP[2], high ^ SIP[3]]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for (m,) in struct.iter_unpack("<Q", padded):
        v[3] ^= m
        stirred(v, 2)
        v[0] ^= m
    v[2] ^= 0xFF
    stirred(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def stirred(v: list[int], rounds: int) -> None:
    """SipHash's rounds on its state of four numbers."""
    for _ in range(rounds):
        v[0] = v[0] + v[1] & MASK
        v[1] = turned_left(v[1], 13) ^ v[0]
        v[0] = turned_left(v[0], 32)
        v[2] = v[2] + v[3] & MASK
        v[3] = turned_left(v[3], 16) ^ v[2]
        v[0] = v[0] + v[3] & MASK
        v[3] = turned_left(v[3], 21) ^ v[0]
        v[2] = v[2] + v[1] & MASK
        v[1] = turned_left(v[1], 17) ^ v[2]
        v[2] = turned_left(v[2], 32)
