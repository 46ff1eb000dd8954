"""Layers give the values, the gradients and the new state that Keras gives."""

from pathlib import Path

import numpy as np
import pytest
from cases import load

from lamina import layers, ops
from lamina.gradients import gradients
from lamina.graph import Node
from lamina.layers.symbol import leaves
from lamina.trace import Trace, concrete

STEMS = [
    stem
    for stem in ("layers", "recurrent", "layers_catalogue")
    if (Path(__file__).parent / "golden" / f"{stem}.json").exists()
]
CASES = [pytest.param(case, id=f"{stem}-{case.id}") for stem in STEMS for case in load(stem)]
TOLERANCE = 1e-5
# Cancellation leaves values that are nothing but rounding: there the tolerance is relative to this number.
SCALES = {"dense_huge_softmax": 1.0, "batch_norm_constant_training": 2.0, "group_norm_bare": 1.0}
SCALES |= {"MultiHeadAttention": 0.1, "GroupQueryAttention": 0.1}  # the gradient of the key's bias is zero, exactly
# The recording called the layer once with weights that it did not keep, so the state it starts from is unknown.
UNKNOWN_START = {"lstm_stateful_first_call"}


def close(got, want, what: str, least: float = 1e-3) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, what
    scale = max(least, float(np.abs(want).max(initial=0))) if want.dtype.kind == "f" else 0
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE * scale, err_msg=what)


def least_scale(case) -> float:
    return SCALES.get(case.id, SCALES.get(case.class_name, 1e-3))


def arguments(case, inputs, states):
    call = {key: value for key, value in (case.call or {}).items() if key != "initial_state"}
    if states:
        call["initial_state"] = list(states)
    return ([list(inputs)] if case.how == "list" else list(inputs)), call


@pytest.mark.parametrize("case", CASES)
def test_layer_agrees_with_keras(case):
    if not hasattr(layers, case.class_name):
        pytest.skip(f"no layer {case.class_name} yet")
    if case.id in UNKNOWN_START:
        pytest.skip("the recording does not say which state it starts from")
    try:
        layer = case.build(layers)
    except LookupError as error:
        pytest.skip(str(error))
    given = list(case.inputs)
    initial = list((case.call or {}).get("initial_state", []))
    args, call = arguments(case, given, initial)
    layer(*args, **call)
    assert [w.path.split("/")[-1] for w in layer.weights] == [name.split("/")[-1] for name in case.weight_names]
    assert [w.trainable for w in layer.weights] == list(case.trainable)
    layer.set_weights(case.weights)
    with Trace(bool(call.get("training")), concrete=True) as trace:
        x_nodes, s_nodes = [concrete(x) for x in given], [concrete(s) for s in initial]
        weights = [trace.read(w) for w in layer.weights]
        args, call = arguments(case, x_nodes, s_nodes)
        outputs = [y for y in leaves(layer(*args, **call)) if isinstance(y, Node)]
        for i, (y, want) in enumerate(zip(outputs, case.outputs, strict=True)):
            close(y.value, want, f"output {i}", least_scale(case))
        check_gradients(case, outputs, x_nodes, s_nodes, weights)
        if case.weights_after is not None:
            for weight, want in zip(layer.weights, case.weights_after, strict=True):
                close(trace.read(weight).value, want, f"{weight.path} afterwards")
    if "output_mask" in case.fields:
        with Trace(concrete=True):
            mask = layer.compute_mask(concrete(given[0]))
            got = None if mask is None else np.asarray(mask.value)
        assert (got is None) == (case.output_mask is None)
        if got is not None:
            np.testing.assert_array_equal(got, case.output_mask)


def check_gradients(case, outputs, x_nodes, s_nodes, weights):
    pairs = [(y, g) for y, g in zip(outputs, case.output_grads, strict=True) if g is not None]
    if not pairs or "ties" in (case.tags or ()):
        return
    loss = sum((ops.sum(y * concrete(g)) for y, g in pairs[1:]), ops.sum(pairs[0][0] * concrete(pairs[0][1])))
    wanted = [*zip(x_nodes, case.input_grads, strict=True), *zip(weights, case.weight_grads, strict=True)]
    wanted += list(zip(s_nodes, case.state_grads, strict=True)) if s_nodes else []
    wanted = [(x, g) for x, g in wanted if g is not None]
    for i, ((_, want), got) in enumerate(zip(wanted, gradients([loss], [x for x, _ in wanted]), strict=True)):
        close(got.value, want, f"gradient {i}", least_scale(case))
