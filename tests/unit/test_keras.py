"""``lamina.keras`` is Lamina under Keras's names; the table of docs/keras.md says what is there."""

import subprocess
import sys
from pathlib import Path

import pytest

import lamina
import lamina.keras
from lamina.errors import ArgumentError, DataError, LaminaWarning, TraceError
from lamina.keras.aliases import MODULES

ROOT = Path(__file__).parents[2]


def fresh(program: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)


def test_the_table_of_the_docs_is_that_of_the_code():
    done = subprocess.run(
        [sys.executable, ROOT / "tools/write_keras_table.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stderr}\nrun: python tools/write_keras_table.py"


@pytest.mark.parametrize("name", [n for n, module in MODULES.items() if module == f"lamina.{n}"])
def test_its_modules_are_those_of_lamina(name):
    done = fresh(
        f"import lamina, lamina.keras.{name} as m; assert m is lamina.{name} and m.__spec__.name == 'lamina.{name}'"
    )
    assert done.returncode == 0, done.stderr


def test_its_names_are_those_of_lamina():
    assert lamina.keras.Sequential is lamina.Sequential
    assert lamina.keras.Variable is lamina.Variable
    assert lamina.keras.version() == lamina.keras.__version__
    for name in dir(lamina.keras):
        assert hasattr(lamina.keras, name)
    with pytest.raises(AttributeError, match=r"'applications' in Lamina; docs/keras\.md lists"):
        _ = lamina.keras.applications


def test_importing_it_loads_nothing():
    probe = (
        "import sys, lamina.keras; assert not [m for m in ('lamina.layers', 'lamina.ops', 'keras') if m in sys.modules]"
    )
    done = fresh(probe)
    assert done.returncode == 0, done.stderr


def test_files_that_say_import_keras():
    done = fresh(
        "import lamina, lamina.keras as k; k.install(); k.install()\n"
        "import keras, keras.layers, keras.optimizers.schedules\n"
        "from keras import ops, backend as B; from keras.preprocessing.sequence import pad_sequences\n"
        "from keras.datasets import mnist; from keras.optimizers.schedules import CosineDecay\n"
        "assert keras is k and keras.layers is lamina.layers and ops is lamina.ops and k.installed()\n"
        "assert pad_sequences is lamina.utils.pad_sequences and B.floatx() == 'float32'\n"
        "k.uninstall(); import sys; assert 'keras' not in sys.modules and 'keras.layers' not in sys.modules\n"
        "assert lamina.layers.__spec__.name == 'lamina.layers'"
    )
    assert done.returncode == 0, done.stderr


def test_what_is_not_there_is_an_import_error():
    done = fresh("import lamina.keras as k; k.install(); import keras.applications")
    assert "ModuleNotFoundError: No module named 'keras.applications'" in done.stderr


def test_it_does_not_take_the_place_of_keras_itself(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", type(sys)("keras"))
    with pytest.raises(TraceError, match="Keras itself is imported already"):
        lamina.keras.install()
    assert not lamina.keras.installed()


def test_settings_have_one_value():
    config = lamina.keras.config
    config.set_floatx(config.floatx())
    config.set_epsilon(config.epsilon())
    config.set_image_data_format(config.image_data_format())
    for refused in (
        lambda: config.set_floatx("float16"),
        lambda: config.set_image_data_format("channels_first"),
        lambda: config.set_backend("torch"),
        lambda: config.set_dtype_policy("mixed_float16"),
        lambda: lamina.keras.mixed_precision.set_global_policy("int3"),
    ):
        with pytest.raises(ArgumentError, match="want:"):
            refused()
    with pytest.warns(LaminaWarning, match="layers compute in float32"):
        lamina.keras.mixed_precision.set_global_policy("mixed_float16")


def test_trees():
    tree = lamina.keras.tree
    nest = {"b": [1, (2, 3)], "a": 4}
    assert tree.flatten(nest) == [4, 1, 2, 3]
    assert tree.pack_sequence_as(nest, [0, 10, 20, 30]) == {"b": [10, (20, 30)], "a": 0}
    assert tree.map_structure(lambda x: -x, nest) == {"b": [-1, (-2, -3)], "a": -4}
    with pytest.raises(ArgumentError, match="structures differ"):
        tree.assert_same_structure(nest, {"b": 1, "a": 4})
    with pytest.raises(ArgumentError, match="3 leaves"):
        tree.pack_sequence_as(nest, [1, 2, 3])


def test_a_model_as_text():
    x = lamina.Input((3,), name="x")
    model = lamina.Model(x, {"a": lamina.layers.Dense(2, name="d")(x), "b": x * 2.0}, name="net")
    again = lamina.models.model_from_json(model.to_json())
    assert again.to_json() == model.to_json()
    with pytest.raises(ArgumentError, match="takes what to_json gives"):
        lamina.models.model_from_json("{")
    with pytest.raises(lamina.errors.ArgumentError, match=r"layers\.deserialize"):
        lamina.models.model_from_json({"class_name": "Sequential"})
    with pytest.raises(lamina.errors.ArgumentError, match="no such element type"):
        lamina.utils.standardize_dtype(object())


def test_batches_as_triples():
    pack, unpack = lamina.utils.pack_x_y_sample_weight, lamina.utils.unpack_x_y_sample_weight
    for told in ((1,), (1, 2), (1, 2, 3)):
        packed = pack(*told)
        assert unpack(packed) == (*told, None, None)[:3]
    assert unpack(pack([1])) == ([1], None, None)
    with pytest.raises(DataError, match="4 parts"):
        unpack((1, 2, 3, 4))
