"""Where results go: one JSON file for each machine and day, and the tables of docs/performance.md made of them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import time
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
PACKAGES = ("lamina", "numpy", "torch", "jax", "onnxruntime", "scikit-learn")


def machine() -> str:
    """The processor, with its model, as names hide generations; and how many cores this process may use."""
    name = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo")
    text = told.read_text() if told.exists() else ""
    if found := re.search(r"model name\s*:\s*(.+)", text):
        name = found.group(1).strip()
    if found := re.search(r"cpu family\s*:\s*(\d+)\s+model\s*:\s*(\d+)", text):
        name += f" (family {found.group(1)}, model {found.group(2)})"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {platform.machine()}, {cores} cores"


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    if "lamina" not in found:
        text = (Path(__file__).parent.parent / "pyproject.toml").read_text()
        found["lamina"] = re.search(r'^version = "(.+)"', text, re.M).group(1)  # type: ignore[union-attr]
    return found


def slug() -> str:
    return re.sub(r"[^a-z0-9]+", "-", machine().lower()).strip("-")


def path_today() -> Path:
    return FOLDER / f"{slug()}-{time.strftime('%Y-%m-%d')}.json"


def keep(name: str, unit: str, rows: dict, rounds: int) -> None:
    """Adds a measurement to today's file; the same one of earlier today is replaced."""
    FOLDER.mkdir(exist_ok=True)
    path = path_today()
    all_of_it = json.loads(path.read_text()) if path.exists() else {"results": {}}
    all_of_it.update(machine=machine(), date=time.strftime("%Y-%m-%d"), versions=versions())
    old = all_of_it["results"].get(name, {}).get("rows", {})
    all_of_it["results"][name] = {"unit": unit, "rounds": rounds, "rows": {**old, **rows}}
    path.write_text(json.dumps(all_of_it, indent=1) + "\n")


def latest() -> dict:
    """The file of the last day on which something was measured; this machine's, if several machines measured then."""
    files = sorted(FOLDER.glob("*.json"), key=lambda p: (p.stem[-10:], p.stem.startswith(slug()), p.stem))
    if not files:
        raise SystemExit("bench: nothing has been measured yet; say python -m bench first")
    return json.loads(files[-1].read_text())


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cell(value) -> str:
    if isinstance(value, dict):
        return f"{number(value['median'])} ({number(value['min'])}-{number(value['max'])})"
    return number(value) if isinstance(value, int | float) else str(value)


def table(result: dict) -> str:
    """A Markdown table: a row for each work, a column for each competitor, and the ratio where there are peers."""
    rows = result["rows"]
    columns = list(dict.fromkeys(c for row in rows.values() for c in row))
    raced = "lamina" in columns and any(isinstance(r.get("lamina"), dict) and len(r) > 1 for r in rows.values())
    lines = ["| | " + " | ".join(columns) + (" | best peer / lamina |" if raced else " |")]
    lines.append("|---" * (1 + len(columns) + raced) + "|")
    for name, row in rows.items():
        cells = [cell(row[c]) if c in row else "" for c in columns]
        if raced:
            peers = [v["median"] for c, v in row.items() if c != "lamina" and isinstance(v, dict)]
            cells.append(f"{min(peers) / row['lamina']['median']:.2f}" if peers else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def fill_page() -> None:
    """Writes the tables between the markers ``<!-- table NAME -->`` and ``<!-- end -->`` of docs/performance.md."""
    data = latest()
    stamp = f"{data['date']}, {data['machine']}; " + ", ".join(f"{k} {v}" for k, v in data["versions"].items())

    def filled(match: re.Match) -> str:
        found = data["results"].get(match.group(1))
        if not found:
            return match.group(0)
        unit, rounds = found["unit"], found["rounds"]
        said = f"{unit[0].upper()}{unit[1:]}, {rounds} {'round' if rounds == 1 else 'rounds'}. {stamp}."
        return f"<!-- table {match.group(1)} -->\n{said}\n\n{table(found)}\n<!-- end -->"

    text = PAGE.read_text()
    PAGE.write_text(re.sub(r"<!-- table (\w+) -->.*?<!-- end -->", filled, text, flags=re.S))
