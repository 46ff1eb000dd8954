"""What is repeated does not grow, and what is too large is refused in words."""

import gc
import os

import numpy as np
import pytest

import lamina
from lamina import _native, layers, models, ops
from lamina.errors import ShapeError
from lamina.trace import trace
from lamina.types import Type

LONG = bool(os.environ.get("LAMINA_LONG_TESTS"))
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
X = np.random.default_rng(0).random((64, 32), dtype=np.float32)
Y = np.arange(64) % 10


def resident() -> int:
    """Bytes of memory that this process holds."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        pytest.skip("this system does not tell the memory of a process")


def made():
    model = models.Sequential([layers.Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(10)])
    model.compile("adam", loss=lamina.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def growth(act, warm: int, times: int) -> tuple[int, int]:
    """How much larger the process and the engine's memory are after so many repetitions."""
    for _ in range(warm):
        act()
    gc.collect()
    before, engine = resident(), _native.memory_in_use()
    for _ in range(times):
        act()
    gc.collect()
    return resident() - before, _native.memory_in_use() - engine


def test_predictions_keep_no_memory():
    model = made()
    process, engine = growth(lambda: model.predict_on_batch(X[:1]), 2000, 10**5 if LONG else 10**4)
    assert engine == 0
    assert process < 2 * 2**20


def test_predictions_of_ever_other_batch_sizes_keep_bounded_memory():
    model = made()
    sizes = iter(list(range(1, 65)) * 100)
    process, engine = growth(lambda: model.predict_on_batch(X[: next(sizes)]), 128, 640 if LONG else 128)
    assert engine < 2**20
    assert process < 8 * 2**20


def test_models_that_are_dropped_leave_nothing():
    def cycle():
        layers.reset_names()
        made().fit(X, Y, batch_size=32, epochs=1, verbose=0)

    process, engine = growth(cycle, 30, 1000 if LONG else 100)
    # A worker that gets its first unit late makes its scratch then; models that stay would be megabytes.
    assert engine < 2**18
    assert process < (16 if LONG else 8) * 2**20


def test_a_dropped_model_frees_its_programs():
    gc.collect()
    before = _native.memory_in_use()
    model = made()
    model.fit(X, Y, batch_size=32, epochs=1, verbose=0)
    assert _native.memory_in_use() > before
    del model
    gc.collect()
    assert _native.memory_in_use() == before


def test_a_thousand_short_epochs():
    """Pieces of an epoch grow until they last a visit's time: short epochs must not let them overflow."""
    model = made()
    model.fit(X[:4], Y[:4], batch_size=4, epochs=1100, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


# ---- sizes ----

TOO_LARGE = {
    "2**31 squared elements": lambda: ops.zeros((2**31, 2**31, 2**31)),
    "a dense layer of 2**62 units": lambda: layers.Dense(2**62)(np.ones((1, 8), "float32")),
    "an embedding of 2**61 rows": lambda: layers.Embedding(2**61, 16)(np.zeros((1, 1), "int32")),
    "a repeat": lambda: ops.tile(np.ones((2, 2), "float32"), (2**62, 2)),
    "padding": lambda: ops.pad(np.ones((1, 1), "float32"), ((0, 2**62), (0, 4))),
    "a broadcast copied": lambda: np.ascontiguousarray(ops.broadcast_to(np.float32(1), (2**31, 2**31)) + 1),
}


@pytest.mark.parametrize("what", TOO_LARGE)
def test_what_cannot_exist_is_refused_before_it_is_begun(what):
    with pytest.raises((ValueError, MemoryError, OverflowError), match=r"\S"):
        TOO_LARGE[what]()


@pytest.mark.parametrize("shape", [(2**31, 2**31), (2**31, 2**33), (2**40, 2**40), (2**62,), (2**63 - 1,)])
def test_programs_over_too_large_arrays_are_refused(shape):
    """64-bit sizes overflow in bytes or in elements; nothing is allocated."""
    with pytest.raises(ShapeError, match="larger than any machine"):
        trace(lambda x: ops.tanh(x) * 2.0, [Type("float32", shape)]).program("native")


def test_an_arena_larger_than_the_machine_is_a_memory_error_and_nothing_is_kept():
    before = _native.memory_in_use()
    for size in (2**62, 2**63 - 300, 2**63 - 1):
        with pytest.raises((ValueError, MemoryError)):
            _native.Program([], size, 1)
    assert _native.memory_in_use() == before


def test_counts_beyond_31_bits_are_counted():
    """A row of 2**31 + 9 bytes read through strides of 0: the count must not wrap."""
    n = 2**31 + 9
    shape = (n // 8, 8)
    out = (0, 64, "int64", (), ())
    program = _native.Program(
        [{"kernel": "sum", "in": [(0, 0, "int64", shape, (0, 0))], "out": [out], "ints": [0, 1]}], 128, 1
    )
    if LONG:
        assert program.run(1) == 1
        assert program.read(*out) == 0


@pytest.mark.parametrize("kernel", ["gemm", "conv", "sum", "softmax", "copy", "gather", "sort", "cumsum", "pack"])
def test_kernels_refuse_sizes_that_overflow(kernel):
    big = (0, 0, "float32", (2**32, 2**32), (2**32, 1))
    with pytest.raises(ValueError, match=rf"instruction 0 \({kernel}\): "):
        _native.Program([{"kernel": kernel, "in": [big, big], "out": [big], "ints": [0]}], 2**20, 1)


def test_a_packed_size_that_overflows_is_refused():
    with pytest.raises(ValueError, match="does not fit 64 bits"):
        _native.packed_size(2**40, 2**40)
