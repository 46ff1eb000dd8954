"""Run the programs of keras_programs/ under Keras, and record what they find."""

import json
import runpy

from keras_programs import PROGRAMS, numbers
from recording import GOLDEN, versions

if __name__ == "__main__":
    found = {}
    for name, path in PROGRAMS.items():
        results = runpy.run_path(str(path))["results"]
        found[name] = {key: numbers(value) for key, value in results.items()}
        print(name)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(told)}" for name, told in found.items())
    text = f'{{"versions": {json.dumps(versions())},\n"programs": {{\n{lines}\n}}}}\n'
    (GOLDEN / "programs.json").write_text(text, encoding="utf-8")
