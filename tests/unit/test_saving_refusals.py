"""Files that ``save_model`` would not have written: each is refused, naming the file, before anything is believed."""

import builtins
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import FileFormatError
from lamina.files import safetensors
from lamina.models import archive


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A sound file: its description, its weights and its bytes."""
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(3, name="logits")])
    model.compile("adam", loss="mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 3), "float32"), verbose=0)
    path = tmp_path_factory.mktemp("sound") / "m.lamina"
    model.save(path)
    return *archive.read(path), path.read_bytes()


def changed(description, change) -> bytes:
    """A description with something changed in it."""
    fields = json.loads(description)
    change(fields)
    return json.dumps(fields).encode()


def zipped(*members, compression=zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, data in members:
            made.writestr(name, data)
    return file.getvalue()


def config_of(fields):
    return fields["model"]["config"]["layers"][-1]["config"]


def deep(n: int):
    return "[" * n + "]" * n


WHOLE = {  # the file as a whole
    "empty": lambda d, w, b: b"",
    "truncated": lambda d, w, b: b[: len(b) // 2],
    "one byte short": lambda d, w, b: b[:-1],
    "pickle": lambda d, w, b: pickle.dumps({"a": 1}),
    "bytes before the zip": lambda d, w, b: b"PK\x03\x04" + b,
    "a comment": lambda d, w, b: b[:-2] + b"\x05\x00hello",
    "a third member": lambda d, w, b: zipped(("model.json", d), ("weights.safetensors", w), ("run.py", b"")),
    "a path upwards": lambda d, w, b: zipped(("../model.json", d), ("weights.safetensors", w)),
    "one member": lambda d, w, b: zipped(("model.json", d)),
    "a member twice": lambda d, w, b: twice(d, w),
    "packed": lambda d, w, b: zipped(("model.json", d), ("weights.safetensors", w), compression=zipfile.ZIP_DEFLATED),
    "a bomb": lambda d, w, b: zipped(
        ("model.json", b" " * 10**7), ("weights.safetensors", w), compression=zipfile.ZIP_DEFLATED
    ),
    "a flipped bit": lambda d, w, b: flipped(b, b.index(b"logits")),
    "flipped weights": lambda d, w, b: archive.pack(d, flipped(w, len(w) - 3)),
    "truncated weights": lambda d, w, b: archive.pack(d, w[:-4]),
    "weights that are a pickle": lambda d, w, b: archive.pack(d, pickle.dumps([1, 2, 3])),
}
EXTRA = {"class_name": "Dense", "config": {"name": "more", "units": 1}}
DESCRIPTIONS = {  # model.json
    "no json": (lambda d: b"\x80\x04", "it is no JSON"),
    "no object": (lambda d: b"[]", "does not describe a model"),
    "NaN": (lambda d: d.replace(b'"version": 1', b'"version": NaN'), "NaN is no JSON number"),
    "a key twice": (lambda d: d.replace(b'"version": 1', b'"version": 1, "version": 1'), "a name is given twice"),
    "deep": (lambda d: d.replace(b'"class_names": null', f'"class_names": {deep(300)}'.encode()), "nested too deeply"),
    "very deep": (lambda d: d.replace(b'"build"', f'"x": {deep(10**5)}, "build"'.encode()), "nested too deeply"),
    "another version": (lambda d: changed(d, lambda f: f.update(version=2)), "it has version 2"),
    "an unknown field": (lambda d: changed(d, lambda f: f.update(run="x")), "the field 'run' is not known"),
    "a missing field": (lambda d: changed(d, lambda f: f.pop("weights")), "the field 'weights' is missing"),
    "a field of another kind": (lambda d: changed(d, lambda f: f.update(weights={})), "'weights' is of another kind"),
    "an unknown layer": (lambda d: d.replace(b'"Dense"', b'"Dnse"'), "did you mean 'Dense'"),
    "a module for a layer": (lambda d: d.replace(b'"Dense"', b'"os.system"'), "unknown layer 'os.system'"),
    "a lambda": (lambda d: d.replace(b'"Dense"', b'"Lambda"'), ""),
    "an unknown argument": (lambda d: changed(d, lambda f: config_of(f).update(uints=3)), "uints"),
    "an activation": (lambda d: changed(d, lambda f: config_of(f).update(activation="eval")), "activation 'eval'"),
    "an unknown optimizer": (lambda d: d.replace(b'"Adam"', b'"Eval"'), "unknown optimizer 'Eval'"),
    "an unknown loss": (lambda d: d.replace(b'"mse"', b'"exec"'), "unknown loss 'exec'"),
    "a larger layer": (lambda d: changed(d, lambda f: config_of(f).update(units=10**12)), "larger weights"),
    "a wider layer": (lambda d: changed(d, lambda f: config_of(f).update(units=4)), ""),
    "a renamed layer": (lambda d: changed(d, lambda f: config_of(f).update(name="other")), "'other/bias' is missing"),
    "another dtype": (lambda d: changed(d, lambda f: config_of(f).update(dtype="float64")), ""),
    "an extra layer": (lambda d: changed(d, lambda f: f["model"]["config"]["layers"].append(EXTRA)),
                       "'more/bias' is missing"),
    "no layer": (lambda d: changed(d, lambda f: f["model"]["config"]["layers"].pop()), "belongs to no layer"),
    "not a model": (lambda d: changed(d, lambda f: f["model"].update(EXTRA)), "model 'Dense'"),
    "text for a number": (lambda d: changed(d, lambda f: config_of(f).update(units="3")), ""),
    "a number for a layer": (lambda d: changed(d, lambda f: f["model"]["config"].update(layers=[1])), ""),
}  # fmt: skip


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def twice(description, weights) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("model.json", description)
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("model.json", description)
    return file.getvalue()


def refusal(path) -> str:
    with pytest.raises(FileFormatError) as caught:
        lamina.load_model(path)
    first = str(caught.value).splitlines()[0]
    assert "bad.lamina" in first, first
    return str(caught.value)


@pytest.mark.parametrize("case", list(WHOLE))
def test_refuses_files(tmp_path, sound, case):
    path = tmp_path / "bad.lamina"
    path.write_bytes(WHOLE[case](*sound))
    assert "is no sound" in refusal(path).splitlines()[0]


@pytest.mark.parametrize("case", list(DESCRIPTIONS))
def test_refuses_descriptions(tmp_path, sound, case):
    change, words = DESCRIPTIONS[case]
    path = tmp_path / "bad.lamina"
    description = change(sound[0])
    assert description != sound[0]
    path.write_bytes(archive.pack(description, sound[1]))
    assert words in refusal(path)


TENSORS = {
    "missing": (lambda t: t.pop("logits/bias"), "'logits/bias' is missing"),
    "superfluous": (lambda t: t.update(more=np.zeros(1, "float32")), "'more' belongs to no layer"),
    "of another shape": (lambda t: t.update({"logits/bias": np.zeros(4, "float32")}), "'logits/bias' does not fit"),
    "of another dtype": (lambda t: t.update({"logits/bias": np.zeros(3, "float64")}), "'logits/bias' does not fit"),
    "no optimizer state": (lambda t: [t.pop(k) for k in list(t) if k.startswith("optimizer")], "is missing"),
}


@pytest.mark.parametrize("case", list(TENSORS))
def test_refuses_weights(tmp_path, sound, case):
    change, words = TENSORS[case]
    tensors = dict(safetensors.decode(sound[1])[0])
    change(tensors)
    path = tmp_path / "bad.lamina"
    path.write_bytes(archive.pack(sound[0], safetensors.encode(tensors)))
    assert words in refusal(path)


def test_refuses_what_is_not_there_and_half_a_folder(tmp_path, sound):
    assert "there is no such file" in refusal(tmp_path / "bad.lamina")
    (tmp_path / "bad.lamina").mkdir()
    (tmp_path / "bad.lamina" / "model.json").write_bytes(sound[0])
    assert "the folder has no weights.safetensors" in refusal(tmp_path / "bad.lamina")


def test_any_byte_changed_or_lost_is_refused_or_harmless(tmp_path, sound, rng):
    """No other error than FileFormatError, whatever is wrong."""
    description, weights, data = sound
    path, named, refused = tmp_path / "bad.lamina", 0, 0
    for _ in range(150):
        place = int(rng.integers(len(description)))
        broken = description[:place] + bytes([int(rng.integers(256))]) + description[place + 1 :]
        path.write_bytes(archive.pack(broken, weights))
        try:
            lamina.load_model(path)
        except FileFormatError as error:
            named += "bad.lamina" in str(error).splitlines()[0]
            refused += 1
    assert named == refused > 50
    for end in rng.integers(len(data), size=40):
        path.write_bytes(data[:end])
        refusal(path)


BOMBS = {
    "objects": lambda f: np.savez(f, a=np.array([{}], object)),
    "a promise": lambda f: promise(f),
    "no array": lambda f: f.write_bytes(zipped(("a.txt", b"x"))),
    "no zip": lambda f: f.write_bytes(b"x" * 100),
    "a header of code": lambda f: header(f, "__import__('os').system('true')"),
}


def header(path, text: str) -> None:
    head = text.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + b"\0" * 8)


def promise(path) -> None:
    header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }")


@pytest.mark.parametrize("case", list(BOMBS))
def test_refuses_weights_in_npz(tmp_path, case):
    path = tmp_path / "bad.npz"
    BOMBS[case](path)
    with pytest.raises(FileFormatError, match=r"bad\.npz is no sound \.npz file"):
        lamina.Sequential([lamina.Input((2,)), layers.Dense(1)]).load_weights(path)


WATCH = """
import sys
opened = []
import numpy as np, lamina, lamina.backends.native
import lamina.saving, lamina.layers, lamina.models.compile_config
from lamina.layers import *
def watch(event, arguments):
    if event in ("open", "import", "exec", "compile", "os.system", "socket.connect", "pickle.find_class"):
        opened.append((event, str(arguments[0])))
