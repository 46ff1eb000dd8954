"""Each finding has a program or data that trigger it, and one that must not."""

import warnings

import numpy as np
import pytest

import lamina
from lamina import layers, lint, losses, ops
from lamina.errors import ArgumentError, DataError, LaminaWarning
from lamina.graph import placeholder
from lamina.trace import Generator, Trace
from lamina.types import Type

PIXELS = np.random.default_rng(1).integers(0, 256, (50, 28, 28))


def codes(model, loss, shape=(4, 6), dtype="float32"):
    return [f.code for f in findings(model, loss, shape, dtype)]


def findings(model, loss, shape=(4, 6), dtype="float32"):
    with Trace(training=True, generator=Generator(0)):
        outputs = model(placeholder(Type(dtype, shape), "x"))
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return lint.of_network(outputs, [loss] * len(outputs))


def stack(*some):
    return lamina.Sequential(list(some))


SPARSE, BINARY = losses.SparseCategoricalCrossentropy, losses.BinaryCrossentropy


# ---- output and loss


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("softmax", SPARSE(from_logits=True)),
        ("softmax", losses.CategoricalCrossentropy(from_logits=True)),
        ("sigmoid", BINARY(from_logits=True)),
        ("sigmoid", losses.BinaryFocalCrossentropy(from_logits=True)),
    ],
)
def test_probabilities_as_logits(activation, loss):
    (finding,) = findings(stack(layers.Dense(5, activation=activation, name="out")), loss)
    assert finding.code == "probabilities-as-logits"
    assert finding.layer.endswith("out")
    assert activation in str(finding)
    assert "from_logits=False" in finding.fix
    apart = stack(layers.Dense(5), layers.Activation(activation), layers.Reshape((5, 1)), layers.Reshape((5,)))
    assert codes(apart, loss) == ["probabilities-as-logits"]


@pytest.mark.parametrize(
    ("activation", "loss", "wanted"),
    [
        (None, SPARSE(), "softmax"),
        (None, BINARY(), "sigmoid"),
        ("relu", losses.CategoricalCrossentropy(), "softmax"),
        ("tanh", losses.for_output("binary_crossentropy", None, None), "sigmoid"),
        ("log_softmax", losses.for_output("sparse_categorical_crossentropy", None, None), "softmax"),
    ],
)
def test_logits_as_probabilities(activation, loss, wanted):
    (finding,) = findings(stack(layers.Dense(5, activation=activation)), loss)
    assert finding.code == "logits-as-probabilities"
    assert f"end in {wanted}" in finding.fix


def test_a_mixture_of_probabilities_is_one():
    x = lamina.Input((6,))
    a, b = (layers.Dense(1, activation="sigmoid")(x) for _ in range(2))
    for y in (1.0 - a, layers.Average()([a, b]), a * b, layers.Dropout(0.5)(a)):
        assert codes(lamina.Model(x, y), BINARY()) == []


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("softmax", SPARSE()),
        ("sigmoid", BINARY()),
        (None, SPARSE(from_logits=True)),
        ("log_softmax", SPARSE(from_logits=True)),
        ("softmax", losses.KLDivergence()),
        (None, losses.MeanSquaredError()),
        ("sigmoid", losses.MeanSquaredError()),
        ("hard_sigmoid", BINARY()),
        ("softmax", losses.for_output("crossentropy", np.zeros((4,)), np.zeros((4, 5)))),
        ("relu", losses.Poisson()),
        ("softplus", losses.for_output(lambda y, p: ops.mean(p), None, None)),
    ],
)
def test_outputs_that_fit(activation, loss):
    assert codes(stack(layers.Dense(5, activation=activation)), loss) == []


def test_softmax_over_one_unit():
    (finding,) = findings(stack(layers.Dense(1, activation="softmax")), BINARY())
    assert finding.code == "softmax-of-one"
    assert "sigmoid" in finding.fix
    assert codes(stack(layers.Dense(2, activation="softmax")), SPARSE()) == []


# ---- the layers between


def test_a_stack_of_linear_layers():
    model = stack(layers.Dense(8, name="first"), layers.Dense(2, name="second"))
    (finding,) = findings(model, losses.MeanSquaredError())
    assert finding.code == "linear-stack"
    assert finding.layer.endswith("second")
    assert "'first'" in finding.evidence


@pytest.mark.parametrize(
    "between",
    [
        [layers.Dropout(0.5)],
        [layers.Reshape((4, 2)), layers.Flatten()],
        [layers.Rescaling(0.5, 1.0)],
        [layers.Activation("linear")],
    ],
    ids=["dropout", "reshape", "rescaling", "identity"],
)
def test_what_keeps_a_stack_linear(between):
    assert codes(stack(layers.Dense(8), *between, layers.Dense(2)), losses.MeanSquaredError()) == ["linear-stack"]


