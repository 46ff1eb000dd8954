"""The safetensors format: a length, a header in JSON, and the numbers. No code, no names to import, no paths.

Written by ourselves because equal contents must give equal bytes, and read by ourselves because every size is checked
before a byte is allocated. The layout is https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, message
from .atomic import write_atomically

NAMES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "int64": "I64",
    "uint64": "U64",
    "int32": "I32",
    "uint32": "U32",
    "int16": "I16",
    "uint16": "U16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
DTYPES = {short: np.dtype(name).newbyteorder("<") for name, short in NAMES.items()}
HEADER_LIMIT = 100_000_000
METADATA, DIGEST = "__metadata__", "lamina.sha256"
NO_DIGEST = "0" * 64


def encode(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None, digest: bool = False) -> bytes:
    """The bytes of a file: the same for equal contents, whatever the order of the tensors.

    tensors    arrays by name
    metadata   texts by name
    digest     whether the header carries the SHA-256 of the file, which ``decode`` then checks

    >>> tensors, _ = lamina.files.safetensors.decode(lamina.files.safetensors.encode({"w": np.ones(2, "float32")}))
    >>> tensors["w"]
    array([1., 1.], dtype=float32)
    """
    arrays = {name: np.asarray(tensors[name]) for name in tensors}
    for name, array in arrays.items():
        if str(array.dtype) not in NAMES:
            raise FileFormatError(
                message(
                    f"tensor {name!r} has elements of no safetensors type", got=str(array.dtype), want=", ".join(NAMES)
                )
            )
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))  # so that each one lies aligned
    header: dict[str, Any] = {}
    texts = {**(metadata or {}), **({DIGEST: NO_DIGEST} if digest else {})}
    if texts:
        header[METADATA] = dict(sorted(texts.items()))
    place, pieces = 0, []
    for name in order:
        array = arrays[name]
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": NAMES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [place, place + len(raw)],
        }
        place += len(raw)
        pieces.append(raw)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 8) % 64)
    whole = b"".join([len(text).to_bytes(8, "little"), text, *pieces])
    if digest:
        whole = whole.replace(marked(NO_DIGEST), marked(hashlib.sha256(whole).hexdigest()), 1)
    return whole


def marked(digest: str) -> bytes:
    """The digest as it stands in the header."""
    return f'"{DIGEST}":"{digest}"'.encode()


def decode(data: bytes, source: str = "the file", digest: bool = False) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors and the texts of a file's bytes; the arrays are read-only views of them.

    source   what a message calls the file
    digest   whether the file must carry its SHA-256; where it carries one, it is checked in any case

    FileFormatError where the bytes are not a safetensors file: header too long or no JSON, names given twice, an
    unknown element type, sizes that do not agree with shapes, tensors that overlap or leave a gap, another digest.
    """
    if len(data) < 8:
        raise refused(source, "it is shorter than 8 bytes", f"{len(data)} bytes")
    size = int.from_bytes(data[:8], "little")
    if size > HEADER_LIMIT or size > len(data) - 8:
        raise refused(
            source,
            "its header is longer than it may be",
            f"{size} bytes",
            f"at most {min(HEADER_LIMIT, len(data) - 8)}",
        )
    try:
        header = json.loads(bytes(data[8 : 8 + size]).decode("utf-8"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as problem:
        raise refused(source, "its header is no JSON", str(problem)) from None
    if not isinstance(header, dict):
        raise refused(source, "its header is no JSON object", type(header).__name__)
    texts = header.pop(METADATA, {})
    if not isinstance(texts, dict) or not all(isinstance(v, str) for v in texts.values()):
        raise refused(source, "its metadata are not texts", repr(texts)[:80])
    entries = sorted(((*entry(source, name, info), name) for name, info in header.items()), key=lambda e: (e[2], e[3]))
    tensors, place = {}, 0
    payload = memoryview(data)[8 + size :]
    for dtype, shape, start, end, name in entries:
        if start != place or end > len(payload):
            raise refused(
                source,
                f"tensor {name!r} overlaps another, leaves a gap or ends outside of the file",
                f"bytes {start}..{end}",
                f"from {place}, within {len(payload)}",
            )
        tensors[name] = np.frombuffer(payload[start:end], dtype).reshape(shape)
        place = end
    if place != len(payload):
        raise refused(source, "bytes follow after the last tensor", f"{len(payload) - place} bytes")
    if digest and DIGEST not in texts:
        raise refused(source, "it carries no SHA-256 of its contents")
    check_digest(data, size, texts, source)
    return tensors, texts


def without_repeats(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def entry(source: str, name: str, info) -> tuple[np.dtype, tuple[int, ...], int, int]:
    """One line of the header, checked: element type, shape, first byte, byte behind the last."""
    if not isinstance(info, dict) or set(info) != {"dtype", "shape", "data_offsets"}:
        raise refused(source, f"tensor {name!r} is not described by dtype, shape and data_offsets", repr(info)[:80])
    if info["dtype"] not in DTYPES:
        raise refused(
            source, f"tensor {name!r} has an unknown element type", repr(info["dtype"])[:40], ", ".join(DTYPES)
        )
    shape, offsets = info["shape"], info["data_offsets"]
    numbers = (
        [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2 else [None]
    )
    if not all(type(n) is int and 0 <= n < 2**63 for n in numbers) or len(shape) > 32:
        raise refused(
            source,
            f"tensor {name!r} has a shape or place that is no list of whole numbers",
            f"{shape!r}, {offsets!r}"[:80],
        )
    dtype = DTYPES[info["dtype"]]
    if prod(shape) * dtype.itemsize != offsets[1] - offsets[0]:
        raise refused(
            source,
            f"tensor {name!r} does not have the size that its shape says",
            f"{offsets[1] - offsets[0]} bytes",
            f"{prod(shape) * dtype.itemsize} for {info['dtype']}{shape}",
        )
    return dtype, tuple(shape), offsets[0], offsets[1]


def check_digest(data: bytes, size: int, texts: dict[str, str], source: str) -> None:
    """Where the header carries a digest, the file must have it. The digest itself counts as zeros."""
    if DIGEST not in texts:
        return
    head = bytes(data[: 8 + size]).replace(marked(texts[DIGEST]), marked(NO_DIGEST), 1)
    summed = hashlib.sha256(head)
    summed.update(memoryview(data)[8 + size :])
    if summed.hexdigest() != texts[DIGEST]:
        raise refused(
            source,
            "its contents are not what was written",
            f"SHA-256 {summed.hexdigest()[:16]}…",
            f"{texts[DIGEST][:16]}…",
        )
    del texts[DIGEST]


def refused(source: str, why: str, got: str | None = None, want: str | None = None) -> FileFormatError:
    return FileFormatError(
        message(
            f"{source} is no sound safetensors file: {why}",
            got=got,
            want=want,
            fix="write it again, or take another copy",
        )
    )


def write(
    path: str | os.PathLike,
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
    digest: bool = False,
) -> None:
    """``encode`` into a file, atomically."""
    write_atomically(path, encode(tensors, metadata, digest))


def read(path: str | os.PathLike, digest: bool = False) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """``decode`` of a file."""
    return decode(Path(path).read_bytes(), os.path.basename(path), digest)
