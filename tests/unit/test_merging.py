"""Layers that merge branches: masks, unequal ranks, refusals; their values stand in tests/parity."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, MaskError, ShapeError
from lamina.trace import Trace, concrete

A = np.array([[[1.0, -2.0], [3.0, 4.0], [5.0, 6.0]]], "float32")
B = np.array([[[10.0, 20.0], [-30.0, 40.0], [50.0, -60.0]]], "float32")
MASKS = [np.array([[True, True, False]]), np.array([[True, False, False]])]


def masked(layer, masks):
    """What the layer gives for A and B under masks (a mask may be None), and the mask of that."""
    with Trace(concrete=True) as made:
        a, b = concrete(A), concrete(B)
        for x, mask in zip((a, b), masks, strict=True):
            if mask is not None:
                made.masks[x] = concrete(mask)
        y = layer([a, b])
        mask = made.masks.get(y)
    return y.value, None if mask is None else mask.value


@pytest.mark.parametrize("name", ["Add", "Subtract", "Average", "Multiply", "Maximum", "Minimum"])
def test_a_step_is_real_where_any_input_has_it(name):
    _, mask = masked(getattr(layers, name)(), MASKS)
    np.testing.assert_array_equal(mask, [[True, True, False]])
    _, mask = masked(getattr(layers, name)(), [MASKS[0], None])
    np.testing.assert_array_equal(mask, MASKS[0])


def test_padding_gives_way_in_products_and_extremes():
    product, _ = masked(layers.Multiply(), MASKS)
    np.testing.assert_array_equal(product, [[[10, -40], [3, 4], [0, 0]]])
    largest, _ = masked(layers.Maximum(), MASKS)
    np.testing.assert_array_equal(largest[:, :2], [[[10, 20], [3, 4]]])
    smallest, _ = masked(layers.Minimum(), MASKS)
    np.testing.assert_array_equal(smallest[:, :2], [[[1, -2], [3, 4]]])


def test_concatenated_masks():
    _, mask = masked(layers.Concatenate(axis=1), MASKS)
    np.testing.assert_array_equal(mask, [[True, True, False, True, False, False]])
    _, mask = masked(layers.Concatenate(axis=1), [MASKS[0], None])
    np.testing.assert_array_equal(mask, [[True, True, False, True, True, True]])
    _, mask = masked(layers.Concatenate(), MASKS)
    np.testing.assert_array_equal(mask, [[True, True, False]])


def test_the_mask_of_a_dot_is_that_of_its_first_input():
    np.testing.assert_array_equal(masked(layers.Dot(axes=2), [MASKS[0], None])[1], MASKS[0])
    assert masked(layers.Dot(axes=1), MASKS)[1] is None
    with pytest.raises(MaskError, match="the steps of the second input would become features"):
        masked(layers.Dot(axes=2), MASKS)


def test_functions_are_the_layers():
    np.testing.assert_array_equal(layers.add([A, B]), A + B)
    np.testing.assert_array_equal(layers.subtract([A, B]), A - B)
    np.testing.assert_array_equal(layers.multiply([A, B]), A * B)
    np.testing.assert_array_equal(layers.average([A, B]), (A + B) / 2)
    np.testing.assert_array_equal(layers.maximum([A, B]), np.maximum(A, B))
    np.testing.assert_array_equal(layers.minimum([A, B]), np.minimum(A, B))
    np.testing.assert_array_equal(layers.concatenate([A, B], axis=1), np.concatenate([A, B], 1))
    np.testing.assert_allclose(layers.dot([A[:, 0], B[:, 0]], axes=1), [[-30.0]])


def test_symbols():
    a, b = lamina.Input((3, 4)), lamina.Input((1, 4))
    assert layers.Add()([a, b]).shape == (None, 3, 4)
    assert layers.Concatenate(axis=1)([a, b]).shape == (None, 4, 4)
    assert layers.Dot(axes=2)([a, b]).shape == (None, 3, 1)
    assert layers.Add()([lamina.Input((None, 4)), lamina.Input((None, 4))]).shape == (None, None, 4)


MERGES = [layers.Add(), layers.Subtract(), layers.Multiply(), layers.Average(), layers.Maximum(), layers.Minimum(),
          layers.Concatenate(axis=0), layers.Dot(axes=1)]


@pytest.mark.parametrize("layer", MERGES, ids=lambda layer: layer.name)
def test_unequal_branches_are_refused_when_put_together_with_their_names(layer):
    left = layers.Dense(3, name="left")(lamina.Input((4,)))
    right = layers.Dense(5, name="right")(lamina.Input((4,)))
    with pytest.raises(ShapeError) as refused:
        layer([left, right])
    words = str(refused.value)
    assert words.startswith(layer.label)
    assert 'float32[batch, 3]   from Dense "left"' in words
    assert 'float32[batch, 5]   from Dense "right"' in words
    assert "fix:" in words
    assert "test_merging.py:" in words


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.Add()(A), ArgumentError, "a list of tensors"),
    (lambda: layers.Add()([]), ArgumentError, "0 tensors"),
    (lambda: layers.Subtract()([A, A, A]), ArgumentError, "a list of 2 tensors"),
    (lambda: layers.Add()([A, np.concatenate([A, A])]), ShapeError, "different batch sizes"),
    (lambda: layers.Dot(axes=0), ArgumentError, "not over the batch"),
    (lambda: layers.Dot(axes=(1, 2, 3)), ArgumentError, "axes="),
    (lambda: layers.Dot(axes=7)([A, B]), ShapeError, "no axes 7"),
    (lambda: layers.Concatenate(axis=5)([A, B]), ArgumentError, "out of range"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()
