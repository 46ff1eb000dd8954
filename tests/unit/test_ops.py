"""The public functions: what they do with negative axes, plain numbers, mixed dtypes and mistakes."""

import doctest
import inspect
import math

import numpy as np
import pytest

import lamina
from lamina import activations, ops
from lamina.errors import ArgumentError, DtypeError, LaminaError, ShapeError, TraceError
from lamina.graph import Node, placeholder
from lamina.trace import trace
from lamina.types import Type

A = np.arange(6, dtype="float32").reshape(2, 3)
PUBLIC = [
    *((ops, name) for name in ops.__all__),
    *((activations, name) for name in ("relu", "gelu", "get", "serialize")),
]
FUNCTIONS = [
    pytest.param(getattr(module, name), id=f"{module.__name__}.{name}")
    for module, name in PUBLIC
    if callable(getattr(module, name))
    and not inspect.isclass(getattr(module, name))
    and not inspect.ismodule(getattr(module, name))
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_public_function_says_what_it_does_and_its_example_runs(function):
    text = inspect.getdoc(function)
    assert text
    test = doctest.DocTestParser().get_doctest(text, {"lamina": lamina, "np": np}, "example", None, 0)
    said = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)


# ---- dtypes


@pytest.mark.parametrize(
    ("result", "dtype"),
    [
        (lambda: ops.add(np.int32(1), 2), "int32"),
        (lambda: ops.add(np.int32(1), 2.0), "float32"),
        (lambda: ops.add(A, 1), "float32"),
        (lambda: ops.add(A.astype("float64"), 1.5), "float64"),
        (lambda: ops.divide(np.int32([1]), np.int32([2])), "float32"),
        (lambda: ops.add([1, 2], [3, 4]), "int32"),
        (lambda: ops.mean(np.int32([1, 2])), "float32"),
        (lambda: ops.sum([True, True]), "int32"),
        (lambda: ops.where([True], 1, 2.5), "float32"),
        (lambda: ops.exp([1, 2]), "float32"),
        (lambda: ops.one_hot([1], 3), "float32"),
        (lambda: ops.argmax(A), "int32"),
        (lambda: ops.matmul([[1]], [[2]]), "float32"),
        (lambda: ops.add(np.float16([1]), 1), "float32"),
        (lambda: ops.add(np.int64([2**40]), 1), "int64"),
        (lambda: ops.add(np.uint8([250]), np.uint8([1])), "uint8"),
        (lambda: ops.arange(3), "int32"),
        (lambda: ops.arange(0, 1, 0.5), "float32"),
        (lambda: ops.zeros((2,)), "float32"),
        (lambda: ops.equal(A, 1), "bool"),
        (lambda: ops.full((2,), 3), "int32"),
        (lambda: ops.cumsum([True, True]), "int32"),
    ],
)
def test_the_dtype_of_a_result(result, dtype):
    assert result().dtype == dtype


def test_text_is_no_tensor():
    with pytest.raises(DtypeError, match="turn text into numbers"):
        ops.add(np.array(["a"]), 1)


def test_a_list_of_symbolic_values_is_to_be_stacked():
    with pytest.raises(TraceError, match=r"ops\.stack"):
        trace(lambda x: ops.exp([x[0], x[1]]), [Type("float32", (2,))])


def test_what_does_not_fit_is_brought_to_the_edge():
    assert ops.saturate_cast(np.float32([-1e30, 1e30, 7]), "int32").tolist() == [-(2**31), 2147483520, 7]
    assert ops.saturate_cast(np.float64([-1e30, 1e30]), "int32").tolist() == [-(2**31), 2**31 - 1]
    assert ops.saturate_cast(np.int32([3]), "float32").dtype == np.float32


def test_what_is_known_of_a_tensor():
    assert ops.shape(A) == (2, 3)
    assert (ops.ndim(A), ops.size([[1, 2]]), ops.dtype([1.0])) == (2, 2, "float32")
    assert ops.is_tensor(A)
    assert ops.is_tensor(placeholder(Type("float32", ())))
    assert not ops.is_tensor([1.0])
    np.testing.assert_array_equal(ops.convert_to_numpy([1, 2]), [1, 2])
    assert ops.convert_to_tensor([1, 2], "float32").dtype == np.float32
    with pytest.raises(TraceError, match="no number yet"):
        ops.convert_to_numpy(placeholder(Type("float32", ())))


def test_the_first_condition_that_holds():
    x = np.float32([1, 2, 3])
    np.testing.assert_array_equal(ops.select([x < 2, x < 3], [x * 10, x * 100], -1), [10, 200, -1])


def test_numbers_of_elements_as_places():
    np.testing.assert_array_equal(ops.unravel_index([0, 4, 5], (2, 3)), np.unravel_index([0, 4, 5], (2, 3)))
    np.testing.assert_array_equal(
        ops.digitize(np.float32([-1, 0, 0.5, 9]), np.float32([0, 1])), np.digitize([-1, 0, 0.5, 9], [0, 1])
    )


