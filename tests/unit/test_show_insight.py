"""A model as a formula, and what its operations cost."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError
from lamina.insight import cost


def two_layers(**options):
    return lamina.Sequential(
        [lamina.Input((4,), name="x"), layers.Dense(3, "tanh", name="a"), layers.Dense(2, name="b", **options)]
    )


FORMULAS = {
    "rows": "y = tanh(x W₁ + b₁) W₂ + b₂",
    "columns": "y = W₂ᵀ tanh(W₁ᵀ x + b₁) + b₂",
    "bias_as_weight": "y = [1, tanh([1, x] W₁)] W₂",
}


@pytest.mark.parametrize("convention", list(FORMULAS))
def test_each_convention_is_stated(convention):
    lines = lamina.formula(two_layers(), convention).splitlines()
    assert lines[0] == FORMULAS[convention]
    assert lines[-1] == lamina.insight.formulas.CONVENTIONS[convention]
    rows = 5 if convention == "bias_as_weight" else 4
    assert any(line.split()[:3] == ["W₁", f"[{rows},", "3]"] for line in lines)


def test_linear_layers_are_put_in_brackets():
    model = lamina.Sequential([lamina.Input((2,)), *(layers.Dense(2) for _ in range(3))])
    assert lamina.formula(model).splitlines()[0] == "y = ((x W₁ + b₁) W₂ + b₂) W₃ + b₃"


def test_without_bias_and_with_branches():
    assert "W₂\n" in lamina.formula(two_layers(use_bias=False)) + "\n"
    x = lamina.Input((4,))
    h = layers.Dense(4, "relu")(x)
    text = lamina.formula(lamina.Model(x, layers.Concatenate()([layers.Dense(2)(h), layers.Dense(2)(h), h])))
    assert text.splitlines()[0] == "h₁ = relu(x W₁ + b₁)"
    assert "y  = concatenate(h₂, h₃, h₁)" in text


def test_more_than_nine_layers():
    model = lamina.Sequential([lamina.Input((2,)), *(layers.Dense(2, use_bias=False) for _ in range(12))])
    first = lamina.formula(model).splitlines()[0]
    assert [f"W{k}" in first for k in ("₁", "₁₀", "₁₁", "₁₂")] == [True] * 4
    assert "h" not in first


def test_refuses_another_convention():
    with pytest.raises(ArgumentError, match="did you mean 'rows'"):
        lamina.formula(two_layers(), "row")


def compiled():
    model = two_layers()
    model.compile("adam", loss="mse")
    return model


def test_explains_training_and_inference_by_layer():
    found = lamina.explain(compiled(), batch_size=5)
    assert found.training is not None
    products = [line for line in found.inference.lines if line.op == "matmul"]
    assert [(p.path, p.shape, p.flops) for p in products] == [
        ("a", "float32[5,3]", 2 * 5 * 4 * 3),
        ("b", "float32[5,2]", 2 * 5 * 3 * 2),
    ]
    assert sum(line.op == "matmul" for line in found.training.lines) == 5  # 2 forward, 3 backward
    assert all(len(line) <= 80 for line in str(found).splitlines())
    assert found.inference.graph.startswith("graph(%x: float32[5,4]")


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_says_who_runs_what(backend):
    found = lamina.explain(compiled(), backend=backend)
    assert {line.backend for line in (*found.training.lines, *found.inference.lines)} == {backend}
    assert f"all on {backend}" in str(found)
    assert found.inference.elsewhere == []


def test_explaining_changes_nothing():
    x, y = np.ones((8, 4), "float32"), np.ones((8, 2), "float32")
    models = []
    for look in (False, True):
        lamina.random.set_seed(0)
        model = compiled()
        if look:
            lamina.explain(model)
        model.fit(x, y, epochs=2, verbose=0)
        models.append(model)
    for a, b in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_uncompiled_model_has_no_training_step():
    assert lamina.explain(two_layers()).training is None
    with pytest.raises(ArgumentError, match="does not know its inputs"):
        lamina.explain(lamina.Sequential([layers.Dense(2)]))
    assert lamina.explain(lamina.Sequential([layers.Dense(2)]), x=np.ones((3, 4), "float32")).inference.lines


def test_convolution_costs_the_same_read_three_ways():
    model = lamina.Sequential(
        [lamina.Input((6, 6, 2)), layers.Conv2D(5, 3, padding="same"), layers.Conv2D(4, 3), layers.Flatten()]
    )
    model.compile("sgd", loss="mse")
    lines = lamina.explain(model, batch_size=2, backend="reference").training.lines
    by_op = {
        op: sorted(line.flops for line in lines if line.op == op)
        for op in ("conv", "conv_kernel_grad", "conv_input_grad")
    }
    first, second = 2 * 2 * 36 * 5 * 9 * 2, 2 * 2 * 16 * 4 * 9 * 5
    assert by_op["conv"] == by_op["conv_kernel_grad"] == sorted([first, second])
    assert by_op["conv_input_grad"] == [second]


def test_amounts_are_short():
    assert [lamina.insight.explanation.amount(n).strip() for n in (0, 12, 1200, 32_800, 999_600, 2.5e9)] == [
        "0", "12", "1.2 K", "32.8 K", "1.0 M", "2.5 G"]  # fmt: skip
    assert cost.item_size("float32") == 4
