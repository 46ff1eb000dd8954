"""CTC against every path of small cases, masks in any place, infeasible labels, decoding, training."""

import itertools
import os

import numpy as np
import pytest

import lamina
from lamina import layers, losses, metrics, ops
from lamina.backends import BACKENDS
from lamina.composites.ctc import ctc
from lamina.errors import ArgumentError, DataError, ShapeError, TraceError
from lamina.gradients import gradients
from lamina.trace import trace
from lamina.types import Type
from ways import assert_close, every_way

BACKEND = [name for name in ("reference", "native") if name in BACKENDS]


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def collapsed(path, blank):
    """What a path spells."""
    return tuple(c for i, c in enumerate(path) if c != blank and (i == 0 or c != path[i - 1]))


def by_paths(scores, blank):
    """The probability of each text under the logarithms of one sample, by adding up every path there is."""
    found = {}
    for path in itertools.product(range(scores.shape[1]), repeat=scores.shape[0]):
        text = collapsed(path, blank)
        found[text] = found.get(text, 0.0) + np.exp(sum(scores[t, c] for t, c in enumerate(path)))
    return found


def padded(texts, width):
    return np.array([[*t, *[-1] * (width - len(t))] for t in texts], "int32").reshape(len(texts), width)


def value_and_gradient(logits, labels, blank=0, mask=None, backend=None):
    """The losses of all samples and the gradient of their sum."""
    masks = () if mask is None else (mask,)

    def f(x, y, *m):
        values = ops.ctc_loss(y, x, mask_index=blank, mask=m[0] if m else None)
        return ops.sum(ops.where(ops.equal(values, np.inf), 0.0, values)), values

    def both(x, y, *m):
        total, values = f(x, y, *m)
        return [values, gradients([total], [x])[0]]

    given = (logits, labels, *masks)
    kinds = [Type(str(a.dtype), a.shape) for a in given]
    return trace(both, kinds)(*given, backend=backend)


# ---- the loss


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize("blank", [0, 1, 2])
def test_the_loss_adds_up_every_path(steps, blank, rng):
    scores = log_softmax(rng.normal(size=(steps, 3)) * 2)
    every = by_paths(scores, blank)
    labels = [c for c in range(3) if c != blank]
    texts = [t for n in range(steps + 2) for t in itertools.product(labels, repeat=n)]
    found = ops.ctc_loss(padded(texts, steps + 1), np.repeat(scores[None], len(texts), 0), mask_index=blank)
    wanted = [-np.log(every[t]) if t in every else np.inf for t in texts]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert np.isinf(wanted).any()
    np.testing.assert_allclose(np.exp(-found).sum(), 1.0)


