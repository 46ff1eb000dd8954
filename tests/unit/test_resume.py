"""Kill -9 at random moments, resume, and compare: the bits are those of a training that nobody disturbed.

``LAMINA_KILLS`` says how many kills (6 unless given); run it with 20 or more by hand.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lamina
from lamina.backends import BACKENDS

KILLS = int(os.environ.get("LAMINA_KILLS", "6"))
CHILD = Path(__file__).with_name("resume_child.py")


def child(folder: Path, backend: str) -> subprocess.Popen:
    source = str(Path(lamina.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen([sys.executable, CHILD, folder, backend], env=environment, stdout=subprocess.PIPE)


def killed(process: subprocess.Popen, seconds: float) -> bool:
    """Kills a process that many seconds after it got ready; whether it was still running."""
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        running = process.poll() is None
        process.kill()
    assert running or process.returncode == 0
    return running


def whole(folder: Path, backend: str) -> tuple[bytes, float]:
    """The result of an undisturbed run, and how long it took after it got ready."""
    folder.mkdir(exist_ok=True)
    with child(folder, backend) as process:
        assert process.stdout is not None
        process.stdout.readline()
        begun = time.perf_counter()
        assert process.wait(120) == 0
    return (folder / "result").read_bytes(), time.perf_counter() - begun


@pytest.mark.slow
@pytest.mark.parametrize("backend", [name for name in ("native", "reference") if name in BACKENDS][:1])
def test_kill_9_at_random_moments(backend, tmp_path):
    want, seconds = whole(tmp_path / "undisturbed", backend)
    moments, folder, done = random.Random(1), tmp_path / "disturbed", 0
    resumed = 0
    folder.mkdir()
    while done < KILLS:
        if killed(child(folder, backend), moments.uniform(0.2, 0.95) * seconds):
            done += 1
            resumed += any((folder / "backup").glob("checkpoint-*"))
        if (folder / "result").exists():  # it came through between two kills: the next ones disturb another run
            assert (folder / "result").read_bytes() == want
            for path in [folder / "result", *(folder / "backup").iterdir()]:
                path.unlink()
    print(f"{KILLS} kills, {resumed} of them with a checkpoint to go on from")
    found, _ = whole(folder, backend)
    assert found == want
    assert resumed >= KILLS // 3, "nearly all kills came before the first checkpoint or after the last: disturb more"
    assert not list((folder / "backup").glob("*.bad"))
