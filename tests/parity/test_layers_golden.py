"""Layers give the values, the gradients and the new state that Keras gives: op by op, and as a compiled program."""

from pathlib import Path

import numpy as np
import pytest
from cases import load

from lamina import layers, ops
from lamina.gradients import gradients
from lamina.graph import Node
from lamina.layers.symbol import leaves
from lamina.trace import Trace, concrete, current, run_concretely, trace
from lamina.types import type_of

STEMS = [
    stem
    for stem in ("layers", "recurrent", "layers_catalogue")
    if (Path(__file__).parent / "golden" / f"{stem}.json").exists()
]
CASES = [pytest.param(case, id=f"{stem}-{case.id}") for stem in STEMS for case in load(stem)]
TOLERANCE = 1e-5
# Cancellation leaves values that are nothing but rounding: there the tolerance is relative to this number.
SCALES = {"dense_huge_softmax": 1.0, "batch_norm_constant_training": 2.0, "group_norm_bare": 1.0}
SCALES |= {"MultiHeadAttention": 0.3, "GroupQueryAttention": 0.3}  # the gradient of the key's bias is zero, exactly


@pytest.mark.parametrize("run", ["eagerly", "native"])
@pytest.mark.parametrize("case", CASES)
def test_layer_agrees_with_keras(case, run):
    assert_layer_agrees(case, run)


def assert_layer_agrees(case, run):
    layer = case.build(layers)
    initial = list((case.call or {}).get("initial_state", []))
    args, call = arguments(case, case.inputs, initial)
    layer(*args, **call)
    assert [w.path.split("/")[-1] for w in layer.weights] == [name.split("/")[-1] for name in case.weight_names]
    assert [w.trainable for w in layer.weights] == list(case.trainable)
    layer.set_weights(case.weights)
    arrays, training = [*case.inputs, *initial], bool(call.get("training"))

    def step(*nodes):
        return outputs_and_gradients(case, layer, nodes[: len(case.inputs)], nodes[len(case.inputs) :])

    if run == "eagerly":
        found = run_concretely(step, arrays, training=training)
    else:
        found = trace(step, [type_of(a) for a in arrays], training=training)(*arrays, backend=run)
    least = SCALES.get(case.id, SCALES.get(case.class_name, 1e-3))
    for i, (got, want) in enumerate(zip(found["outputs"], case.outputs, strict=True)):
        assert_close(got, want, f"output {i}", least)
    for i, (got, want) in enumerate(zip(found["gradients"], wanted_gradients(case), strict=True)):
        assert_close(got, want, f"gradient {i}", least)
    for weight, want in zip(layer.weights, case.weights_after or [], strict=case.weights_after is not None):
        assert_close(weight.numpy(), want, f"{weight.path} afterwards")


@pytest.mark.parametrize("case", [case for case in CASES if "output_mask" in case.values[0].fields])
def test_masks_agree_with_keras(case):
    with Trace(concrete=True):
        mask = case.build(layers).compute_mask(concrete(case.inputs[0]))
    assert (mask is None) == (case.output_mask is None)
    if mask is not None:
        np.testing.assert_array_equal(mask.value, case.output_mask)


def arguments(case, inputs, states):
    """What the layer is called with: the inputs as the case says, and the keywords."""
    call = {key: value for key, value in (case.call or {}).items() if key != "initial_state"}
    if states:
        call["initial_state"] = list(states)
    return ([list(inputs)] if case.how == "list" else list(inputs)), call


def outputs_and_gradients(case, layer, inputs, states):
    """What the layer gives, and the gradient of sum(output * output_grad) for all that has one."""
    args, call = arguments(case, inputs, states)
    weights = [current().read(w) for w in layer.weights]
    outputs = [y for y in leaves(layer(*args, **call)) if isinstance(y, Node)]
    pairs = [(y, g) for y, g in zip(outputs, case.output_grads, strict=True) if g is not None]
    if not pairs or "ties" in (case.tags or ()):
        return {"outputs": outputs, "gradients": []}
    terms = [ops.sum(y * g) for y, g in pairs]
    nodes = [x for x, g in zip([*inputs, *weights, *states], all_gradients(case), strict=True) if g is not None]
    return {"outputs": outputs, "gradients": gradients([sum(terms[1:], terms[0])], nodes)}


def all_gradients(case):
    return [*case.input_grads, *case.weight_grads, *(case.state_grads or [])]


def wanted_gradients(case):
    if "ties" in (case.tags or ()) or all(g is None for g in case.output_grads):
        return []
    return [g for g in all_gradients(case) if g is not None]


def assert_close(got, want, what: str, least: float = 1e-3) -> None:
    """Equal to 1e-5 of the largest value."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, what
    scale = max(least, float(np.abs(want).max(initial=0))) if want.dtype.kind == "f" else 0
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE * scale, err_msg=what)
