"""Shape rules written as signatures."""

import pytest

from lamina.errors import DtypeError, ShapeError
from lamina.op import OPS
from lamina.signature import infer, parse
from lamina.types import Type

RULE = "(m,k),(k,n)->(m,n)"


def F(*shape):
    return Type("float32", shape)


def test_a_signature_is_read():
    assert parse("(m,k),(k,n)->(m,n)") == ([["m", "k"], ["k", "n"]], ["m", "n"])
    assert parse("(n)->()") == ([["n"]], [])


def test_named_and_batch_dimensions():
    assert infer(OPS["matmul"], RULE, (F(2, 3), F(3, 4))) == F(2, 4)
    assert infer(OPS["matmul"], RULE, (F(7, 5, 2, 3), F(7, 5, 3, 4))) == F(7, 5, 2, 4)


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ((F(2, 3), F(5, 4)), "dimension k is 3 in one input and 5 in another"),
        ((F(3), F(3, 4)), "input 0 has 1 dimensions, needs at least 2"),
        ((F(6, 2, 3), F(7, 3, 4)), r"batch dimensions differ: \(6,\) and \(7,\)"),
    ],
)
def test_what_does_not_fit_is_named(types, words):
    with pytest.raises(ShapeError, match=words):
        infer(OPS["matmul"], RULE, types)


def test_dtypes_must_agree():
    with pytest.raises(DtypeError, match="differ in dtype"):
        infer(OPS["matmul"], RULE, (F(2, 3), F(3, 4).with_dtype("float64")))