def test_convolutions_are_linear_too():
    model = stack(layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2))
    assert codes(model, losses.MeanSquaredError(), (2, 6, 6, 1)) == ["linear-stack"]


@pytest.mark.parametrize(
    "between",
    [
        [layers.Activation("relu")],
        [layers.LeakyReLU()],
        [layers.LayerNormalization()],
        [layers.BatchNormalization()],
        [layers.Activation("tanh"), layers.Dropout(0.5)],
    ],
    ids=["relu", "leaky", "norm", "batch norm", "tanh"],
)
def test_what_breaks_a_stack(between):
    assert codes(stack(layers.Dense(8), *between, layers.Dense(2)), losses.MeanSquaredError()) == []


def test_a_layer_with_two_products_is_its_own_affair():
    class LowRank(layers.Layer):
        def build(self, input_shape):
            self.a, self.b = (self.add_weight(shape=s, name=n) for n, s in (("a", (6, 2)), ("b", (2, 3))))

        def call(self, x):
            return x @ self.a @ self.b

    assert codes(stack(LowRank()), losses.MeanSquaredError()) == []
    x = lamina.Input((6,))
    y = layers.Add()([layers.Dense(3)(x), layers.Dense(3)(x)])
    assert codes(lamina.Model(x, y), losses.MeanSquaredError()) == []


def test_weights_behind_a_step():
    model = stack(
        layers.Dense(4, name="hidden"),
        layers.Activation("step", name="threshold"),
        layers.Dense(1, activation="sigmoid", name="out"),
    )
    (finding,) = findings(model, BINARY())
    assert finding.code == "no-gradient"
    assert "threshold" in finding.layer
    assert "hidden/kernel" in finding.evidence
    assert "out/kernel" not in finding.evidence
    model.get_layer("hidden").trainable = False
    assert codes(model, BINARY()) == []


def test_a_step_beside_another_way():
    class StraightThrough(layers.Layer):
        def call(self, x):
            return x + ops.stop_gradient(ops.round(x) - x)

    model = stack(layers.Dense(4), StraightThrough(), layers.Activation("relu"), layers.Dense(1))
    assert codes(model, losses.MeanSquaredError()) == []


def test_gradients_stopped_on_purpose():
    class Stopped(layers.Layer):
        def call(self, x):
            return ops.stop_gradient(x)

    model = stack(layers.Dense(4, activation="relu"), Stopped(), layers.Dense(1))
    assert codes(model, losses.MeanSquaredError()) == []


def test_an_embedding_takes_whole_numbers():
    model = stack(layers.Embedding(10, 4), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid"))
    assert codes(model, BINARY(), (4, 6), "int32") == []


def test_an_output_without_a_loss_is_not_judged():
    x = lamina.Input((6,))
    model = lamina.Model(x, [layers.Dense(1)(x), layers.Activation("step")(layers.Dense(1)(x))])
    with Trace(training=True):
        outputs = model(placeholder(Type("float32", (4, 6)), "x"))
        assert lint.of_network(outputs, [losses.MeanSquaredError(), None]) == []
        assert [f.code for f in lint.of_network(outputs, [None, losses.MeanSquaredError()])] == ["no-gradient"]


# ---- data


def test_pixels_nobody_scaled():
    (finding,) = lint.of_input("x", PIXELS)
    assert finding.code == "unscaled-inputs"
    assert "x / 255" in finding.fix
    assert lint.of_input("x", PIXELS.astype("uint8").reshape(50, 784)) != []
    assert lint.of_input("x", PIXELS.astype("float32")) != []


@pytest.mark.parametrize(
    "array",
    [
        PIXELS / 255.0,
        PIXELS + 1,
        PIXELS * 2,
        PIXELS[:, 0, :3],
        PIXELS[:, 0, 0],
        PIXELS % 17,
        PIXELS + 0.5,
        PIXELS[:0],
        np.zeros((50, 784)),
    ],
)
def test_inputs_that_are_no_pixels(array):
    assert lint.of_input("x", array) == []


def test_which_inputs_meet_weights_first():
    def straight(*some):
        with Trace(training=True, generator=Generator(0)):
            x = placeholder(Type("float32", (4, 28, 28, 1)), "x")
            return lint.weighed_inputs([stack(*some)(x)]) == [x]

    assert straight(layers.Flatten(), layers.Dense(3))
    assert straight(layers.Conv2D(2, 3))
    assert not straight(layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3))
    assert not straight(layers.BatchNormalization(), layers.Flatten(), layers.Dense(3))


