"""The command line, as a person or a machine meets it: screens, JSON, exit codes. Each run is a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lamina

GOLDEN = Path(__file__).parent.parent / "golden"
SOURCE = Path(lamina.__file__).parent.parent
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


def command(*arguments):
    return [sys.executable, "-m", "lamina.cli", *map(str, arguments)]


def environment(**more):
    return {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "80",
        **more,
    }


def run(*arguments, folder, code=0, **more):
    """The finished process; its exit code must be ``code``."""
    done = subprocess.run(
        command(*arguments), cwd=folder, env=environment(**more), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def normalised(text: str) -> str:
    """The text with every number replaced, and what numbers make longer or shorter."""
    return re.sub(r" *#(?: KB| bytes)?", " #", NUMBER.sub("#", re.sub(r"(?<= )\.(?= )", "0", text)))


def agree(text: str, name: str) -> None:
    path = GOLDEN / name
    if os.environ.get("LAMINA_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(normalised(text))
    assert normalised(text) == path.read_text()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with digits.lamina, and what the training said."""
    folder = tmp_path_factory.mktemp("cli")
    return folder, run("train", "digits", "--seed", 1, folder=folder)


def test_training_says_all_of_it(trained):
    folder, done = trained
    agree(done.stdout, "cli_train_digits.txt")
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80
    share = float(re.search(r"^Test +([\d.]+) % right", done.stdout, re.M)[1])
    assert share >= 96
    assert (folder / "digits.lamina").is_file()


def test_the_same_command_gives_the_same_bits(trained, tmp_path):
    folder, _ = trained
    again = run("train", "digits", "--seed", "1", "--out", f"{tmp_path}{os.sep}", folder=tmp_path)
    assert (tmp_path / "digits.lamina").read_bytes() == (folder / "digits.lamina").read_bytes()
    other = run("train", "digits", "--seed", "2", "--epochs", 1, "--out", tmp_path / "other.lamina", folder=tmp_path)
    assert other.stdout != again.stdout


def test_json_is_one_object_and_nothing_else(trained, tmp_path):
    folder, _ = trained
    found = json.loads(
        run("train", "digits", "--epochs", 2, "--json", "--network", "64-20-10:tanh", folder=tmp_path).stdout
    )
    assert found["parameters"] == 64 * 20 + 20 + 20 * 10 + 10
    assert found["test"]["right"] == sum(found["test"]["confusion"][k][k] for k in range(10))
    assert found["data"]["training"]["pictures"] == 1442
    model = folder / "digits.lamina"
    tested = json.loads(run("evaluate", model, "--json", folder=tmp_path).stdout)["test"]
    assert np.sum(tested["confusion"]) == 355
    shown = json.loads(run("show", model, "--json", folder=tmp_path).stdout)
    assert shown["graph"].startswith("graph(")
    lines = json.loads(run("explain", model, "--json", folder=tmp_path).stdout)
    assert {line["backend"] for table in ("training", "inference") for line in lines[table]} == {"native"}


def test_the_other_screens(trained, tmp_path):
    model = trained[0] / "digits.lamina"
    for name in ("evaluate", "show", "explain"):
        text = run(name, model, folder=tmp_path).stdout
        assert max(map(len, text.splitlines())) <= 80, name
        assert "\x1b" not in text
    assert "y = softmax(relu(relu(flatten(x) W₁ + b₁) W₂ + b₂) W₃ + b₃)" in run("show", model, folder=tmp_path).stdout
    assert "W₁ᵀ" in run("show", model, "--convention", "columns", folder=tmp_path).stdout
    agree(run("evaluate", model, folder=tmp_path).stdout, "cli_evaluate_digits.txt")


