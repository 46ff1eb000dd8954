"""Runs the Python in README.md and docs/**/*.md. One namespace and one temporary folder per page, blocks in order.

A block with ``>>>`` is compared with the output it shows (``...`` stands for anything); any other block must run.
``python no-run`` after the fence is for fragments that need files or a network.
"""

import contextlib
import doctest
import io
import os
import re
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^(?P<indent> *)```(?:python|pycon)[ \t]*(?P<info>[^\n]*)\n(?P<code>.*?)^ *```", re.M | re.S)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def session(code: str, names: dict, place: str, line: int) -> str | None:
    """Runs a ``>>>`` session; what differs, if anything."""
    test = doctest.DocTestParser().get_doctest(code, names, place, place, line)
    said = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    runner.run(test, out=said.write, clear_globs=False)
    names.update(test.globs)
    return said.getvalue() if runner.failures else None


def script(code: str, names: dict, place: str, line: int) -> str | None:
    """Runs plain code; its traceback, if it raises."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile("\n" * line + code, place, "exec"), names)
    except Exception:
        return traceback.format_exc(limit=-2)
    return None


def complaints(page: Path) -> tuple[int, list[str]]:
    """How many blocks ran, and what was wrong. After the first mistake on a page the rest would only echo it."""
    text, names, ran = page.read_text(), {"__name__": "__main__"}, 0
    place = str(page.relative_to(ROOT))
    for block in BLOCK.finditer(text):
        if "no-run" in block["info"]:
            continue
        code = re.sub(f"^{block['indent']}", "", block["code"], flags=re.M)
        line = text[: block.start("code")].count("\n")
        wrong = (session if ">>>" in code else script)(code, names, place, line)
        ran += 1
        if wrong:
            return ran, [f"{place}:{line + 1}: this block does not do what the page says\n{wrong}"]
    return ran, []


def main() -> int:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    total, found = 0, []
    for page in filter(Path.exists, pages):
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            ran, wrong = complaints(page)
        total, found = total + ran, found + wrong
    print("\n".join(f"docs: {line}" for line in found) or f"docs: {total} blocks run and say what the pages say")
    return 1 if found else 0


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    os.environ.setdefault("COLUMNS", "100")
    sys.exit(main())
