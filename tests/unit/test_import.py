"""``import lamina`` costs next to nothing, and does nothing: no socket, no thread, no print, no optional library."""

import subprocess
import sys

PROBE = """
import os, sys, threading, time
import numpy
events = []


def tasks():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1


before = tasks()
watched = ("socket.", "subprocess.", "os.system")
sys.addaudithook(lambda name, args: events.append(name) if name.startswith(watched) else None)
start = time.perf_counter()
import lamina
{use}
elapsed = time.perf_counter() - start
assert not events, events
assert threading.active_count() == 1
assert before == tasks(), "a native thread was started"
loaded = {{m.split(".")[0] for m in sys.modules}}
assert not loaded & {{"jax", "torch", "PIL", "matplotlib", "sklearn", "keras", "polars"}}, loaded
sys.stderr.write(str(elapsed))
"""


def run(use: str) -> float:
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROBE.format(use=use)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return float(done.stderr)


def test_import_is_quick_and_silent():
    assert min(run("") for _ in range(3)) < 0.15


def test_the_whole_surface_is_quick_and_silent():
    names = (
        "lamina.layers, lamina.models, lamina.losses, lamina.metrics, lamina.optimizers, lamina.callbacks, lamina.ops"
    )
    assert min(run(names) for _ in range(3)) < 1.0
