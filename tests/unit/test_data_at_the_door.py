"""Data at the door: what is taken, what is refused, and in which words."""

import re

import numpy as np
import pyarrow
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, DataError, DtypeError, LaminaError, LaminaWarning, ShapeError
from lamina.ops.random import random_bits
from lamina.training import arrays
from lamina.training.order import FIRST_STREAM, permutation

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
LABELS = np.arange(12) % 4


def model_of(units=4, loss="sparse_categorical_crossentropy", activation="softmax", **told):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(units, activation=activation, name="out")])
    weights = np.random.default_rng(3)
    model.set_weights([weights.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    model.compile("sgd", loss=loss, backend="reference", **told)
    return model


class ArrayLike:
    def __array__(self, dtype=None, copy=None):
        return np.array(X, dtype=dtype)


class OnlyDLPack:
    def __dlpack__(self, **told):
        return X.__dlpack__(**told)

    def __dlpack_device__(self):
        return X.__dlpack_device__()


@pytest.mark.parametrize(
    "x",
    [
        X,
        X.tolist(),
        X.astype("float64"),
        X.astype("float64").tolist(),
        ArrayLike(),
        OnlyDLPack(),
        np.asfortranarray(X),
        np.repeat(X, 2, axis=0)[::2],
        memoryview(X),
        X.astype(object),
    ],
    ids=["array", "lists", "float64", "lists64", "__array__", "dlpack", "fortran", "strided", "buffer", "object"],
)
def test_whatever_holds_numbers_is_taken(x):
    want, model = model_of(), model_of()
    want.fit(X, LABELS, epochs=2, batch_size=5, verbose=0)
    model.fit(x, LABELS.tolist(), epochs=2, batch_size=5, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], want.get_weights()[0])
    np.testing.assert_array_equal(model.predict(x, verbose=0), want.predict(X, verbose=0))


def test_finite_numbers_with_an_infinite_sum_are_taken():
    arrays.check_finite(np.full((4, 3), 3e38, "float32"), "x")
    with pytest.raises(DataError, match="x holds inf at row 0"):
        arrays.check_finite(np.array([np.inf, -np.inf], "float32"), "x")


def test_an_arrow_stream_is_taken():
    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pyarrow.table({str(i): X[:, i] for i in range(3)}).__arrow_c_stream__(requested_schema)

    np.testing.assert_array_equal(arrays.to_array(Stream(), "x"), X)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "uint32", "bool", "float16", "float64"])
def test_every_dtype_trains_and_the_data_stay_as_they_are(dtype):
    x = np.arange(36).reshape(12, 3).astype(dtype)
    y = LABELS.astype("int64")
    before = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    model, want = model_of(), model_of()
    model.fit(x, y, batch_size=5, verbose=0)
    want.fit(before[0].astype("float32"), y, batch_size=5, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], want.get_weights()[0])
    np.testing.assert_array_equal(x, before[0])


def test_types_of_a_batch():
    assert str(arrays.step_type(np.zeros((5, 2)), 3)) == "float32[3,2]"
    assert str(arrays.step_type(np.array([2**31 - 1]), 1)) == "int32[1]"
    assert str(arrays.step_type(np.array([2**31]), 1)) == "int64[1]"
    assert str(arrays.step_type(np.zeros(4, "uint8"), 4)) == "uint8[4]"


def nan_at(row, column, value=np.nan):
    x = X.copy()
    x[row, column] = value
    return x


