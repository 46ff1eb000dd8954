"""Lists of whole numbers in .npy files of objects, which NumPy writes as pickles.

A pickle is a program, and Lamina runs none. This reader knows the few instructions that put lists of numbers together;
a name in the file is kept as a name and never looked up, whatever else is there is refused. So a file can hold numbers
and nothing more. The instructions are described in Python's own ``pickletools``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import FileFormatError, message

RUN = re.compile(rb"(?:K.|M..|J....)+", re.S)  # whole numbers one after the other: nearly all of such a file
WHOLE = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "b1")
LENGTHS = {"C": "<B", "U": "<B", "\x8c": "<B", "B": "<I", "T": "<I", "X": "<I"}  # texts and bytes, by their size
TUPLES = {"\x85": 1, "\x86": 2, "\x87": 3}
PLAIN = {"N": None, "\x88": True, "\x89": False}


class Made:
    """What the file says a function of some name would give; nobody calls it."""

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments
        self.state: Any = None


def lists_of(data: bytes, source: str) -> list[list[int]]:
    """The rows of a one-dimensional array of lists, or of arrays, of whole numbers.

    data  what comes after the header of the .npy file. FileFormatError where it is anything else
    """
    try:
        array = Reader(data).result()
        return [numbers(row) for row in content(array)]
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, struct.error, UnicodeDecodeError) as problem:
        raise FileFormatError(
            message(
                f"{source} holds other objects than lists of whole numbers",
                got=str(problem)[:80],
                want="lists of whole numbers: anything else in a pickle may be a program",
            )
        ) from None


def content(array: Any) -> list:
    """The rows of the outermost array."""
    if isinstance(array, Made) and array.name[1] == "_reconstruct" and isinstance(array.state, tuple):
        _, shape, _, _, rows = array.state
        if isinstance(rows, list) and shape == (len(rows),):
            return rows
    raise ValueError("no array of one dimension")


def numbers(row: Any) -> list[int]:
    """One row as a list of whole numbers."""
    if isinstance(row, list) and all(type(n) is int for n in row):
        return row
    if isinstance(row, Made) and row.name[1] == "_reconstruct" and isinstance(row.state, tuple):
        _, shape, dtype, _, raw = row.state
        code = text_of(dtype.arguments[0])
        if code in WHOLE and len(shape) == 1 and isinstance(raw, bytes):
            big = dtype.state is not None and text_of(dtype.state[1]) == ">"
            return np.frombuffer(raw, (">" if big else "<") + code, shape[0]).tolist()
    raise ValueError("a row that is no list of whole numbers")


def text_of(value) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


class Reader:
    """Follows the instructions with a stack, as pickles are read."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []  # how high the stack was
        self.memo: dict[int, Any] = {}
        self.steps: dict[str, Callable[[], None]] = {
            "\x80": lambda: self.skip(1),
            "\x95": lambda: self.skip(8),
            "]": lambda: self.stack.append([]),
            ")": lambda: self.stack.append(()),
            "(": lambda: self.marks.append(len(self.stack)),
            "t": lambda: self.stack.append(tuple(self.from_mark())),
            "a": self.one_more,
            "e": self.more,
            "J": lambda: self.stack.append(self.unpacked("<i")),
            "K": lambda: self.stack.append(self.unpacked("<B")),
            "M": lambda: self.stack.append(self.unpacked("<H")),
            "\x8a": self.long,
            "q": lambda: self.keep(self.unpacked("<B")),
            "r": lambda: self.keep(self.unpacked("<I")),
            "\x94": lambda: self.keep(len(self.memo)),
            "h": lambda: self.stack.append(self.memo[self.unpacked("<B")]),
            "j": lambda: self.stack.append(self.memo[self.unpacked("<I")]),
            "c": lambda: self.stack.append((self.line(), self.line())),
            "\x93": self.named,
            "R": self.made,
            "b": self.build,
        }

    def result(self):
        """What the instructions leave on the stack."""
        while True:
            run = RUN.match(self.data, self.at)
            if run:
                self.whole_numbers(run.end())
            letter = chr(self.data[self.at])
            self.at += 1
            if letter == ".":
                (result,) = self.stack
                return result
            if letter in self.steps:
                self.steps[letter]()
            elif letter in LENGTHS:
                self.stack.append(self.letters(letter))
            elif letter in TUPLES:
                self.stack[-TUPLES[letter] :] = [tuple(self.stack[-TUPLES[letter] :])]
            elif letter in PLAIN:
                self.stack.append(PLAIN[letter])
            else:
                raise ValueError(f"the instruction {letter!r}")

    def whole_numbers(self, end: int) -> None:
        """A run of numbers of one, two or four bytes."""
        data, at, put = self.data, self.at, self.stack.append
        while at < end:
            kind = data[at]
            if kind == 75:
                put(data[at + 1])
                at += 2
            elif kind == 77:
                put(data[at + 1] | data[at + 2] << 8)
                at += 3
            else:
                put(int.from_bytes(data[at + 1 : at + 5], "little", signed=True))
                at += 5
        self.at = at

    def skip(self, count: int) -> None:
        self.at += count

    def unpacked(self, form: str):
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def letters(self, letter: str) -> str | bytes:
        size = self.unpacked(LENGTHS[letter])
        raw = self.data[self.at : self.at + size]
        if len(raw) < size:
            raise ValueError("a text longer than the file")
        self.at += size
        return raw if letter in "CBUT" else raw.decode()

    def line(self) -> str:
        end = self.data.index(b"\n", self.at)
        text = self.data[self.at : end].decode("ascii")
        self.at = end + 1
        return text

    def long(self) -> None:
        size = self.unpacked("<B")
        self.stack.append(int.from_bytes(self.data[self.at : self.at + size], "little", signed=True))
        self.at += size

    def keep(self, number: int) -> None:
        self.memo[number] = self.stack[-1]

    def from_mark(self) -> list:
        """What lies upon the last mark, which is taken away with it."""
        at = self.marks.pop()
        items = self.stack[at:]
        del self.stack[at:]
        return items

    def one_more(self) -> None:
        item = self.stack.pop()
        self.target().append(item)

    def more(self) -> None:
        items = self.from_mark()
        self.target().extend(items)

    def target(self) -> list:
        if not isinstance(self.stack[-1], list):
            raise ValueError("something is added to what is no list")
        return self.stack[-1]

    def named(self) -> None:
        self.stack[-2:] = [(self.stack[-2], self.stack[-1])]

    def made(self) -> None:
        """What a function would give: its name and its arguments. Bytes are told by a function in old pickles."""
        name, arguments = self.stack[-2:]
        if name == ("_codecs", "encode"):
            self.stack[-2:] = [arguments[0].encode("latin-1")]
            return
        if not isinstance(name, tuple):
            raise ValueError("something is called that is no name")
        self.stack[-2:] = [Made(name, arguments)]

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Made):
            raise ValueError("a state for what has none")
        self.stack[-1].state = state
