"""IDX, the format of the MNIST files: two zero bytes, an element type, the number of dimensions, sizes, numbers.

All numbers are big-endian. The format is described at http://yann.lecun.com/exdb/mnist/. gzip may pack a file.
"""

from __future__ import annotations

import gzip
import os
import zlib
from math import prod
from typing import BinaryIO

import numpy as np

from ..errors import FileFormatError, message

ELEMENTS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
GREATEST_RATIO = 1032  # deflate cannot shrink anything further: RFC 1951 spends two bits on at most 258 bytes


def read(path: str | os.PathLike) -> np.ndarray:
    """The array of an IDX file, raw or compressed by gzip, whatever it is called.

    path   the file; its elements may be 8, 16 or 32 bit integers, or 32 or 64 bit floats

    What the header promises is checked against the size of the file before any memory is taken. FileFormatError where
    the file is truncated, too long, of another format, or no sound gzip file; OSError as from ``open``.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "labels-idx1-ubyte")
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> lamina.data.idx.read(path)
    array([7, 2, 1], dtype=uint8)
    """
    name, size = os.path.basename(path), os.path.getsize(path)
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            return decode(file, size, name)
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                return decode(unpacked, size * GREATEST_RATIO, name)  # type: ignore[arg-type]
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise refused(name, "its compression is broken", str(problem), "a whole gzip file") from None


def decode(file: BinaryIO, room: int, name: str = "the file") -> np.ndarray:
    """The array of an open file that cannot hold more than ``room`` bytes."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in ELEMENTS:
        raise refused(name, "it does not begin as one", magic.hex(" ") or "no bytes", "00 00, type 08 to 0e, rank")
    rank = magic[3]
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise refused(name, "it ends within its header", f"{4 + len(sizes)} bytes", f"{4 + 4 * rank} for rank {rank}")
    shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
    dtype = np.dtype(ELEMENTS[magic[2]])
    want = prod(shape) * dtype.itemsize
    promised = f"{want} for {dtype.name}{list(shape)}"
    left = room - 4 - 4 * rank
    if want > left:
        raise refused(name, "it is too short for its header", f"at most {left} bytes of data", promised)
    data = file.read(want)
    if len(data) < want:
        raise refused(name, "it ends too early", f"{len(data)} bytes of data", promised)
    if file.read(1):
        raise refused(name, "bytes follow after the data", f"more than {want} bytes", promised)
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def refused(name: str, why: str, got: str, want: str) -> FileFormatError:
    return FileFormatError(
        message(f"{name} is no sound IDX file: {why}", got=got, want=want, fix="take another copy of the file")
    )