# ---- where exponentials overflow, vanish or are none

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_exponentials_of_infinities(dtype):
    rows = np.array([[-INF, -INF], [INF, INF], [INF, -INF], [0.5, -INF], [1e3, INF], [NAN, -INF], [INF, NAN]], dtype)
    with np.errstate(invalid="ignore"):
        want = np.logaddexp(*rows.T)
    for backend in ("reference", "native"):
        program = trace(lambda x: [ops.logsumexp(x, 1), ops.logaddexp(x[:, 0], x[:, 1])], [Type(dtype, rows.shape)])
        for got in program.program(backend).run(rows):
            np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_sum_over_impossible_paths_can_be_differentiated():
    x = np.float32([[0.5, -INF, 1.5], [2, 2, -INF]])
    got = lamina.grad(lambda x: ops.sum(ops.logsumexp(x, -1)))(x)
    np.testing.assert_allclose(got, np.exp(x) / np.exp(x).sum(1, keepdims=True), rtol=1e-6)
    both = lamina.grad(lambda x: ops.sum(ops.logaddexp(x, x)))(np.float32([-INF, 0.0, 3.0]))
    np.testing.assert_array_equal(both, [1, 1, 1])


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 5e-6), ("float64", 1e-13)])
def test_the_error_function_from_one_down_to_nothing(dtype, rtol):
    x = np.array([-INF, -6, -1.5, -0.1, 0, 0.3, 1.49, 1.51, 1.99, 2.01, 3, 5, 8.5, 30, INF, NAN], dtype)
    want = [math.erfc(v) for v in x]
    for backend in ("reference", "native"):
        (got,) = trace(ops.erfc, [Type(dtype, x.shape)]).program(backend).run(x)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-37)
    slope = lamina.grad(lambda x: ops.sum(ops.erfc(x)))(x[1:13])
    np.testing.assert_allclose(slope, -2 / np.sqrt(np.pi) * np.exp(-np.float64(x[1:13]) ** 2), rtol=1e-4)


def test_a_number_that_float32_cannot_hold_meets_float64():
    x = np.array([1.0, 2.0])
    for got in (ops.multiply(x, 1e300), ops.minimum(1e300, x * 1e299), ops.where(x > 1, 1e300, x)):
        assert got.dtype == "float64"
        assert np.isfinite(got).all()
    assert ops.where(x > 1, 1e300, x).tolist() == [1.0, 1e300]


@pytest.mark.parametrize(("dtype", "lowest", "highest"), [("float32", -149, 127), ("float64", -1074, 1023)])
def test_powers_of_two_are_exact(dtype, lowest, highest):
    exponents = np.arange(lowest - 3, highest + 3, dtype="int32")
    for x in np.array([1, -3, 2**-20, 0, INF], dtype):
        with np.errstate(over="ignore"):
            want = np.ldexp(x, exponents)
        np.testing.assert_array_equal(ops.ldexp(x, exponents), want)
    assert ops.ldexp(np.float32(1e-30), 130) == np.ldexp(np.float32(1e-30), 130)
    assert ops.ldexp(1e30, [-400, 400]).tolist() == [0, INF]


def test_quantiles_beside_infinities_and_nan():
    assert ops.median([1.0, 2.0, INF]) == 2
    assert ops.quantile([-INF, 1.0, INF], [0.0, 0.5, 1.0]).tolist() == [-INF, 1, INF]
    np.testing.assert_array_equal(ops.median([[1.0, NAN, 3.0], [1.0, 2.0, 3.0]], axis=1), [NAN, 2])


# ---- symbolic and plain agree


