"""Messages say what broke, what came, what was wanted and what to do."""

import pytest

from lamina import errors
from lamina.op import OPS
from lamina.types import Type


def test_the_form_of_a_message():
    text = errors.message("it broke", got=["one", "two"], want="three", fix="mend it")
    assert text == "it broke\n  got:  one\n        two\n  want: three\n  fix:  mend it"


def test_what_is_not_known_is_left_out():
    assert errors.message("it broke", fix="mend it") == "it broke\n  fix:  mend it"


def test_the_users_own_line_is_named():
    assert "  in:   test_errors.py:" in errors.message("it broke", where=True)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (errors.ShapeError, ValueError),
        (errors.DtypeError, TypeError),
        (errors.ArgumentError, ValueError),
        (errors.DataError, ValueError),
        (errors.TraceError, TypeError),
        (errors.GradientError, TypeError),
        (errors.FileFormatError, ValueError),
        (errors.MissingExtra, ImportError),
    ],
)
def test_python_users_catch_what_they_expect(kind, also):
    assert issubclass(kind, errors.LaminaError)
    assert issubclass(kind, also)


def test_the_op_and_the_types_are_named():
    error = errors.shape_error(OPS["matmul"], "does not fit", got=[Type("float32", (2, 3))], want="more")
    assert str(error) == "matmul: does not fit\n  got:  float32[2,3]\n  want: more"


def test_an_unknown_name():
    assert "did you mean 'relu'?" in str(errors.unknown("activation", "rleu", ["relu", "tanh"]))
    far = str(errors.unknown("activation", "xyz", ["relu", "tanh"], hint="read the list"))
    assert "want: relu, tanh" in far
    assert "fix:  read the list" in far


def test_of_many_names_the_likeliest_are_listed():
    text = str(errors.unknown("layer", "Danse", [*(f"Layer{i}" for i in range(60)), "Dense", "_Dense"]))
    want, fix = text.splitlines()[1:]
    assert fix == "  fix:  did you mean 'Dense'?"
    assert "Dense, " in want
    assert want.endswith(" and 53 more")
    assert "_Dense" not in want


def test_a_missing_library_names_the_extra():
    assert str(errors.missing_extra("JAX", "xla", "this")) == 'this needs JAX: pip install "lamina[xla]"'
