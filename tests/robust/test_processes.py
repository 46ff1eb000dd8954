"""Models in other processes: forked after use, spawned, interrupted, told by the environment."""

import os
import signal
import subprocess
import sys
import time

import pytest

from lamina import _native

MODEL = """
import hashlib, os, signal, sys, time
import numpy as np
import lamina
from lamina import layers, models
x = np.random.default_rng(0).random((512, 64), dtype=np.float32)
y = np.arange(512) % 10
def trained(epochs=2):
    lamina.random.set_seed(0)
    model = models.Sequential([layers.Input((64,)), layers.Dense(128, activation="relu"), layers.Dropout(0.2),
                               layers.Dense(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
    return model
def bits(model):
    return b"".join(w.tobytes() for w in model.get_weights())
def digest(model):
    return hashlib.sha256(bits(model)).hexdigest()
"""


def run(code, timeout=60, **environment):
    """A Python process; gives what it did."""
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", MODEL + code],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


def succeeded(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_forked_child_trains_on_with_the_bits_of_its_parent():
    """The child's model is the parent's, with its programs; the parent's threads are not there."""
    done = run("""
model = trained()
child = os.fork()
model.fit(x, y, batch_size=64, epochs=1, verbose=0)
if child:
    print("exit", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(digest(model), flush=True)
if not child:
    os._exit(0)
""")
    childs, ended, parents = succeeded(done).splitlines()
    assert ended == "exit 0"
    assert childs == parents


def test_children_of_children_of_a_pool():
    done = run("""
import multiprocessing
def work(seed):
    return digest(trained(1))
if __name__ == "__main__":
    print(work(0))
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(*pool.map(work, range(6)), sep="\\n")
""")
    want, *found = succeeded(done).splitlines()
    assert found == [want] * 6


def test_a_spawned_process_gets_the_same_bits(tmp_path):
    """Spawned processes import their main file again."""
    path = tmp_path / "spawned.py"
    path.write_text(
        MODEL
        + """
import multiprocessing
def work(seed):
    return bits(trained(1))
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(work, [0]) == [work(0)]
"""
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr


PROGRAM = """
from lamina.trace import Variable, trace
total = Variable(np.float32(0))
def step(x):
    total.assign_add(lamina.ops.sum(lamina.ops.tanh(x)))
    return total.value
program = trace(step, [lamina.types.Type("float32", (1, 64))]).program("native")
order = np.zeros(10**8, np.int64)
program.run_steps([x], order, 0, 1)
"""
LONG = {  # what runs for many seconds, and what comes before
    "fit": ("", "model.fit(x, y, batch_size=64, epochs=10**6, verbose=0)"),
    "evaluate": ("", "model.evaluate(big, np.zeros(len(big), int), batch_size=1, verbose=0)"),
    "predict": ("", "model.predict(big, batch_size=1, verbose=0)"),
    "run_steps": (PROGRAM, "program.run_steps([x], order, 0, len(order))"),
}


@pytest.mark.parametrize("what", LONG)
def test_ctrl_c_acts_within_a_quarter_of_a_second(what):
    """A quarter when quiet; the test allows for a busy machine."""
    before, act = LONG[what]
    code = f"""
big = np.zeros((4 * 10**6, 64), np.float32)
model = trained(1)
{before}
try:
    print("started", flush=True)
    {act}
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
    assert np.isfinite(np.frombuffer(bits(model), np.float32)).all()
    model.fit(x, y, batch_size=64, epochs=1, verbose=0)
    print("and on", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", MODEL + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert process.stdout.readline() == "started\n"
        time.sleep(1)
        assert process.poll() is None, process.communicate()
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert out.endswith("and on\n"), err
    assert float(out.split()[0]) - sent < (0.25 if os.environ.get("LAMINA_LONG_TESTS") else 1.0)


@pytest.mark.parametrize("isa", _native.isas())
def test_training_under_each_instruction_set(isa):
    said = succeeded(run("print(lamina._native.isa(), np.isfinite(trained().get_weights()[0]).all())", LAMINA_ISA=isa))
    assert said == f"{isa} True\n"


def test_an_unknown_instruction_set_is_refused_in_words():
    done = run("trained()", LAMINA_ISA="sse9")
    assert done.returncode == 1
    assert 'this machine cannot run instruction set "sse9" (LAMINA_ISA); possible: ' in done.stderr
    assert _native.isas()[-1] in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("garbage", ["", " ", "0", "-1", "1.5", "2 threads", "99999999999999999999", "1025", "0x2"])
def test_a_number_of_threads_that_is_none_is_refused_in_words(garbage):
    done = run("trained()", LAMINA_NUM_THREADS=garbage)
    if garbage == "":  # as if it were not set, as shells leave it
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 1
        assert f'LAMINA_NUM_THREADS is "{garbage}", not a number from 1 to 1024' in done.stderr


def test_affinity_is_honoured():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system has no affinity")
    one = min(os.sched_getaffinity(0))
    code = f"""
os.sched_setaffinity(0, {{{one}}})
print(lamina.get_num_threads())
"""
    assert succeeded(run(code, LAMINA_NUM_THREADS="")) == "1\n"


@pytest.mark.parametrize(
    ("files", "want"),
    [
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"a/cpu.max": "100000 100000\n", "a/b/cpu.max": "300000 100000\n"}, 1),  # a group above counts too
        ({"a/b/cpu.max": "90000 100000\n"}, 1),
        ({"a/b/c/cpu.max": "90000 100000\n"}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": ""}, None),
        ({"cpu.max": "-1 0\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_control_group_is_honoured(tmp_path, monkeypatch, files, want):
    """The engine reads the quota under a folder that may be named, so that it can be tested."""
    monkeypatch.delenv("LAMINA_NUM_THREADS", raising=False)
    (tmp_path / "list").write_text("0::/a/b\n")
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = _native.default_num_threads(str(tmp_path), str(tmp_path / "list"))
    assert found == (here if want is None else min(want, here))


def test_threads_of_a_process_may_each_train_a_model():
    """One at a time: while one thread traces, another may run."""
    done = run("""
import threading
models_of = [trained(1) for _ in range(3)]
want = [m.predict(x, verbose=0) for m in models_of]
equal = []
def work(i):
    for _ in range(20):
        equal.append(np.array_equal(models_of[i].predict(x, verbose=0), want[i]))
threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
for t in threads: t.start()
for t in threads: t.join()
print(sum(equal), "of", len(equal))
""")
    assert succeeded(done) == "60 of 60\n"


def test_more_threads_than_cores_lose_no_phase():
    """Whoever publishes a phase may be put to sleep before all threads see it, while others do all of it and go on."""
    done = run("""
from unit.engine_programs import mixture
arena, outs = mixture(lamina._native.isa())
for threads in (1, 2, 3, 8):
    found = arena.run(*outs, steps=300, threads=threads)
    print(hashlib.sha256(b"".join(a.tobytes() for a in found)).hexdigest())
""")
    one, *more = succeeded(done).splitlines()
    assert more == [one] * 3