def assert_same(f, *arrays):
    """f on arrays equals f traced."""
    eager = f(*arrays)
    traced = trace(f, [Type(str(a.dtype), a.shape) for a in arrays])(*arrays)
    np.testing.assert_allclose(traced, eager, rtol=1e-6)
    assert traced.dtype == eager.dtype
    return eager


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ops.sum(x, -1, keepdims=True),
        lambda x: ops.max(x, (0, -1)),
        lambda x: ops.var(x, 0),
        lambda x: ops.argmin(x, -2),
        lambda x: ops.transpose(x),
        lambda x: ops.reshape(x, (3, -1)),
        lambda x: ops.squeeze(ops.expand_dims(x, (0, -1))),
        lambda x: ops.flip(x, -1),
        lambda x: ops.concatenate([x, x * 2], -1),
        lambda x: ops.stack([x, x], -1),
        lambda x: ops.split(x, [1], -1)[1],
        lambda x: ops.take(x, [-1, 0], 1),
        lambda x: ops.roll(x, 4, 1),
        lambda x: ops.tile(x, (2, 1, 2)),
        lambda x: ops.repeat(x, 3, -1),
        lambda x: ops.pad(x, ((0, 1), (2, 0)), mode="constant"),
        lambda x: ops.pad(x, 1, "reflect"),
        lambda x: ops.einsum("ij,kj->ik", x, x),
        lambda x: ops.tril(x),
        lambda x: ops.moveaxis(x, 0, -1),
        lambda x: ops.softmax(x, 0),
        lambda x: ops.softmax(x, (0, 1)),
        lambda x: ops.logsumexp(x, -1, True),
        lambda x: ops.norm(x, 3, 1),
        lambda x: ops.sort(x, None),
        lambda x: ops.quantile(x, [0.1, 0.9], -1),
        lambda x: ops.cumprod(x, 0),
        lambda x: ops.one_hot(ops.cast(x, "int32"), 4, axis=0),
        lambda x: ops.slice_update(x, (0, 1), x[:1, :2]),
        lambda x: ops.scatter_update(x, [[0, 1], [1, 2]], np.float32([7, 8])),
        lambda x: ops.searchsorted(np.float32([1, 3]), x),
        lambda x: ops.diag(x[0], 1),
        lambda x: ops.average(x, 0, np.float32([1, 3])),
        lambda x: ops.layer_normalization(x),
        lambda x: ops.sparse_categorical_crossentropy([0, 2], x, True),
        lambda x: ops.in_top_k([0, 2], x, 2),
        lambda x: ops.mod(x, -2),
        lambda x: ops.nan_to_num(ops.divide(x, 0.0)),
        lambda x: ops.isclose(x, 1.0),
        lambda x: ops.segment_sum(x, [1, 1], 3),
        lambda x: ops.bincount(ops.cast(x[0], "int32"), minlength=4),
    ],
)
def test_arrays_and_symbolic_values_give_the_same(f):
    assert_same(f, A)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        slice(None, None, -1),
        slice(2, 0, -1),
        slice(5, 9),
        (..., 1),
        (None, 1),
        (slice(1), None, ..., -1),
        (slice(None), slice(0, 3, 2)),
        np.int64(1),
        (np.int32(0), 2),
        slice(-2, None),
        (),
    ],
)
def test_indexing_is_that_of_numpy(index):
    np.testing.assert_array_equal(assert_same(lambda x: ops.get_item(x, index), A), A[index])


def test_indexing_with_a_tensor_of_row_numbers():
    found = assert_same(lambda x, i: x[i] if isinstance(x, Node) else ops.get_item(x, i), A, np.int32([1, 1, -2]))
    np.testing.assert_array_equal(found, A[[1, 1, -2]])


