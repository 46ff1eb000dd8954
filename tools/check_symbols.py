"""Each object that is compiled once per instruction set exports one symbol, its table, and no weak ones.

Of two weak copies of one inline function the linker keeps either, also the AVX-512 one, and an old processor would
crash in it. Give it the build folder; of several builds in there the newest is looked at.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ALLOWED = re.compile(r"\w*table\w*$")
OUTPUT = re.compile(r" -o (\S+)")
HARMLESS = re.compile(r"DW\.ref\.__gxx_personality_v0$")  # a pointer, the same in every object


def objects(build: Path) -> list[Path]:
    """The per-ISA objects of the newest build under ``build``, sanitized ones left out."""
    logs = [p for p in build.rglob("compile_commands.json") if not any("sanitize" in part for part in p.parts)]
    if not logs:
        return []
    newest = max(logs, key=lambda log: max(p.stat().st_mtime for p in (log, *log.parent.glob("*.so"))))
    commands = [entry["command"] for entry in json.loads(newest.read_text())]
    outputs = [newest.parent / found[1] for command in commands if (found := OUTPUT.search(command))]
    return sorted(p for p in outputs if any(part.startswith("isa_") for part in p.parent.parts) and p.exists())


def complaints(path: Path) -> list[str]:
    listed = subprocess.run(["nm", "-C", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    symbols = [line.split(maxsplit=2)[1:] for line in listed.splitlines() if line.strip()]
    exported = [name for kind, name in symbols if (kind.isupper() and kind not in "VW") or kind in "iu"]
    found = [f"weak symbol {name}" for kind, name in symbols if kind in "VWvw" and not HARMLESS.match(name)]
    found += [f"exports {name}" for name in exported if not ALLOWED.search(name.split("[abi")[0])]
    if len(exported) != 1:
        found.append(f"exports {len(exported)} symbols, not 1")
    return [f"{path}: {line}" for line in found]


def main() -> int:
    build = Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    files = objects(build)
    if not files:
        print(f"symbols: no per-ISA objects under {build}; run `make build` first")
        return 1
    found = [line for path in files for line in complaints(path)]
    for line in found:
        print(f"symbols: {line}; put it in the anonymous namespace inside namespace ISA")
    if not found:
        print(f"symbols: {len(files)} objects, one table each")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
