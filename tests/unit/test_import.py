"""``import lamina`` costs next to nothing, and does nothing: no socket, no thread, no print, no optional library."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lamina
from lamina import callbacks, keras, layers, models

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


@pytest.mark.parametrize(
    ("module", "name", "meant"),
    [(lamina, "modls", "models"), (layers, "Dnse", "Dense"), (keras, "Sequental", "Sequential")],
)
def test_a_name_that_is_not_there_says_where_python_may_look_for_the_one_that_was_meant(module, name, meant):
    with pytest.raises(AttributeError, match=name) as caught:
        getattr(module, name)
    assert caught.value.name == name
    assert meant in dir(caught.value.obj)


FIRST_STEP = """
import sys
import numpy as np
from lamina import layers, models
model = models.Sequential([layers.Input((3,)), layers.Dense(2, activation="sigmoid")])
model.compile("sgd", loss="sparse_categorical_crossentropy")
model.fit(np.zeros((4, 3), "float32"), np.zeros(4, "int32"), verbose=0)
print(*(name.removeprefix("lamina.") for name in sys.modules if name.startswith("lamina.")))
"""


def test_a_first_step_loads_only_what_it_uses():
    """Half of the time to a first step is the loading of files; each costs a fifth of a millisecond or more."""
    done = subprocess.run([sys.executable, "-c", FIRST_STEP], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    families = {name.removeprefix("layers.") for name in loaded if name.startswith("layers.")} & set(layers.FILES)
    assert families == {"dense", "input_layer", "input_spec", "layer", "naming", "operation", "symbol"}
    assert not loaded & {"files.safetensors", "models.saving", "callbacks.csv_logger", "training.checkpoint"}


def test_symbols_calculate_before_any_layer_is_asked_for():
    program = "import lamina; x = lamina.Input((3,)); print(type(x + 1.0).__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "Symbol\n"


@pytest.mark.parametrize("package", [layers, callbacks, models], ids=lambda package: package.__name__)
def test_every_name_is_there(package):
    stub = (Path(package.__file__).parent / "__init__.pyi").read_text()
    assert sorted(re.findall(r"from \.\w+ import \w+ as (\w+)", stub)) == package.__all__
    assert set(package.__all__) <= set(dir(package))
    assert all(getattr(package, name).__module__.startswith(package.__name__) for name in package.__all__)


def test_names_of_the_layers_come_by_every_road():
    everything: dict = {}
    exec("from lamina.layers import *", everything)
    assert everything["TextVectorization"] is layers.TextVectorization
    assert layers.texts.text_array(["a"], "x").tolist() == ["a"]
    with pytest.raises(AttributeError, match="has no attribute 'Dens'"):
        layers.Dens  # noqa: B018
    assert not hasattr(layers, "dense.units")
