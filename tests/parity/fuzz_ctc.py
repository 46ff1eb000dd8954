"""Compare CTC with PyTorch on random batches, by hand: it needs Lamina and PyTorch in one environment.

    PYTHONPATH=src python tests/parity/fuzz_ctc.py --batches 1000 --seed 11

The tests have PyTorch's recorded answers; this looks for batches that nobody thought of. It ends with an error at the
first that differs.
"""

import argparse

import numpy as np

from lamina import ops
from lamina.gradients import gradients
from lamina.trace import trace
from lamina.types import Type

SHAPES = 50  # a program is compiled for each


def assert_close(got, want, tolerance, least=1e-30):
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


def batch_of(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Logits of a random scale, labels from a random share of the classes, lengths, steps, and weights of one."""
    batch, steps, width, classes = shape
    logits = (rng.normal(size=(batch, steps, classes)) * rng.choice([0.1, 1, 10])).astype("float32")
    labels = rng.integers(1, rng.integers(2, classes + 1), (batch, width)).astype("int32")
    lengths = rng.integers(0, width + 1, batch).astype("int32")
    ends = rng.integers(1, steps + 1, batch).astype("int32")
    return logits, labels, lengths, ends, np.ones(batch, "float32")


def of_pytorch(logits, labels, lengths, ends, _) -> tuple[np.ndarray, np.ndarray]:
    """The losses in float64, and the gradient of the sum of those that are finite."""
    import torch

    theirs = torch.tensor(logits.astype("float64"), requires_grad=True)
    scores = torch.log_softmax(theirs, -1).transpose(0, 1)
    told = [torch.tensor(a.astype("int64")) for a in (labels, ends, lengths)]
    torch.nn.functional.ctc_loss(scores, *told, reduction="sum", zero_infinity=True).backward()
    return torch.nn.functional.ctc_loss(scores, *told, reduction="none").detach().numpy(), theirs.grad.numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batches", type=int, default=1000, help="how many batches, of 50 shapes in turn")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    shapes = [tuple(map(int, s)) for s in rng.integers((1, 1, 1, 2), (5, 25, 8, 8), (SHAPES, 4))]
    traced = {}
    for i in range(options.batches):
        shape = shapes[i % SHAPES]
        arrays = batch_of(shape, rng)
        if shape not in traced:
            traced[shape] = program(0, *arrays)
        values, gradient = traced[shape](*arrays)
        wanted, their_gradient = of_pytorch(*arrays)
        assert_close(values, wanted, 1e-5, least=1.0)
        np.testing.assert_allclose(gradient, their_gradient, rtol=0, atol=1e-5)
    print(f"{options.batches} batches agree with PyTorch")


if __name__ == "__main__":
    main()
