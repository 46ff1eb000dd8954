"""Where the four files of a data set like MNIST are found: a given folder, ``LAMINA_DATA``, a cache, or the network.

Nothing is fetched at import, and nothing where a folder was given. What is fetched must have the SHA-256 told here.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, message
from ..files.atomic import write_atomically
from . import idx

PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SECONDS = 30
LARGEST = 64 * 2**20  # the largest file of them has 47,040,016 bytes


@dataclass(frozen=True)
class Source:
    """A data set of four IDX files.

    name       what it is called, also as a folder
    mirrors    addresses that the file names are put behind
    digests    SHA-256 of the uncompressed files, in the order of PARTS
    """

    name: str
    mirrors: tuple[str, ...]
    digests: tuple[str, str, str, str]


MNIST = Source(
    "mnist",
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"),
    (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
FASHION_MNIST = Source(
    "fashion_mnist",
    ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
Pair = tuple[np.ndarray, np.ndarray]


def load(source: Source, folder: str | os.PathLike | None = None) -> tuple[Pair, Pair]:
    """((x_train, y_train), (x_test, y_test)) of a data set: pictures and whole numbers, as they stand in the files.

    folder   where the files are, or a folder of the data set's name is; without it ``LAMINA_DATA``, the cache and the
             network are asked
    """
    arrays = [idx.read(path) for path in locate(source, folder)]
    for images, labels, part in ((arrays[0], arrays[1], "train"), (arrays[2], arrays[3], "t10k")):
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
            raise DataError(
                message(
                    f"the {part} files of {source.name} do not belong together",
                    got=f"images {list(images.shape)}, labels {list(labels.shape)}",
                    want="images [n, height, width], labels [n]",
                )
            )
    return (arrays[0], arrays[1]), (arrays[2], arrays[3])


def locate(source: Source, folder: str | os.PathLike | None = None) -> list[Path]:
    """The paths of the four files, in the order of PARTS; fetched where they are nowhere and no folder was given."""
    named = os.environ.get("LAMINA_DATA")
    cache = (Path(named) if named else cache_folder()) / source.name
    looked = [p for f in ([folder] if folder else [named] if named else []) for p in (Path(f) / source.name, Path(f))]
    if not folder and cache not in looked:
        looked.append(cache)
    for place in looked:
        found = [next((p for p in (place / part, place / f"{part}.gz") if p.is_file()), None) for part in PARTS]
        paths = [p for p in found if p]
        if len(paths) == len(PARTS):
            check_identity(source, paths)
            return paths
    if folder:
        raise absent(source, looked, None)
    return [fetch(source, part, digest, cache, looked) for part, digest in zip(PARTS, source.digests)]


def cache_folder() -> Path:
    """Where what was fetched is kept, unless ``LAMINA_DATA`` says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lamina"


def check_identity(source: Source, paths: list[Path]) -> None:
    """Both data sets call their files alike: their labels tell them apart. Other files are taken as they are."""
    digest = hashlib.sha256(unpacked(paths[1].read_bytes())).hexdigest()
    for other in (MNIST, FASHION_MNIST):
        if other is not source and digest == other.digests[1]:
            raise DataError(
                message(
                    f"these files are {other.name}, not {source.name}",
                    got=str(paths[1].parent),
                    fix=f"keep each in a folder of its own name: {source.name}/ and {other.name}/",
                )
            )


def unpacked(data: bytes) -> bytes:
    """The data without their gzip compression; as they are where they have none, or a broken one."""
    if data[:2] != idx.GZIP:
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(data, LARGEST)
    except zlib.error:
        return data


def fetch(source: Source, part: str, digest: str, folder: Path, looked: list[Path]) -> Path:
    """Downloads one file into the folder, if it is what it should be."""
    path, problems = folder / f"{part}.gz", []
    if path.is_file():
        return path
    for mirror in source.mirrors:
        try:
            data = download(f"{mirror}{part}.gz")
        except (OSError, ValueError) as problem:
            problems.append(f"{mirror}: {problem}")
            continue
        if hashlib.sha256(unpacked(data)).hexdigest() == digest:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
            return path
        problems.append(f"{mirror}: {part}.gz is not the file that was published")
    raise absent(source, looked, problems)


def download(address: str) -> bytes:
    """The bytes at an address, at most LARGEST of them."""
    from urllib.request import urlopen  # costs 30 ms, and most people never need it

    with urlopen(address, timeout=SECONDS) as answer:
        data = answer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes")
    return data


def absent(source: Source, looked: list[Path], problems: list[str] | None) -> DataError:
    """Which files to put where."""
    got = [f"not in {place}" for place in looked] + [f"not from {p}" for p in problems or []]
    fix = "put them into a folder and name it: --data DIR, load_data(DIR), or LAMINA_DATA=DIR in the environment"
    return DataError(
        message(
            f"the files of {source.name} are not here",
            got=got,
            want=[f"{part} (or {part}.gz)" for part in PARTS],
            fix=fix,
        )
    )