def test_predicts_pictures_of_any_size_and_polarity(trained, tmp_path):
    model = trained[0] / "digits.lamina"
    (x, y), _ = lamina.datasets.digits.load_data()
    chosen = [int(np.flatnonzero(y == k)[1]) for k in (0, 3, 7)]
    for k in chosen:
        ink = np.repeat(np.repeat(x[k].astype("float64") / 16, 9, 0), 9, 1)
        page = np.zeros((110, 130))
        page[20:92, 30:102] = ink
        Image.fromarray((250 - 240 * page).astype("uint8")).save(tmp_path / f"{k}.png")
        Image.fromarray((240 * page).astype("uint8")).save(tmp_path / f"{k}.jpg")
    names = [f"{k}.{ending}" for k in chosen for ending in ("png", "jpg")]
    found = json.loads(run("predict", model, *names, "--json", folder=tmp_path).stdout)["predictions"]
    assert [p["class"] for p in found] == ["0", "0", "3", "3", "7", "7"]
    text = run("predict", model, names[0], folder=tmp_path).stdout
    assert text.splitlines()[1].startswith(f"{names[0]}  looks like 0 (")
    assert "█" in text
    assert len(text.splitlines()) == 12


REFUSALS = [
    (("train", "digits", "--network", "784-10"), 1, "the network '784-10' does not fit these pictures"),
    (("train", "digits", "--network", "64-9-10:rulu"), 1, "did you mean 'relu'"),
    (("train", "digits", "--network", "resnet"), 1, "unknown network 'resnet'"),
    (("train", "mnist", "--data", "."), 1, "the files of mnist are not here"),
    (("train", "digits", "--backend", "gpu"), 1, "unknown backend 'gpu'"),
    (("evaluate", "nothing.lamina"), 1, "nothing.lamina is no sound model file: there is no such file"),
    (("predict", "nothing.lamina", "x.png"), 1, "nothing.lamina is no sound model file"),
    (("train", "cats"), 2, "'cats' is not one of"),
    (("train", "digits", "--epochs", "0"), 2, "--epochs"),
    (("trian",), 2, "No such command 'trian'"),
    (("predict", "m.lamina"), 2, "IMAGE"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSALS)
def test_refuses_in_words_and_with_a_code(tmp_path, arguments, code, words):
    done = run(*arguments, folder=tmp_path, code=code)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "" or code == 1
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_with_130(tmp_path):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    settings = environment(PYTHONUNBUFFERED="1")
    going = subprocess.Popen(command("train", "digits", "--epochs", 100000), cwd=tmp_path, env=settings, **pipes)
    assert going.stdout is not None
    while "epoch" not in (line := going.stdout.readline()) or "Training" in line:
        assert going.poll() is None
    time.sleep(0.2)
    going.send_signal(signal.SIGINT)
    _, said = going.communicate(timeout=60)
    assert going.returncode == 130
    assert re.fullmatch(r"lamina: stopped in epoch \d+; what was learnt until then is in digits.lamina\n", said)
    assert lamina.load_model(tmp_path / "digits.lamina").compiled


def test_help_is_there_at_once(tmp_path):
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        done = run("--help", folder=tmp_path)
        spent.append(time.perf_counter() - begun)
    assert all(f"  {name} " in done.stdout for name in ("train", "predict", "evaluate", "show", "explain"))
    names = "import sys, lamina.cli; sys.exit('numpy' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", names], env=environment(), check=False).returncode == 0
    assert min(spent) < 0.5


def test_the_stub_names_what_the_package_has():
    stub = (SOURCE / "lamina" / "__init__.pyi").read_text()
    assert sorted(re.findall(r"import \w+ as (\w+)", stub)) == sorted(lamina.LAZY)
    for name in lamina.LAZY:
        assert getattr(lamina, name) is not None
    assert set(lamina.LAZY) <= set(dir(lamina))


def test_a_file_with_another_form_is_refused_in_words(trained, tmp_path):
    model = lamina.load_model(trained[0] / "digits.lamina")
    form = model.preprocessing
    for change in ({"shape": [9, 9]}, {"divide_by": 0}, {"divide_by": "16"}, {"data_set": "cats"}, {"kind": "sound"}):
        model.preprocessing = {**form, **change}
        model.save(tmp_path / "other.lamina")
        assert "Traceback" not in run("evaluate", "other.lamina", folder=tmp_path, code=1).stderr
    model.preprocessing, model.class_names = form, ["a", "b"]
    model.save(tmp_path / "other.lamina")
    assert (
        "was not trained on pictures with names"
        in run("predict", "other.lamina", "x.png", folder=tmp_path, code=1).stderr
    )
