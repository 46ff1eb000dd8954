"""CTC has the losses and gradients that PyTorch recorded, and Keras's losses and decoded labels."""

import os

import numpy as np
import pytest
from cases import load

import lamina
from lamina import ops
from lamina.backends import BACKENDS
from lamina.gradients import gradients
from lamina.trace import trace
from lamina.types import Type

CASES = load("ctc")
TORCH, KERAS = ([case for case in CASES if getattr(case, "from") == name] for name in ("torch", "keras"))
WAYS = [
    pytest.param(case, backend, dtype, id=f"{case}-{backend}-{dtype}")
    for case in TORCH
    for backend in BACKENDS
    for dtype in ("float32", "float64")
    if backend != "xla" or (dtype == "float32" and case.id in ("plain", "tight"))  # it takes a second to compile one
]


def close(got, want, tolerance, least=1e-30):
    finite = np.isfinite(want)
    np.testing.assert_array_equal(got[~finite], want[~finite])
    largest = np.abs(want[finite]).max(initial=least)
    np.testing.assert_allclose(got[finite], want[finite], rtol=0, atol=tolerance * largest)


def program(blank, *arrays):
    """The losses of a batch, and the gradient of their sum weighed by output_grad; infeasible ones left out."""

    def both(x, labels, lengths, steps, weights):
        values = ops.ctc_loss(labels, x, lengths, steps, mask_index=blank)
        total = ops.sum(ops.where(ops.equal(values, np.inf), 0.0, values) * weights)
        return [values, gradients([total], [x])[0]]

    return trace(both, [Type(str(a.dtype), a.shape) for a in arrays])


@pytest.mark.parametrize(("case", "backend", "dtype"), WAYS)
def test_losses_and_gradients_are_those_of_pytorch(case, backend, dtype):
    logits, weights = case.logits.astype(dtype), case.output_grad.astype(dtype)
    arrays = (logits, case.labels, case.lengths, case.steps, weights)
    values, gradient = program(case.blank, *arrays)(*arrays, backend=backend)
    tolerance = {"float32": 1e-5, "float64": 1e-9}[dtype]
    close(values, case.output, tolerance)
    close(gradient, case.logits_grad, tolerance)


def test_the_recorded_batches_hold_what_is_hard():
    outputs = np.concatenate([case.output for case in TORCH])
    assert np.isinf(outputs).sum() > 10
    assert np.isfinite(outputs).sum() > 50
    assert sum((case.lengths == 0).sum() for case in TORCH) > 5


@pytest.mark.parametrize("case", KERAS, ids=str)
def test_the_loss_of_keras(case):
    logits = case.logits.astype("float32")
    close(lamina.losses.CTC(reduction="none")(case.labels, logits), case.output, 1e-5)
    close(lamina.losses.ctc(case.labels, logits), case.output, 1e-5)


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
    close(scores, their_scores, 1e-5)


def test_random_batches_are_those_of_pytorch():
    """Where PyTorch is there; LAMINA_CTC_BATCHES says how many batches, over 50 shapes."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(11)
    shapes = [tuple(map(int, s)) for s in rng.integers((1, 1, 1, 2), (5, 25, 8, 8), (50, 4))]
    traced = {}
    for i in range(int(os.environ.get("LAMINA_CTC_BATCHES", "1000"))):
        batch, steps, width, classes = shape = shapes[i % 50]
        x = (rng.normal(size=(batch, steps, classes)) * rng.choice([0.1, 1, 10])).astype("float32")
        labels = rng.integers(1, rng.integers(2, classes + 1), (batch, width)).astype("int32")
        lengths = rng.integers(0, width + 1, batch).astype("int32")
        ends = rng.integers(1, steps + 1, batch).astype("int32")
        arrays = (x, labels, lengths, ends, np.ones(batch, "float32"))
        if shape not in traced:
            traced[shape] = program(0, *arrays)
        values, gradient = traced[shape](*arrays)
        theirs = torch.tensor(x.astype("float64"), requires_grad=True)
        scores = torch.log_softmax(theirs, -1).transpose(0, 1)
        told = [torch.tensor(a.astype("int64")) for a in (labels, ends, lengths)]
        torch.nn.functional.ctc_loss(scores, *told, reduction="sum", zero_infinity=True).backward()
        close(values, torch.nn.functional.ctc_loss(scores, *told, reduction="none").detach().numpy(), 1e-5, least=1.0)
        np.testing.assert_allclose(gradient, theirs.grad.numpy(), rtol=0, atol=1e-5)
