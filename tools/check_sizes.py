"""No source file over 400 lines, and no file whose name tells nothing. Looks at the files git knows."""

import subprocess
import sys
from pathlib import Path

LIMIT = 400
SUFFIXES = {".py", ".h", ".cpp", ".inc", ".ts", ".svelte"}
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}
KERAS_NAMES = {"src/lamina/utils/"}  # Keras's name for a place; the modules in it have names of their own
ROOT = Path(__file__).parent.parent


def complaints(files: list[Path]) -> list[str]:
    found = []
    for file in files:
        own = file.as_posix()
        for place in KERAS_NAMES:
            own = own.removeprefix(place)
        if any(part.split(".")[0] in EMPTY_NAMES for part in Path(own).parts):
            found.append(f"{file}: a name that tells nothing; name it after what is in it")
        if file.suffix in SUFFIXES and (lines := len((ROOT / file).read_text().splitlines())) > LIMIT:
            found.append(f"{file}: {lines} lines; the limit is {LIMIT}. Split it by family, never in parts")
    return found


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]
    found = complaints(files)
    print("\n".join(f"sizes: {line}" for line in found) or f"sizes: {len(files)} files, all in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
