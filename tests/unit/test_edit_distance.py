"""Edit distances against the table of Wagner and Fischer, of labels and of logits, gathered over batches."""

import numpy as np
import pytest

from lamina import metrics, ops
from lamina.backends import BACKENDS
from lamina.errors import ShapeError
from lamina.trace import trace
from lamina.types import Type


def padded(texts, width):
    return np.array([[*t, *[-1] * (width - len(t))] for t in texts], "int32").reshape(len(texts), width)


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


@pytest.mark.parametrize("backend", [None, *(name for name in ("reference", "native") if name in BACKENDS)])
def test_edit_distances_are_those_of_the_table(backend, rng):
    for true_width, width in [(5, 7), (0, 4), (6, 0), (1, 1), (9, 3)]:
        texts = [[rng.integers(0, 3, rng.integers(0, w + 1)).tolist() for _ in range(8)] for w in (true_width, width)]
        true, said = padded(texts[0], true_width), padded(texts[1], width)
        wanted = [levenshtein(a, b) for a, b in zip(*texts, strict=True)]
        if backend is None:
            found = metrics.edit_distance(true, said)
        else:
            kinds = [Type("int32", true.shape), Type("int32", said.shape)]
            found = trace(metrics.edit_distance, kinds)(true, said, backend=backend)
        np.testing.assert_array_equal(found, wanted)


def test_edit_distance_of_logits_is_that_of_their_greedy_labels(rng):
    logits, labels = rng.normal(size=(6, 9, 4)).astype("float32"), rng.integers(0, 3, (6, 4)).astype("int32")
    mask = rng.integers(0, 2, (6, 9)).astype(bool)
    decoded = ops.ctc_decode(logits, mask=mask, mask_index=-1)[0][0]
    found = metrics.edit_distance(labels, logits, blank=-1, mask=mask)
    np.testing.assert_array_equal(found, metrics.edit_distance(labels, decoded))


def test_error_rates_gather_batches():
    rate, mean = metrics.LabelErrorRate(blank=9), metrics.EditDistance(blank=9)
    for metric in (rate, mean):
        metric.update_state([[1, 2, 3, 4], [1, -1, -1, -1]], [[1, 2, 3, 4], [2, -1, -1, -1]])
        metric.update_state([[1, 2], [3, 4]], [[-1, -1], [3, 4]], sample_weight=[1.0, 0.0])
    np.testing.assert_allclose(rate.result(), 3 / 7)
    np.testing.assert_allclose(mean.result(), 2 / 3)
    assert metrics.deserialize(metrics.serialize(rate)).blank == 9
    whole = metrics.EditDistance(normalize=False)
    whole.update_state([[1, 2, 3]], [[3, -1]])
    assert whole.result() == 2.0
    with pytest.raises(ShapeError, match="edit distance"):
        metrics.edit_distance([1, 2], [1, 2])
