"""The layers that read text and categories give what Keras, with TensorFlow, gives."""

import json
from pathlib import Path

import numpy as np
import pytest

from lamina import layers

CASES = json.loads((Path(__file__).parent / "golden" / "text.json").read_text("utf-8"))["cases"]


def made(case):
    """The layer of a case, adapted."""
    config = {k: tuple(v) if k == "ngrams" and isinstance(v, list) else v for k, v in case["config"].items()}
    layer = getattr(layers, case["class"])(**config)
    if case["adapt"] is not None:
        layer.adapt(np.array(case["adapt"]) if case["class"] == "Discretization" else case["adapt"])
    return layer


def given(case):
    """The inputs of a case, as its layer takes them."""
    if case["class"] in ("HashedCrossing", "TextVectorization") or case["config"].get("invert"):
        return case["inputs"]
    return np.array(case["inputs"], "float32" if case["class"] == "Discretization" else None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_values_are_those_of_keras(case):
    layer = made(case)
    found = layer(given(case))
    wanted = np.array(case["output"])
    assert found.shape == wanted.shape
    if wanted.dtype.kind == "U":
        assert found.tolist() == wanted.tolist()
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    if "vocabulary" in case:
        assert layer.get_vocabulary() == case["vocabulary"]
        assert layer.vocabulary_size() == case["size"]
    if "boundaries" in case:
        np.testing.assert_allclose(layer.bin_boundaries, case["boundaries"], rtol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_configuration_makes_the_layer_again(case):
    layer = made(case)
    config = json.loads(json.dumps(layers.serialize(layer)))
    again = layers.deserialize(config)
    assert np.array_equal(again(given(case)), layer(given(case)))
    assert layers.serialize(again) == layers.serialize(layer)