BAD = [
    (
        "lengths",
        lambda m: m.fit(X, LABELS[:10]),
        'Sequential "sequential": '
        "the data differ in length\n  got:  x: 12 rows\n        y: 10 rows\n"
        "  want: one row for each sample in each of them\n  fix:  cut them to the same samples: 10 rows are the fewest",
    ),
    (
        "weights' length",
        lambda m: m.fit(X, LABELS, sample_weight=np.ones(11)),
        'Sequential "sequential": '
        "the data differ in length\n  got:  x: 12 rows\n        y: 12 rows\n        sample_weight: 11 rows\n"
        "  want: one row for each sample in each of them\n  fix:  cut them to the same samples: 11 rows are the fewest",
    ),
    (
        "empty",
        lambda m: m.fit(X[:0], LABELS[:0]),
        'Sequential "sequential": '
        "the data are empty\n  got:  x: float32[0, 3], y: int64[0]\n  want: at least one row\n"
        "  fix:  look at how they were read or selected: len(x) is 0",
    ),
    ("no data", lambda m: m.fit(), 'Sequential "sequential": '
        "there are no data\n  want: x, an array with one row for each sample"),
    (
        "one number",
        lambda m: m.fit(3.0, 1),
        'Sequential "sequential": '
        "x is one number\n  got:  float64[]: [3.0]\n  want: one row for each sample",
    ),
    (
        "text",
        lambda m: m.fit(X, np.array(["cat", "dog"] * 6)),
        'Sequential "sequential": '
        "y holds text where numbers are expected\n  got:  <U3[12]: ['cat', 'dog', 'cat', 'dog']\n  want: numbers\n"
        "  fix:  turn text into numbers first, for example one whole number per category",
    ),
    (
        "text among numbers",
        lambda m: m.fit(np.array([[1.0, 2.0, "red"]] * 12, object), LABELS),
        'Sequential "sequential": '
        "x holds text where numbers are expected\n  got:  'red' at row 0, column 2\n  want: numbers\n"
        "  fix:  turn text into numbers first, for example one whole number per category",
    ),
    (
        "None",
        lambda m: m.fit([[1.0, 2.0, None]] * 12, LABELS),
        'Sequential "sequential": '
        "x holds nothing (None) where numbers are expected\n  got:  None at row 0, column 2\n  want: numbers\n"
        "  fix:  turn text into numbers first, for example one whole number per category",
    ),
    (
        "ragged",
        lambda m: m.fit([[1, 2, 3], [4, 5]], [0, 1]),
        'Sequential "sequential": '
        "x is a list of rows of different lengths\n  got:  [[1, 2, 3], [4, 5]]\n  want: rows of one length\n"
        "  fix:  pad the short ones, for example with zeros",
    ),
    (
        "NaN",
        lambda m: m.fit(nan_at(7, 2), LABELS),
        'Sequential "sequential": '
        "x holds nan at row 7, column 2\n  got:  nan\n  want: finite numbers\n"
        "  fix:  drop these rows or fill the gaps first, for example with the mean of the column",
    ),
    (
        "infinity",
        lambda m: m.fit(nan_at(3, 0, -np.inf), LABELS),
        'Sequential "sequential": '
        "x holds -inf at row 3, column 0\n  got:  -inf\n  want: finite numbers\n"
        "  fix:  drop these rows or fill the gaps first, for example with the mean of the column",
    ),
    (
        "NaN of a target",
        lambda m: m.fit(X, np.where(LABELS == 3, np.nan, LABELS)),
        'Sequential "sequential": '
        "y holds nan at row 3\n  got:  nan; 3 of 12 values are not finite\n  want: finite numbers\n"
        "  fix:  drop these rows or fill the gaps first, for example with the mean of the column",
    ),
    (
        "output 'out': label too large",
        lambda m: m.fit(X, np.where(LABELS == 3, 9, LABELS)),
        "output 'out': label 9 is out of range\n  got:  y[3] = 9, in row 3, and 2 more\n"
        "  want: whole numbers within 0..3, for the 4 classes of the model\n  fix:  give the last layer 10 units",
    ),
    (
        "labels from 1",
        lambda m: m.fit(X, LABELS + 1),
        "output 'out': label 4 is out of range: these labels start at 1\n  got:  y[3] = 4, in row 3, and 2 more\n"
        "  want: whole numbers within 0..3, for the 4 classes of the model\n  fix:  count classes from 0: y - 1",
    ),
    (
        "negative label",
        lambda m: m.fit(X, LABELS - 1),
        "output 'out': label -1 is out of range\n  got:  y[0] = -1, in row 0, and 2 more\n"
        "  want: whole numbers within 0..3, for the 4 classes of the model\n  fix:  count classes from 0",
    ),
    (
        "labels of an evaluation",
        lambda m: m.evaluate(X, LABELS * 2),
        "output 'out': label 4 is out of range\n  got:  y[2] = 4, in row 2, and 5 more\n"
        "  want: whole numbers within 0..3, for the 4 classes of the model\n  fix:  give the last layer 7 units",
    ),
    (
        "no targets",
        lambda m: m.fit(X),
        "the output 'out' has a loss, but no y came for it\n  got:  loss 'sparse_categorical_crossentropy'\n"
        "  want: y, one array for each output with a loss",
    ),
    (
        "two targets",
        lambda m: m.fit(X, [LABELS, LABELS]),
        "y is a list of another length than the model has outputs\n  got:  2 arrays\n  want: 1: out\n"
        "  fix:  make one array of it: np.array(y)",
    ),
    (
        "empty generator",
        lambda m: m.fit(iter([])),
        "the data are empty\n  got:  list_iterator without a batch\n"
        "  fix:  a generator can be used once: make a new one",
    ),
    (
        "a batch of four",
        lambda m: m.fit(iter([(X, LABELS, LABELS, LABELS)])),
        "a batch is x, (x, y) or (x, y, sample_weight)\n  got:  a tuple of 4",
    ),
]


