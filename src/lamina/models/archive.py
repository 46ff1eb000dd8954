"""The container of a model file: ``model.json`` and ``weights.safetensors``, in a zip or in a folder, and nothing else.

The members are stored, not packed: nothing can expand, and the numbers lie in the file as they lie in memory. Equal
contents give equal bytes, as no time and no machine is written down.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from ..errors import FileFormatError, message
from ..files.atomic import write_atomically
from . import description

DESCRIPTION, WEIGHTS = "model.json", "weights.safetensors"
MEMBERS = (DESCRIPTION, WEIGHTS)
LONGEST_DESCRIPTION = description.LONGEST
EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip cannot leave the time out
UNIX, READABLE, ENCRYPTED = 3, 0o644 << 16, 0x1


def pack(description: bytes, weights: bytes) -> bytes:
    """The bytes of the zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in zip(MEMBERS, (description, weights)):
            member = zipfile.ZipInfo(name, EARLIEST)
            member.create_system, member.external_attr = UNIX, READABLE
            archive.writestr(member, data)
    return file.getvalue()


def write(path: str | os.PathLike, description: bytes, weights: bytes, zipped: bool = True) -> None:
    """Writes a model file atomically; with ``zipped=False`` a folder, each of its members atomically."""
    if zipped:
        write_atomically(path, pack(description, weights))
        return
    Path(path).mkdir(parents=True, exist_ok=True)
    for name, data in ((WEIGHTS, weights), (DESCRIPTION, description)):
        write_atomically(Path(path) / name, data)


def read(path: str | os.PathLike) -> tuple[bytes, bytes]:
    """The description and the weights of a zip or a folder; FileFormatError for what we would not have written."""
    name = os.path.basename(os.path.normpath(path))
    if os.path.isdir(path):
        return read_folder(Path(path), name)
    try:
        with open(path, "rb") as file:
            return unpack(file, os.fstat(file.fileno()).st_size, name)
    except FileNotFoundError:
        raise refused(name, "there is no such file", want="a file that model.save wrote") from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as problem:
        raise refused(name, "its zip is broken", got=str(problem)) from None


def read_folder(folder: Path, name: str) -> tuple[bytes, bytes]:
    missing = [m for m in MEMBERS if not (folder / m).is_file()]
    if missing:
        raise refused(name, f"the folder has no {missing[0]}", want=" and ".join(MEMBERS))
    if (folder / DESCRIPTION).stat().st_size > LONGEST_DESCRIPTION:
        raise refused(name, f"{DESCRIPTION} is too long", want=f"at most {LONGEST_DESCRIPTION} bytes")
    return (folder / DESCRIPTION).read_bytes(), (folder / WEIGHTS).read_bytes()


def unpack(file, size: int, name: str) -> tuple[bytes, bytes]:
    """The two members of an open zip of ``size`` bytes, after all that its directory says was checked."""
    head = file.read(4)
    if head[:1] == b"\x80":
        raise refused(name, "it is a pickle, which is a program: Lamina never runs one")
    if head != b"PK\x03\x04":
        raise refused(name, "it does not begin as a zip", got=head.hex(" ") or "an empty file")
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if sorted(e.filename for e in entries) != sorted(MEMBERS):
            raise refused(
                name,
                "it has other members than it should",
                got=", ".join(e.filename for e in entries[:6])[:200],
                want=" and ".join(MEMBERS),
            )
        for entry in entries:
            check(entry, size, name)
        if archive.comment or min(e.header_offset for e in entries) != 0:
            raise refused(name, "there are bytes around the zip that belong to nothing")
        return archive.read(DESCRIPTION), archive.read(WEIGHTS)


def check(entry: zipfile.ZipInfo, size: int, name: str) -> None:
    """One line of the directory."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ENCRYPTED:
        raise refused(
            name,
            f"{entry.filename} is packed or encrypted",
            got=f"{entry.file_size} bytes out of {entry.compress_size}",
            want="stored as it is",
            fix="zip it again without compression: zip -0",
        )
    if entry.file_size != entry.compress_size or entry.file_size > size:
        raise refused(
            name, f"the size of {entry.filename} is not true", got=f"{entry.file_size} bytes in a file of {size}"
        )
    if entry.filename == DESCRIPTION and entry.file_size > LONGEST_DESCRIPTION:
        raise refused(
            name, f"{DESCRIPTION} is too long", got=f"{entry.file_size} bytes", want=f"at most {LONGEST_DESCRIPTION}"
        )


def refused(
    name: str, why: str, *, got: str | None = None, want: str | None = None, fix: str | None = None
) -> FileFormatError:
    """The one form of all complaints about a model file."""
    return FileFormatError(message(f"{name} is no sound model file: {why}", got=got, want=want, fix=fix))