@pytest.mark.parametrize("backend", BACKEND)
def test_the_gradient_is_how_often_paths_pass(backend, rng):
    steps, blank = 4, 1
    logits = rng.normal(size=(1, steps, 3)).astype("float32")
    scores = log_softmax(logits[0].astype("float64"))
    for text in [(), (0,), (2, 2), (0, 2, 0)]:
        share = np.zeros((steps, 3))
        for path in itertools.product(range(3), repeat=steps):
            if collapsed(path, blank) == text:
                share[range(steps), path] += np.exp(sum(scores[t, c] for t, c in enumerate(path)))
        wanted = np.exp(scores) - share / share[0].sum()
        _, found = value_and_gradient(logits, padded([text], 3), blank, backend=backend)
        np.testing.assert_allclose(found[0], wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", BACKEND)
@pytest.mark.parametrize("where", ["left", "right", "middle", "scattered"])
def test_steps_that_are_masked_might_not_be_there(backend, where, rng):
    logits = rng.normal(size=(3, 6, 5)).astype("float32")
    labels = np.array([[1, 1, 2], [4, 3, -1], [2, -1, -1]], "int32")
    mask = np.ones((3, 9), bool)
    gone = {"left": [0, 1, 2], "right": [6, 7, 8], "middle": [3, 4, 5], "scattered": [0, 4, 7]}[where]
    mask[:, gone] = False
    wide = np.full((3, 9, 5), 7.0, "float32")
    wide[:, mask[0]] = logits
    value, gradient = value_and_gradient(logits, labels, backend=backend)
    again, masked = value_and_gradient(wide, labels, mask=mask, backend=backend)
    np.testing.assert_allclose(again, value, rtol=1e-6)
    np.testing.assert_allclose(masked[:, mask[0]], gradient, atol=1e-6)
    assert not masked[:, ~mask[0]].any()


def test_lengths_say_the_same_as_masks(rng):
    logits = rng.normal(size=(2, 6, 4))
    labels, lengths = [[1, 2, 9], [3, 0, 7]], np.array([6, 3])
    found = ops.ctc_loss(labels, logits, [2, 1], lengths)
    masked = ops.ctc_loss([[1, 2, -1], [3, -1, -1]], logits, mask=np.arange(6) < lengths[:, None])
    np.testing.assert_array_equal(found, masked)
    np.testing.assert_allclose(found[1], ops.ctc_loss([[3]], logits[1:, :3])[0])


@pytest.mark.parametrize("labels", [[[1, 1, 1]], [[5, -1, -1]], [[1, 2, 3]]])
@pytest.mark.parametrize("backend", BACKEND)
def test_labels_that_no_path_spells_are_infinite_and_teach_nothing(labels, backend, rng):
    logits = rng.normal(size=(1, 2, 4)).astype("float32")
    value, gradient = value_and_gradient(logits, np.array(labels, "int32"), backend=backend)
    assert value == np.inf
    assert not gradient.any()


@pytest.mark.parametrize("backend", BACKEND)
@pytest.mark.parametrize("size", [1e3, 1e8, 1e30, 3e38])
def test_huge_logits_give_no_nan(size, backend):
    logits = np.array([[[1, 0, -1], [0, -1, 1], [1, -1, 0]]], "float32") * np.float32(size)
    for text in [(), (1,), (2, 1), (2, 2)]:
        value, gradient = value_and_gradient(logits, padded([text], 2), backend=backend)
        assert np.isfinite(value).all()
        assert np.isfinite(gradient).all()


def test_long_inputs_keep_their_gradient_in_float32(rng):
    logits = rng.normal(size=(2, 400, 20)).astype("float32")
    labels = rng.integers(1, 20, (2, 30)).astype("int32")
    _, single = value_and_gradient(logits, labels)
    _, double = value_and_gradient(logits.astype("float64"), labels, backend="reference")
    assert np.abs(single - double).max() < 2e-5 * np.abs(double).max()


def drawn(rng, shape):
    """Logits, labels and a mask, often at the limit of what is possible, and past it."""
    batch, steps, width, classes = shape
    logits = (rng.normal(size=(batch, steps, classes)) * rng.choice([0.1, 1, 10, 100])).astype("float32")
    labels = rng.integers(1, rng.integers(2, classes + 1), (batch, width)).astype("int32")
    labels[np.arange(width) >= rng.integers(0, width + 1, (batch, 1))] = -1
    return logits, labels, np.arange(steps) < rng.integers(0, steps + 1, (batch, 1))


def test_no_batch_gives_nan_or_a_crash():
    """LAMINA_CTC_BATCHES says how many: the suite draws a thousand, 100000 take some minutes."""
    rng = np.random.default_rng(7)
    shapes = [(int(b), int(t), int(w), int(c)) for b, t, w, c in rng.integers((1, 1, 0, 2), (5, 13, 7, 6), (50, 4))]
    programs = {}
    for i in range(int(os.environ.get("LAMINA_CTC_BATCHES", "1000"))):
        shape = shapes[i % len(shapes)]
        arrays = drawn(rng, shape)
        if shape not in programs:
            programs[shape] = trace(training_of_ctc, [Type(str(a.dtype), a.shape) for a in arrays]).program(BACKEND[-1])
        values, gradient = programs[shape].run(*arrays)
        said = arrays[1] >= 0
        repeats = (said[:, 1:] & (arrays[1][:, 1:] == arrays[1][:, :-1])).sum(1)
        short = said.sum(1) + repeats > arrays[2].sum(1)
        assert (np.isinf(values) == short).all()
        assert (values[~short] >= -1e-4).all()
        assert np.isfinite(gradient).all()
        assert (np.abs(gradient) <= 1 + 1e-5).all()
        assert not gradient[short].any()
        assert not gradient[~arrays[2]].any()
        assert np.abs(gradient.sum(-1)).max(initial=0) < 1e-4


def training_of_ctc(x, y, m):
    values = ops.ctc_loss(y, x, mask=m)
    return [values, gradients([ops.sum(ops.where(ops.equal(values, np.inf), 0.0, values))], [x])[0]]


def test_the_native_backend_runs_no_python():
    kinds = [Type("float32", (4, 9, 5)), Type("int32", (4, 3)), Type("bool", (4, 9))]
    program = trace(training_of_ctc, kinds).program("native")
    assert not [d.nodes for d in program.drafts if d.kernel == "python"]


def test_the_node_is_text_and_keeps_its_name():
    graph = trace(lambda *a: ctc(*a, blank=1), ctc.samples[0][0]).graph
    assert "connectionist_temporal_classification" in str(graph)
    assert str(lamina.graph.parse(str(graph), lamina.op.OPS)) == str(graph)


# ---- the class


def test_the_blank_is_said_in_the_configuration():
    loss = losses.CTC(blank=3, infeasible="zero", reduction="sum", name="spelling")
    again = losses.deserialize(losses.serialize(loss))
    assert (again.blank, again.infeasible, again.reduction, again.name) == (3, "zero", "sum", "spelling")
    assert losses.CTC().blank == losses.get("CTC").blank == 0


def test_what_becomes_of_infeasible_labels(rng):
    logits = rng.normal(size=(4, 3, 4)).astype("float32")
    labels = np.array([[1, 2], [1, -1], [3, 3], [2, 2]], "int32")
    labels = np.concatenate([labels, np.full((4, 1), -1)], 1).astype("int32")
    labels[3] = [2, 2, 1]
    each = ops.ctc_loss(labels, logits)
    assert np.isinf(each).tolist() == [False, False, False, True]
    with pytest.raises(DataError, match=r"sample 3\n.*sample 3 needs 4 steps.*has 3"):
        losses.CTC()(labels, logits)
    np.testing.assert_allclose(losses.CTC(infeasible="zero")(labels, logits), each[:3].sum() / 4, rtol=1e-6)
    np.testing.assert_allclose(losses.CTC(infeasible="skip")(labels, logits), each[:3].mean(), rtol=1e-6)
    np.testing.assert_allclose(losses.CTC(infeasible="zero", reduction="none")(labels, logits)[3], 0.0)
    weighted = losses.CTC(infeasible="zero")(labels, logits, np.array([0.0, 1, 0, 5], "float32"))
    np.testing.assert_allclose(weighted, each[1] / 4, rtol=1e-6)


def test_labels_that_are_no_classes_are_named(rng):
    logits = rng.normal(size=(2, 5, 4)).astype("float32")
    for labels, words in [
        ([[1, 2], [4, -1]], "sample 1\n.*0..3.*\n.*5 units"),
        ([[-1, 2], [1, 3]], "behind the padding"),
        ([[1, 2, 3, 0, 1], [1, 0, 0, 0, 0]], "blank among labels"),
    ]:
        with pytest.raises(DataError, match=words):
            losses.CTC()(labels, logits)
    with pytest.raises(ArgumentError, match="the blank is no class"):
        losses.CTC(blank=4)([[1], [1]], logits)
    with pytest.raises(ArgumentError, match="'skip'"):
        losses.CTC(infeasible="ignore")
    with pytest.raises(ShapeError, match="CTC cannot compare"):
        losses.CTC()(np.zeros((2, 5, 4)), logits)


# ---- training


def transcriber(way, **told):
    """One dense layer over masked steps."""
    model = lamina.Sequential([lamina.Input((8, 4)), layers.Masking(-9.0), layers.Dense(4)])
    model.compile(lamina.optimizers.Adam(0.1), loss=losses.CTC(**told), metrics=[metrics.LabelErrorRate()], **way)
    return model


def spoken(rng, count=24):
    """Each label is one frame, with silence between."""
    x, y = np.full((count, 8, 4), -9.0, "float32"), np.full((count, 3), -1, "int32")
    for i in range(count):
        text = rng.integers(1, 4, rng.integers(1, 4))
        y[i, : len(text)] = text
        for t, c in enumerate([s for label in text for s in (label, 0)]):
            x[i, t + i % 3] = np.eye(4)[c] + rng.normal(size=4) * 0.1
    return x, y


@every_way
def test_a_model_learns_to_spell(way, rng):
    x, y = spoken(rng)
    model = transcriber(way)
    epochs = 4 if "run_eagerly" in way else 30
    history = model.fit(x, y, epochs=epochs, batch_size=8, verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"]).all()
    assert history["loss"][-1] < history["loss"][0] * (0.8 if "run_eagerly" in way else 0.2)
    if "run_eagerly" not in way:
        assert history["label_error_rate"][-1] < 0.05


def test_training_names_infeasible_samples_first(rng):
    x, y = spoken(rng)
    y = np.concatenate([y, np.full((24, 6), -1)], 1).astype("int32")
    y[[5, 9]] = 1
    with pytest.raises(DataError, match="samples 5, 9"):
        transcriber({}).fit(x, y, verbose=0)
    for choice in ("skip", "zero"):
        history = transcriber({}, infeasible=choice).fit(x, y, epochs=2, verbose=0).history
        assert np.isfinite(history["loss"]).all()


def test_masks_that_leave_too_few_steps_show_as_an_infinite_loss(rng):
    x, y = spoken(rng)
    x[3, 1:] = -9.0
    y[3] = [1, 1, 1]
    model = transcriber({})
    assert np.isinf(model.fit(x, y, verbose=0).history["loss"]).all()
    assert all(np.isfinite(w).all() for w in model.get_weights())
    weight = np.ones((24, 1), "float32")
    weight[3] = 0.0
    assert np.isfinite(model.fit(x, y, sample_weight=weight, verbose=0).history["loss"]).all()


def test_lint_knows_that_ctc_takes_logits(rng):
    x, y = spoken(rng)
    model = lamina.Sequential([lamina.Input((8, 4)), layers.Dense(4, activation="softmax")])
    model.compile("adam", loss=losses.CTC(infeasible="zero"))
    with pytest.warns(lamina.errors.LaminaWarning, match="takes logits") as warned:
        model.fit(x, y, verbose=0)
    assert len(warned) == 1


# ---- decoding


def test_greedy_takes_the_likeliest_class_of_each_step():
    path = np.array([[1, 1, 0, 1, 2, 2, 0], [0, 0, 3, 3, 3, 1, 1]])
    logits = np.eye(4, dtype="float32")[path] * 5
    decoded, scores = ops.ctc_decode(logits, [7, 5])
    np.testing.assert_array_equal(decoded, [[[1, 1, 2, -1, -1, -1, -1], [3, -1, -1, -1, -1, -1, -1]]])
    np.testing.assert_array_equal(scores, [[-35.0], [-25.0]])
    kept, _ = ops.ctc_decode(logits, [7, 5], merge_repeated=False)
    np.testing.assert_array_equal(kept[0, 0], [1, 1, 1, 2, 2, -1, -1])
    mask = np.array([[1, 1, 0, 1, 1, 1, 1]] * 2, bool)
    np.testing.assert_array_equal(ops.ctc_decode(logits, mask=mask)[0][0, 0], [1, 2, -1, -1, -1, -1, -1])


@pytest.mark.parametrize("backend", BACKEND)
def test_greedy_runs_inside_of_programs(backend, rng):
    logits = rng.normal(size=(3, 6, 4)).astype("float32")
    traced = trace(lambda x: list(ops.ctc_decode(x, mask_index=-1)), [Type("float32", logits.shape)])
    for got, want in zip(traced(logits, backend=backend), ops.ctc_decode(logits, mask_index=-1), strict=True):
        assert_close(got, want)


@pytest.mark.parametrize("blank", [0, 2])
def test_a_wide_beam_finds_every_text(blank, rng):
    logits = rng.normal(size=(3, 4, 3)) * 2
    decoded, scores = ops.ctc_decode(logits, strategy="beam_search", top_paths=12, mask_index=blank)
    for i in range(3):
        every = by_paths(log_softmax(logits[i]), blank)
        ranked = sorted(every.items(), key=lambda entry: -entry[1])[:12]
        texts = [tuple(int(c) for c in row if c >= 0) for row in decoded[:, i]]
        assert texts == [text for text, _ in ranked]
        np.testing.assert_allclose(np.exp(scores[i]), [p for _, p in ranked], rtol=1e-9)


def test_a_beam_score_is_the_loss_of_its_text(rng):
    logits = rng.normal(size=(2, 9, 5))
    decoded, scores = ops.ctc_decode(logits, [9, 6], strategy="beam_search", beam_width=2000, top_paths=3)
    for k in range(3):
        loss = ops.ctc_loss(decoded[k], logits, output_length=[9, 6])
        np.testing.assert_allclose(-scores[:, k], loss, rtol=1e-4)


def test_decoding_says_what_it_does_not_take(rng):
    logits = rng.normal(size=(1, 3, 3)).astype("float32")
    with pytest.raises(ArgumentError, match="greedy or beam_search"):
        ops.ctc_decode(logits, strategy="exact")
    with pytest.raises(ArgumentError, match=r"1\.\.4"):
        ops.ctc_decode(logits, strategy="beam_search", beam_width=4, top_paths=5)
    with pytest.raises(TraceError, match="outside"):
        trace(lambda x: list(ops.ctc_decode(x, strategy="beam_search")), [Type("float32", (1, 3, 3))])
