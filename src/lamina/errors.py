"""Every complaint to a user is put together here: what broke, what came, what was wanted, how to fix it."""

from __future__ import annotations

import contextlib
import difflib
import functools
import os
import sys
from contextlib import contextmanager

PACKAGE = os.path.dirname(os.path.abspath(__file__))
MANY = 40  # names that a message lists; of more it lists those that are alike
NOT_THE_USERS = (contextlib.__file__, functools.__file__)  # they stand between our frames


class LaminaError(Exception):
    """Anything Lamina refuses. The subclasses also derive from the built-in error a Python user expects."""


class LaminaWarning(UserWarning):
    """Something that runs, but is probably not what was meant."""


class ShapeError(LaminaError, ValueError):
    """Shapes that do not fit together."""


class DtypeError(LaminaError, TypeError):
    """An element type that an operation does not take."""


class ArgumentError(LaminaError, ValueError):
    """An argument outside of what is allowed."""


class MaskError(LaminaError, ValueError):
    """A mask that would be lost: padded steps would count as data."""


class DataError(LaminaError, ValueError):
    """Training data that cannot be what the user meant: lengths that differ, NaN, labels out of range."""


class RowError(DataError, IndexError):
    """A number that names no row of a table."""


class TraceError(LaminaError, TypeError):
    """A program that cannot be traced, such as a Python branch on a value that is not yet computed."""


class GradientError(LaminaError, TypeError):
    """A derivative that does not exist."""


class FileFormatError(LaminaError, ValueError):
    """A file that is not what it says, or that a safe reader refuses."""


class MissingExtra(LaminaError, ImportError):
    """An optional library that is not installed."""


def message(problem: str, *, got=None, want=None, fix=None, where: bool = False) -> str:
    """The one form of all messages: the problem, then ``got``, ``want``, ``fix`` and ``in`` where they are known.

    ``got`` is one text or several, one a line. ``where=True`` adds the user's own file and line.
    """
    lines = [problem]
    for label, value in (("got", got), ("want", want), ("fix", fix), ("in", user_line() if where else None)):
        texts = [value] if isinstance(value, str) or value is None else [str(v) for v in value]
        for i, text in enumerate(t for t in texts if t):
            lines.append(f"  {label + ':' if i == 0 else '':<6}{text}")
    return "\n".join(lines)


@contextmanager
def about(label: str):
    """What is refused inside of the ``with`` block is said of ``label``, a layer or a model."""
    try:
        yield
    except (ArgumentError, DataError, DtypeError) as error:
        raise type(error)(str(error) if label in str(error) else f"{label}: {error}") from None


def shape_error(op, problem: str, *, got=(), want=None, fix=None) -> ShapeError:
    """A ShapeError of an op, naming the types that came."""
    return ShapeError(message(f"{op.name}: {problem}", got=", ".join(map(str, got)), want=want, fix=fix))


def dtype_error(op, problem: str, *, got=(), want=None, fix=None) -> DtypeError:
    """A DtypeError of an op, naming the types that came."""
    return DtypeError(message(f"{op.name}: {problem}", got=", ".join(map(str, got)), want=want, fix=fix))


def unknown(kind: str, name: str, known, hint: str | None = None) -> ArgumentError:
    """``name`` is none of ``known``: says which are (of many the likeliest), and which was probably meant."""
    names = sorted(n for n in known if not n.startswith("_"))
    close = difflib.get_close_matches(str(name), names, n=1)
    fix = f"did you mean {close[0]!r}?" if close else hint
    shown = names if len(names) <= MANY else sorted(difflib.get_close_matches(str(name), names, n=8, cutoff=0.0))
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ArgumentError(message(f"unknown {kind} {name!r}", want=", ".join(shown) + more, fix=fix))


def missing_extra(library: str, extra: str, purpose: str) -> MissingExtra:
    """The one line for an optional library that is not there."""
    return MissingExtra(f'{purpose} needs {library}: pip install "lamina[{extra}]"')


def user_line() -> str | None:
    """``train.py:31``: the innermost line on the stack that is not Lamina's own."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if (
            not os.path.abspath(file).startswith(PACKAGE)
            and not file.startswith("<frozen")
            and file not in NOT_THE_USERS
        ):
            return f"{os.path.basename(file)}:{frame.f_lineno}"
        frame = frame.f_back
    return None
