"""Runs examples/*.py, each in a fresh process and a temporary folder, and compares what it prints with
examples/expected/NAME.txt, where there is one. With --write it records that file instead. Names may be given.

The first line of an expected file may be ``# tolerance: 1e-3``: numbers may then differ by that much, relative to the
larger of the two and 1. Without it the text must be the same.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
HEADER = re.compile(r"# tolerance: (\S+)\n")
SECONDS = 300


def near(a: str, b: str, tolerance: float) -> bool:
    return a == b or abs(float(a) - float(b)) <= tolerance * max(1.0, abs(float(a)), abs(float(b)))


def difference(want: str, got: str) -> str | None:
    """The first line that differs, in words."""
    tolerance = 0.0
    if header := HEADER.match(want):
        tolerance, want = float(header[1]), want[header.end() :]
    wanted, gotten = want.rstrip().splitlines(), got.rstrip().splitlines()
    for i in range(max(len(wanted), len(gotten))):
        a, b = (lines[i].rstrip() if i < len(lines) else "(no line)" for lines in (wanted, gotten))
        numbers = list(zip(NUMBER.findall(a), NUMBER.findall(b), strict=False))
        if NUMBER.sub("#", a) != NUMBER.sub("#", b) or not all(near(x, y, tolerance) for x, y in numbers):
            return f"line {i + 1}\n    want: {a}\n    got:  {b}"
    return None


def run(path: Path) -> tuple[str, str | None]:
    """What the example printed, and what went wrong."""
    settings = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(path)]
        try:
            done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return "", f"took more than {SECONDS} s"
    return done.stdout, done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else None


def main() -> int:
    write = "--write" in sys.argv
    asked = [Path(a).stem for a in sys.argv[1:] if not a.startswith("--")]
    paths = [p for p in sorted(EXAMPLES.glob("[0-9a-z]*.py")) if not asked or p.stem in asked]
    failures = 0
    for path in paths:
        start = time.perf_counter()
        printed, wrong = run(path)
        expected = EXAMPLES / "expected" / f"{path.stem}.txt"
        if write and not wrong:
            header = HEADER.match(expected.read_text()) if expected.exists() else None
            expected.parent.mkdir(exist_ok=True)
            expected.write_text((header[0] if header else "") + printed)
        elif not wrong and expected.exists():
            wrong = difference(expected.read_text(), printed)
        failures += bool(wrong)
        print(f"{path.stem:<28} {time.perf_counter() - start:6.1f} s  {wrong or 'ok'}", flush=True)
    print(f"examples: {len(paths)} run, {failures} failed")
    return 1 if failures or (asked and not paths) else 0


if __name__ == "__main__":
    sys.exit(main())
