"""Types: dtype and shape of values not yet computed."""

import numpy as np
import pytest

from lamina.types import DTYPES, Type, promote, type_of


@pytest.mark.parametrize("text", ["float32[]", "float32[2,3]", "uint32[0]", "bool[1,1,4]"])
def test_a_type_is_its_text(text):
    assert str(Type.parse(text)) == text


def test_what_a_type_knows():
    t = Type("float32", (2, 0, 3))
    assert (t.rank, t.size, t.is_float) == (3, 0, True)
    assert t.with_shape(4) == Type("float32", (4,))
    assert t.with_dtype("int32") == Type("int32", (2, 0, 3))
    assert Type("int64", ()).size == 1
    assert not Type("bool", ()).is_float


def test_the_type_of_an_array():
    assert type_of(np.zeros((2, 1), "uint8")) == Type("uint8", (2, 1))


def test_no_other_dtypes():
    with pytest.raises(AssertionError, match="complex64"):
        Type("complex64", ())


@pytest.mark.parametrize(
    ("dtypes", "wanted"),
    [
        (("int32", "float32"), "float32"),
        (("int64", "float32"), "float32"),
        (("float32", "float64"), "float64"),
        (("bool", "int32"), "int32"),
        (("bool", "bool"), "bool"),
        (("bool", "float32"), "float32"),
        (("int32", "int64"), "int64"),
        (("uint8", "int32"), "int32"),
        (("uint32", "int32"), "int64"),
        (("uint8", "uint32"), "uint32"),
    ],
)
def test_a_mix_of_dtypes(dtypes, wanted):
    assert promote(*dtypes) == promote(*reversed(dtypes)) == wanted


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_dtype_stays(dtype):
    assert promote(dtype, dtype) == dtype
