"""A file appears whole or not at all, also when the power goes: sibling, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path


def write_atomically(path: str | os.PathLike, pieces: bytes | Iterable[bytes | memoryview]) -> None:
    """Writes a file so that a reader sees the old contents or the new ones, never a mix.

    pieces   the contents, whole or in pieces that are written one after the other

    The bytes go to a temporary sibling, are forced to the disk, and take the name in one rename; then the folder is
    forced to the disk too. Where anything fails the sibling is removed and the old file stands. OSError as from open.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "note.txt")
    >>> lamina.files.atomic.write_atomically(path, b"whole")
    >>> path.read_bytes()
    b'whole'
    """
    path = Path(path)
    sibling = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    sibling.unlink(missing_ok=True)  # left by a process of the same number that was killed
    try:
        with open(sibling, "xb") as file:
            for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
                file.write(piece)
            file.flush()
            force(file.fileno())
        os.replace(sibling, path)
    except BaseException:
        sibling.unlink(missing_ok=True)
        raise
    force_folder(path.parent)


def force(descriptor: int) -> None:
    """What was written is on the disk. macOS needs its own call: there fsync only reaches the drive's cache."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def force_folder(folder: Path) -> None:
    """The names in a folder are on the disk. Windows cannot open a folder, and needs not."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