@pytest.mark.parametrize(("call", "text"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_data_that_cannot_be_meant_are_refused_in_these_words(call, text):
    model = model_of()
    before = model.get_weights()[0]
    with pytest.raises(DataError) as caught:
        call(model)
    assert re.sub(r"\n  in:   test_data_at_the_door.py:\d+$", "", str(caught.value)) == text
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_batches_of_an_iterable_are_looked_at_too():
    with pytest.raises(DataError, match="x of a batch holds nan at row 0, column 1"):
        model_of().fit(iter([(X, LABELS), (nan_at(0, 1), LABELS)]), verbose=0)
    with pytest.raises(DataError, match="output 'out': label 4 is out of range"):
        model_of().fit(iter([(X, LABELS), (X, 2 * LABELS)]), verbose=0)


def test_targets_that_would_be_repeated_are_refused_and_columns_are_aligned():
    with pytest.raises((DataError, ShapeError), match="y_true and y_pred differ in shape"):
        model_of(4, "mse").fit(X, np.zeros(12), verbose=0)
    a, b = model_of(1, "mse", None), model_of(1, "mse", None)
    y = np.arange(12.0)
    assert a.fit(X, y, verbose=0).history == b.fit(X, y[:, None], verbose=0).history


def test_what_a_refused_call_learnt_from_wrong_shapes_is_forgotten():
    model, want = (model_of(4, "categorical_crossentropy", metrics=["accuracy"]) for _ in range(2))
    with pytest.raises(LaminaError):
        model.fit(X, LABELS, verbose=0)
    y = np.eye(4, dtype="float32")[LABELS]
    assert model.fit(X, y, verbose=0).history == want.fit(X, y, verbose=0).history


def test_class_numbers_for_the_wrong_cross_entropy():
    with pytest.raises(LaminaError, match="sparse_categorical_crossentropy"):
        model_of(4, "categorical_crossentropy").fit(X, LABELS, verbose=0)
    with pytest.raises(DataError, match="binary cross-entropy wants 0 or 1"):
        model_of(1, "binary_crossentropy", "sigmoid").fit(X, LABELS, verbose=0)


def test_the_layer_names_a_wrong_width():
    with pytest.raises(ShapeError, match=r'Dense "out"|Sequential') as caught:
        model_of().fit(X[:, :2], LABELS, verbose=0)
    assert "2" in str(caught.value)
    assert "3" in str(caught.value)


def test_targets_that_do_not_fit_are_refused_in_these_words():
    with pytest.raises(ShapeError) as caught:
        model_of(2, "mse").fit(X, np.zeros(12), verbose=0)
    assert re.sub(r"py:\d+$", "py:31", str(caught.value)) == (
        "output 'out': y_true and y_pred differ in shape, and would be repeated against each other\n"
        "  got:  y_true float32[12]\n        y_pred float32[12, 2]\n  want: y_true of shape [12, 2]\n"
        "  fix:  labels that are class numbers go with sparse_categorical_crossentropy and sparse metrics; "
        "else give one column for each output\n  in:   test_data_at_the_door.py:31"
    )
    pictures = lamina.Sequential([lamina.Input((5, 3)), layers.Dense(4, "softmax", name="out")])
    pictures.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ShapeError, match=r"output 'out': (.|\n)*fix:  put Flatten\(\) or pooling before"):
        pictures.fit(np.zeros((12, 5, 3)), LABELS, verbose=0)


def test_lint_off_lets_everything_in():
    history = model_of(1, "mse", None, lint="off").fit(nan_at(1, 1), LABELS, verbose=0)
    assert np.isnan(history.history["loss"][0])


def test_a_sorted_tail_is_told():
    y = np.sort(LABELS)
    with pytest.warns(LaminaWarning, match="labels that the training part lacks: 3"):
        model_of().fit(X, y, validation_split=0.25, verbose=0)
    with pytest.raises(DataError, match="labels that the training part lacks: 3"):
        model_of(lint="error").fit(X, y, validation_split=0.25, verbose=0)
    model_of().fit(X, LABELS, validation_split=0.34, verbose=0)
    with pytest.raises(DataError, match="leaves no rows"):
        model_of().fit(X[:1], LABELS[:1], validation_split=0.5, verbose=0)
    with pytest.raises(ArgumentError, match="validation_split is a share"):
        model_of().fit(X, LABELS, validation_split=1.5, verbose=0)


def test_whole_batches_come_with_their_targets():
    with pytest.raises(ArgumentError, match="y and sample_weight come with them"):
        model_of().fit(iter([(X, LABELS)]), LABELS)
    with pytest.raises((DataError, DtypeError), match="complex"):
        model_of().fit(X.astype("complex64"), LABELS)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_each_thread_looks_at_its_part_for_what_is_not_finite(threads, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 4)
    before = lamina.get_num_threads()
    lamina.set_num_threads(threads)
    try:
        clean = np.full(101, 3e38, "float32")
        arrays.check_finite(clean, "x")  # no sum of two of these is finite
        assert arrays.sums_are_finite(np.ones(101, "float32"))
        for place in range(101):
            x = np.ones(101, "float32")
            x[place] = np.nan
            with pytest.raises(DataError, match=rf"x holds nan at row {place}\b"):
                arrays.check_finite(x, "x")
    finally:
        lamina.set_num_threads(before)


@pytest.mark.parametrize("size", [0, 1, 5, 1023, 1025, 200_000])
@pytest.mark.parametrize("key", [(1, 0, 0), (2**32 - 1, 2**32 - 1, 2**31 - 1)])
def test_an_order_is_that_of_random_words(size, key):
    seed, start, turn = key
    words = random_bits(np.uint32(seed), np.uint32(start), shape=(size,), stream=FIRST_STREAM + turn)
    order = permutation(size, seed, start, turn)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, np.argsort(words, kind="stable"))
    if size == 200_000:
        assert len(np.unique(words)) < size, "some words are equal"


def test_orders_are_permutations_that_depend_on_seed_start_and_turn():
    orders = [permutation(1000, *key) for key in ((1, 0, 0), (2, 0, 0), (1, 5, 0), (1, 0, 1))]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert len({o.tobytes() for o in orders}) == 4
    np.testing.assert_array_equal(permutation(1000, 1, 0, 0), orders[0])
    assert permutation(8, 1, 0, 0).tolist() == GOLDEN
    assert abs(np.mean([permutation(100, 3, 0, turn)[0] for turn in range(400)]) - 49.5) < 5


GOLDEN = [0, 6, 4, 7, 1, 5, 3, 2]