@pytest.mark.parametrize(
    ("words", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bjk->bik", [(5, 2, 3), (5, 3, 4)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ii", [(3, 3)]),
        ("ij,ij->", [(2, 3), (2, 3)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("i,j,k->kji", [(2,), (3,), (4,)]),
        ("...ij,...jk->...ik", [(6, 2, 3), (6, 3, 4)]),
        ("iij->j", [(2, 2, 3)]),
        ("ij,kl->jl", [(2, 3), (4, 5)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("ijk,ijk->jk", [(2, 3, 4), (2, 3, 4)]),
    ],
)
def test_einsum_is_that_of_numpy(words, shapes, rng):
    arrays = [rng.normal(size=s).astype("float32") for s in shapes]
    np.testing.assert_allclose(ops.einsum(words, *arrays), np.einsum(words, *arrays), rtol=1e-4, atol=1e-5)


# ---- refused, in words


def attention(heads, shared):
    keys = np.ones((1, 2, shared, 4))
    return ops.dot_product_attention(np.ones((1, 2, heads, 4)), keys, keys)


@pytest.mark.parametrize(
    ("f", "kind", "words"),
    [
        (lambda: ops.sum(A, 2), ArgumentError, "axis 2 is out of range"),
        (lambda: ops.reshape(A, (4, -1)), ShapeError, "6 elements do not fill"),
        (lambda: ops.reshape(A, (-1, -1)), ShapeError, "only one size"),
        (lambda: ops.squeeze(A, 0), ShapeError, "not of size 1"),
        (lambda: ops.split(A, 2, 1), ShapeError, "3 does not divide into 2"),
        (lambda: ops.matmul(A, A), ShapeError, "dimension k is 3 in one input and 2 in another"),
        (lambda: ops.matmul(1.0, A), ShapeError, "scalar is no matrix"),
        (lambda: A + ops.get_item(A, (0, 0, 0)), ShapeError, "3 indices for 2 dimensions"),
        (lambda: ops.get_item(A, 2), ArgumentError, "index 2 is out of range"),
        (lambda: ops.add(A, A.T), ShapeError, "do not broadcast"),
        (lambda: ops.pad(A, 1, "mirror"), ArgumentError, "unknown mode"),
        (lambda: ops.pad(A, 3, "reflect"), ShapeError, "too short"),
        (lambda: ops.pad(A, ((1, 1), (1, 1), (1, 1))), ArgumentError, "3 pairs for 2 dimensions"),
        (lambda: ops.einsum("ij,jk->ik", A), ArgumentError, "2 operands"),
        (lambda: ops.einsum("ijk->k", A), ShapeError, "does not name the axes"),
        (lambda: ops.einsum("ij,ij->ij", A, A.T), ShapeError, "axis i is 2"),
        (lambda: ops.tensordot(A, A, 1), ShapeError, "differ in size"),
        (lambda: ops.glu(A), ShapeError, "does not split into halves"),
        (lambda: ops.conv(A, A), ShapeError, "nothing to slide over"),
        (lambda: ops.conv(np.ones((1, 4, 4, 2)), np.ones((9, 9, 2, 1))), ShapeError, "does not fit"),
        (lambda: ops.conv(np.ones((1, 4, 4, 2)), np.ones((2, 2, 3, 1))), ShapeError, "meets 2 channels"),
        (lambda: ops.max_pool(np.ones((1, 4, 1)), 2, padding="full"), ArgumentError, "unknown padding"),
        (lambda: ops.max_pool(np.ones((1, 4, 1)), (2, 2)), ArgumentError, "does not fit 1 spatial axes"),
        (lambda: ops.top_k(A, 4), ShapeError, "no 4 largest of 3"),
        (lambda: ops.norm(A, "nuc"), ArgumentError, "no ord"),
        (lambda: ops.cross(A[:, :2], A[:, :2]), ShapeError, "three numbers"),
        (lambda: ops.categorical_crossentropy(A, A[:1]), ShapeError, "differ"),
        (lambda: ops.sparse_categorical_crossentropy([0], A), ShapeError, "one label for each row"),
        (lambda: ops.slice_update(A, (1, 1), A), ShapeError, "does not fit"),
        (lambda: ops.quantile(A, 0.5, method="nearest"), ArgumentError, "unknown method"),
        (lambda: ops.nonzero(placeholder(Type("float32", (3,)))), TraceError, "depends on values"),
        (lambda: ops.moveaxis(A, (0, 1), 0), ArgumentError, "as many destinations"),
        (lambda: ops.tril(A[0]), ShapeError, "a vector or a single number has no diagonal"),
        (lambda: ops.triu(1.0), ShapeError, "has no diagonal"),
        (lambda: ops.concatenate([]), ArgumentError, "concatenate: there are no tensors"),
        (lambda: ops.stack([]), ArgumentError, "stack: there are no tensors"),
        (lambda: ops.dstack([]), ArgumentError, "concatenate: there are no tensors"),
        (lambda: ops.hstack([]), ArgumentError, "hstack: there are no tensors"),
        (lambda: ops.nanmax(A[:0]), ShapeError, "max: the max of no elements"),
        (lambda: ops.depth_to_space(np.ones((1, 2, 2, 4)), 2, "channels"), ArgumentError, "unknown data_format"),
        (lambda: ops.extract_sequences(A, 2, 0), ArgumentError, "sequence_stride is 1 or more"),
        (lambda: ops.unfold(A, 2), ShapeError, "unfold takes images"),
        (lambda: ops.geomspace(0, 1), ArgumentError, "both above zero or both below"),
        (lambda: ops.trapezoid(A, [1.0, 2.0]), ShapeError, "a place for each value"),
        (lambda: ops.vander(A), ShapeError, "vander takes a vector"),
        (lambda: ops.quantile(A, 1.5), ArgumentError, "a share is within 0..1"),
        (lambda: ops.percentile(A, -1), ArgumentError, "a share is within 0..1"),
        (lambda: ops.digitize([1.0], [[1.0]]), ShapeError, "the sequence is no vector"),
        (lambda: ops.correlate([], [1.0]), ShapeError, "two vectors"),
        (lambda: ops.hanning(-1), ArgumentError, "a window has 0 places or more"),
        (lambda: attention(3, 2), ShapeError, "3 heads share 2"),
    ],
)
def test_what_is_refused_is_explained(f, kind, words):
    with pytest.raises(kind, match=words) as error:
        f()
    assert isinstance(error.value, LaminaError)


def test_sums_of_many_rows_keep_their_digits():
    x = (np.random.default_rng(7).standard_normal((40_000, 33)) + 100).astype("float32")
    for axis in (0, 1, None):
        np.testing.assert_allclose(ops.sum(x, axis), x.sum(axis, dtype="float64"), rtol=1e-7)
        np.testing.assert_allclose(ops.mean(x, axis), x.mean(axis, dtype="float64"), rtol=2e-7)
