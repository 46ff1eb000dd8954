"""Attention layers: what masks hide, symbols, refusals; their values stand in tests/parity."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(3)
QUERY, VALUE = RNG.normal(size=(2, 3, 4)).astype("float32"), RNG.normal(size=(2, 5, 4)).astype("float32")
SAME = RNG.normal(size=(2, 6, 4)).astype("float32")
KEYS = np.array([[True, True, False, False, False], [True, True, True, True, False]])
HEADED = [lambda: layers.MultiHeadAttention(2, 3), lambda: layers.GroupQueryAttention(3, 4, 2)]


@pytest.mark.parametrize("make", HEADED)
def test_a_masked_value_changes_nothing(make):
    layer, other = make(), VALUE.copy()
    before = layer(QUERY, VALUE, value_mask=KEYS)
    other[~KEYS] = 100
    np.testing.assert_allclose(layer(QUERY, other, value_mask=KEYS), before, rtol=1e-5, atol=1e-6)
    assert not np.allclose(layer(QUERY, other), before)


@pytest.mark.parametrize("make", HEADED)
def test_causal_attention_does_not_see_the_future(make):
    layer, later = make(), SAME.copy()
    before = layer(SAME, SAME, use_causal_mask=True)
    later[:, 4:] += 1
    after = layer(later, later, use_causal_mask=True)
    np.testing.assert_allclose(after[:, :4], before[:, :4], rtol=1e-5, atol=1e-6)
    assert not np.allclose(after[:, 4:], before[:, 4:])


@pytest.mark.parametrize("make", HEADED)
def test_weights_sum_to_one_and_asking_for_them_changes_nothing(make):
    layer = make()
    y, weights = layer(QUERY, VALUE, value_mask=KEYS, return_attention_scores=True)
    np.testing.assert_array_equal(y, layer(QUERY, VALUE, value_mask=KEYS))
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
    np.testing.assert_array_equal(weights[0, :, :, 2:], 0)


def test_a_window_hides_what_is_further_away():
    layer = layers.MultiHeadAttention(2, 3, sliding_window=2)
    _, weights = layer(SAME, SAME, return_attention_scores=True)
    rows, columns = np.indices((6, 6))
    assert not weights[..., abs(rows - columns) >= 2].any()
    assert weights[..., abs(rows - columns) < 2].all()


@pytest.mark.parametrize("make", HEADED)
def test_masks_come_along_from_an_embedding(make):
    ids = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]], "int32")
    x = lamina.Input((5,), dtype="int32")
    embedded = layers.Embedding(9, 4, mask_zero=True)
    layer = make()
    model = lamina.Model(x, layer(embedded(x), embedded(x)))
    vectors = embedded.get_weights()[0][ids]
    want = layer(vectors, vectors, query_mask=ids != 0, value_mask=ids != 0)
    np.testing.assert_allclose(model(ids), want, rtol=1e-5, atol=1e-6)


def test_one_key_head_for_each_query_head_is_multi_head_attention():
    many, grouped = layers.MultiHeadAttention(4, 3), layers.GroupQueryAttention(3, 4, 4)
    want = many(QUERY, VALUE)
    grouped.build(QUERY.shape, VALUE.shape)
    grouped.set_weights(many.get_weights())
    np.testing.assert_allclose(grouped(QUERY, VALUE), want, rtol=1e-5, atol=1e-6)


def test_attention_over_one_axis_of_an_image_is_that_of_each_row():
    image = RNG.normal(size=(2, 5, 6, 4)).astype("float32")
    layer = layers.MultiHeadAttention(2, 3, attention_axes=2)
    y = layer(image, image)
    rows = layers.MultiHeadAttention(2, 3)
    rows.build((None, 6, 4), (None, 6, 4))
    rows.set_weights(layer.get_weights())
    np.testing.assert_allclose(y[:, 1], rows(image[:, 1], image[:, 1]), rtol=1e-4, atol=1e-5)


def test_a_gate_and_dropout_are_used_in_training():
    layer = layers.MultiHeadAttention(2, 3, use_gate=True, dropout=0.5, seed=1)
    y = layer(QUERY, VALUE)
    assert len(layer.weights) == 10
    assert not np.allclose(layer(QUERY, VALUE, training=True), y)


def test_symbols_and_configurations():
    query, value = lamina.Input((3, 4)), lamina.Input((None, 4))
    for layer in (layers.MultiHeadAttention(2, 3, output_shape=7, kernel_regularizer="l2"),
                  layers.GroupQueryAttention(3, 4, 2), layers.Attention(score_mode="concat"),
                  layers.AdditiveAttention()):
        headed = not isinstance(layer, layers.Attention)
        again = layers.deserialize(layers.serialize(layer))
        assert again.get_config() == layer.get_config()
        y, weights = (layer(query, value, return_attention_scores=True) if headed else
                      layer([query, value], return_attention_scores=True))
        assert y.shape == (None, 3, 7 if isinstance(layer, layers.MultiHeadAttention) else 4)
        assert weights.shape[-2:] == (3, None)


def test_masks_of_lists():
    y = layers.Attention()([QUERY, VALUE], mask=[np.array([[True, True, False]] * 2), KEYS])
    assert not y[:, 2].any()
    other = VALUE.copy()
    other[~KEYS] = 100
    np.testing.assert_allclose(layers.Attention()([QUERY, other], mask=[None, KEYS])[:, :2], y[:, :2], rtol=1e-5)


def test_the_spread_of_a_projection_counts_all_its_inputs():
    layer = layers.EinsumDense("abc,bcde->ade", (20, 30), kernel_initializer=lamina.initializers.HeNormal(seed=1))
    layer.build((None, 10, 40))
    assert layer.kernel.shape == (10, 40, 20, 30)
    assert abs(layer.kernel.numpy().std() / np.sqrt(2 / 400) - 1) < 0.01


@pytest.mark.parametrize("equation", ["...b,bc->...c", "ab,bc->ac"])
def test_equations(equation):
    layer = layers.EinsumDense(equation, 3, bias_axes="c", bias_initializer="ones")
    x = QUERY[:, 0]
    np.testing.assert_allclose(layer(x), x @ layer.kernel.numpy() + 1, rtol=1e-5)
    if "..." in equation:
        layer = layers.EinsumDense(equation, (None, 3))
        assert layer(QUERY).shape == (2, 3, 3)


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: layers.MultiHeadAttention(0, 3), ArgumentError, "num_heads is a whole number above zero"),
    (lambda: layers.MultiHeadAttention(2, 3, dropout=2), ArgumentError, "0 <= rate <= 1"),
    (lambda: layers.MultiHeadAttention(2, 3)(QUERY, VALUE, SAME), ShapeError, "different numbers of steps"),
    (lambda: layers.GroupQueryAttention(3, 4, 3), ArgumentError, "multiple of num_key_value_heads"),
    (lambda: layers.Attention(score_mode="add"), ArgumentError, "dot"),
    (lambda: layers.Attention()(QUERY), ArgumentError, "called on a list"),
    (lambda: layers.Attention()([QUERY, VALUE, SAME]), ShapeError, "do not fit together"),
    (lambda: layers.EinsumDense("ab,bc", 3), ArgumentError, "cannot read this equation"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3)(QUERY), ShapeError, "does not name the axes"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="z")(QUERY[0]), ArgumentError, "no axis 'z'"),
])
def test_refusals(make, error, words):
    with pytest.raises(error, match=words):
        make()