@pytest.mark.parametrize(
    ("y", "tail", "words"),
    [
        ([0, 0, 1, 1], [2, 2], "lacks: 2"),
        ([0, 1, 0, 1], [1, 1], "one label only: 1"),
        ([0] * 90 + [1] * 10, [0] * 50 + [1] * 50, "label 0 is 90% of the training part, 50% of the rest"),
    ],
)
def test_a_tail_unlike_the_rest(y, tail, words):
    (finding,) = lint.of_split("y", np.array(y), np.array(tail))
    assert finding.code == "tail-differs"
    assert words in str(finding)
    assert lint.of_split("y", np.array(y)[:, None], np.array(tail)[:, None]) == [finding]


@pytest.mark.parametrize(
    ("y", "tail"),
    [
        ([0, 1, 0, 1, 1], [0, 1]),
        ([0, 1] * 50, [0, 1, 0, 0, 0]),
        (np.arange(100), np.arange(100, 120)),
        (np.zeros(10), np.ones(3)),
        (np.eye(3, dtype=int), np.eye(3, dtype=int)),
        ([0, 0], [0]),
        ([], []),
        ([0] * 1000 + [1] * 1000, [0] * 270 + [1] * 230),
    ],
)
def test_a_tail_like_the_rest(y, tail):
    assert lint.of_split("y", np.asarray(y), np.asarray(tail)) == []


# ---- report


def test_report():
    some = [lint.Finding("softmax-of-one", "out", "float32[4,1]", "use sigmoid"), lint.of_input("x", PIXELS)[0]]
    with pytest.warns(LaminaWarning) as caught:
        lint.report(some)
    assert [str(w.message).splitlines()[0] for w in caught] == [
        "out: softmax over one unit is always 1",
        "x: inputs of 0 to 255 go into weights as they are",
    ]
    with pytest.raises(ArgumentError, match=r"softmax over one unit(.|\n)*inputs of 0 to 255"):
        lint.report(some, "error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lint.report(some, "off")
        lint.report([], "error")


def test_every_problem_is_tested_here():
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert all(f'"{code}"' in text for code in lint.PROBLEMS)


# ---- in fit


def fitted(model, loss, x, y, mode="warn", **options):
    model.compile("sgd", loss, lint=mode)
    model.fit(x, y, epochs=1, verbose=0, **options)


@pytest.mark.parametrize("eagerly", [False, True])
def test_fit_warns_once_before_the_first_step(eagerly):
    model = stack(lamina.Input((6,)), layers.Dense(3, activation="softmax", name="out"))
    model.compile("sgd", SPARSE(from_logits=True), run_eagerly=eagerly)
    x, y = np.ones((8, 6), "float32"), np.arange(8) % 3
    model.evaluate(x, y, verbose=0)
    with pytest.warns(LaminaWarning, match=r"out: the loss takes logits, but the model ends in softmax") as caught:
        model.fit(x, y, epochs=1, verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    model.fit(x, y, epochs=1, verbose=0)
    model.train_on_batch(x, y)


def test_fit_refuses_where_lint_is_an_error():
    model = stack(lamina.Input((6,)), layers.Dense(3, activation="softmax"))
    before = model.get_weights()[0]
    for _ in range(2):
        with pytest.raises(ArgumentError, match="ends in softmax"):
            fitted(model, SPARSE(from_logits=True), np.ones((8, 6)), np.zeros(8, int), "error")
    np.testing.assert_array_equal(model.get_weights()[0], before)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(model, SPARSE(from_logits=True), np.ones((8, 6)), np.zeros(8, int), "off")
        fitted(model, SPARSE(), np.ones((8, 6)), np.zeros(8, int), "error")


def test_fit_looks_at_the_inputs():
    labels = np.arange(50) % 2

    def model(*first):
        return stack(lamina.Input((28, 28)), *first, layers.Flatten(), layers.Dense(2, activation="softmax"))

    with pytest.warns(LaminaWarning, match="inputs of 0 to 255"):
        fitted(model(), SPARSE(), PIXELS, labels)
    with pytest.raises(DataError, match="Rescaling"):
        fitted(model(), SPARSE(), PIXELS, labels, "error")
    fitted(model(layers.Rescaling(1 / 255)), SPARSE(), PIXELS, labels, "error")
    fitted(model(), SPARSE(), PIXELS / 255, labels, "error")


def test_fit_looks_at_the_tail():
    x, y = np.ones((40, 6), "float32"), np.repeat([0, 1], 20)
    model = stack(lamina.Input((6,)), layers.Dense(2, activation="softmax"))
    with pytest.warns(LaminaWarning, match="held back for validation"):
        fitted(model, SPARSE(), x, y, validation_split=0.25)
    with pytest.raises(DataError, match="one label only: 1"):
        fitted(model, SPARSE(), x, y, "error", validation_split=0.25)
    fitted(model, SPARSE(), x, np.arange(40) % 2, "error", validation_split=0.25)