sys.addaudithook(watch)
model = lamina.load_model(sys.argv[1])
seen = [e for e in opened if not e[1].endswith((".py", ".pyc", ".so")) and e[0] not in ("import", "exec")]
assert [e for e in seen if e[0] == "open"] == [("open", sys.argv[1])], seen
assert not [e for e in seen if e[0] != "open"], seen
"""


def test_opens_the_file_and_nothing_else(tmp_path, sound):
    path = tmp_path / "m.lamina"
    path.write_bytes(sound[2])
    source = os.path.dirname(os.path.dirname(lamina.__file__))
    done = subprocess.run([sys.executable, "-c", WATCH, str(path)], env={**os.environ, "PYTHONPATH": source},
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_runs_no_code(tmp_path, sound, monkeypatch):
    path = tmp_path / "m.lamina"
    path.write_bytes(sound[2])
    before = lamina.load_model(path).get_weights()

    def never(*_, **__):
        raise AssertionError("code is run")

    for place, name in ((builtins, "eval"), (builtins, "exec"), (pickle, "loads"), (pickle, "load")):
        monkeypatch.setattr(place, name, never)
    after = lamina.load_model(path).get_weights()
    assert [w.tobytes() for w in after] == [w.tobytes() for w in before]


def test_packed_members_and_untrue_sizes_are_refused_for_what_they_are(tmp_path, sound):
    description, weights, _ = sound
    path = tmp_path / "m.lamina"
    members = ("model.json", description), ("weights.safetensors", weights)
    path.write_bytes(zipped(*members, compression=zipfile.ZIP_BZIP2))
    with pytest.raises(FileFormatError, match=r"model\.json is packed or encrypted(.|\n)*zip -0"):
        lamina.load_model(path)
    entry = zipfile.ZipInfo("weights.safetensors")
    for size, packed in ((2**40, 2**40), (2**20, 10)):
        entry.file_size, entry.compress_size = size, packed
        with pytest.raises(FileFormatError, match=f"is not true\n  got:  {size} bytes in a file of 2097152"):
            archive.check(entry, 2**21, "m.lamina")
