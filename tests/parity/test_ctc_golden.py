"""CTC has the losses and gradients that PyTorch recorded, and Keras's losses and decoded labels."""

import numpy as np
import pytest
from cases import load
from fuzz_ctc import assert_close, program

import lamina
from lamina import ops
from lamina.backends import BACKENDS

CASES = load("ctc")
TORCH, KERAS = ([case for case in CASES if getattr(case, "from") == name] for name in ("torch", "keras"))
WAYS = [
    pytest.param(case, backend, dtype, id=f"{case}-{backend}-{dtype}")
    for case in TORCH
    for backend in BACKENDS
    for dtype in ("float32", "float64")
    if backend != "xla" or (dtype == "float32" and case.id in ("plain", "tight"))  # it takes a second to compile one
]


@pytest.mark.parametrize(("case", "backend", "dtype"), WAYS)
def test_losses_and_gradients_are_those_of_pytorch(case, backend, dtype):
    logits, weights = case.logits.astype(dtype), case.output_grad.astype(dtype)
    arrays = (logits, case.labels, case.lengths, case.steps, weights)
    values, gradient = program(case.blank, *arrays)(*arrays, backend=backend)
    tolerance = {"float32": 1e-5, "float64": 1e-9}[dtype]
    assert_close(values, case.output, tolerance)
    assert_close(gradient, case.logits_grad, tolerance)


def test_the_recorded_batches_hold_what_is_hard():
    outputs = np.concatenate([case.output for case in TORCH])
    assert np.isinf(outputs).sum() > 10
    assert np.isfinite(outputs).sum() > 50
    assert sum((case.lengths == 0).sum() for case in TORCH) > 5


@pytest.mark.parametrize("case", KERAS, ids=str)
def test_the_loss_of_keras(case):
    logits = case.logits.astype("float32")
    assert_close(lamina.losses.CTC(reduction="none")(case.labels, logits), case.output, 1e-5)
    assert_close(lamina.losses.ctc(case.labels, logits), case.output, 1e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("greedy", {}),
        ("all", {"merge_repeated": False}),
        ("beam", {"strategy": "beam_search", "beam_width": 60, "top_paths": 3}),
    ],
)
@pytest.mark.parametrize("case", KERAS, ids=str)
def test_decoding_is_that_of_keras(case, name, options):
    decoded, scores = ops.ctc_decode(case.logits.astype("float32"), case.steps, **options)
    wanted, their_scores = getattr(case, name)
    np.testing.assert_array_equal(decoded, wanted)
    assert_close(scores, their_scores, 1e-5)
