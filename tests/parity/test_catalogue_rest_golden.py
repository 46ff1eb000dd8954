"""ConvLSTM and other layers that came later agree with Keras; so do convolutions and merging in all their variants."""

import pytest
import test_layers_golden
from cases import load

CASES = load("catalogue_rest")


@pytest.mark.parametrize("run", ["eagerly", "native"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case, run):
    test_layers_golden.assert_layer_agrees(case, run)
