"""The table of a model."""

import numpy as np

import lamina
from lamina import layers

CHAIN = """\
Model: "net"
────────────────────────────────────────────────────────────────────────────────
 Layer (type)                        Output Shape                Param #
════════════════════════════════════════════════════════════════════════════════
 hidden (Dense)                      (None, 16)                  80
 drop (Dropout)                      (None, 16)                  0
 logits (Dense)                      (None, 3)                   51
────────────────────────────────────────────────────────────────────────────────
 Total params: 131 (524.00 B)
 Trainable params: 51 (204.00 B)
 Non-trainable params: 80 (320.00 B)"""

BRANCHES = """\
Model: "two"
────────────────────────────────────────────────────────────────────────────────
 Layer (type)               Output Shape        Param #   Connected to
════════════════════════════════════════════════════════════════════════════════
 x (InputLayer)             (None, 4)           0         -
 left (Dense)               (None, 3)           15        x
 right (Dense)              (None, 3)           15        x
 add (Operation)            (None, 3)           0         left, right
────────────────────────────────────────────────────────────────────────────────
 Total params: 30 (120.00 B)
 Trainable params: 30 (120.00 B)
 Non-trainable params: 0 (0.00 B)"""


def text_of(model, **options) -> str:
    lines = []
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines)


def test_chain():
    model = lamina.Sequential([lamina.Input((4,)), layers.Dense(16, name="hidden"), layers.Dropout(0.5, name="drop"),
                               layers.Dense(3, name="logits")], name="net")
    model.layers[0].trainable = False
    assert text_of(model) == CHAIN


def test_branches():
    layers.reset_names()
    x = lamina.Input((4,), name="x")
    model = lamina.Model(x, layers.Dense(3, name="left")(x) + layers.Dense(3, name="right")(x), name="two")
    assert text_of(model) == BRANCHES


def test_nested_and_trainable_and_width():
    inner = lamina.Sequential([lamina.Input((2,)), layers.Dense(3, name="inside")], name="inner")
    model = lamina.Sequential([inner, layers.Dense(1, name="top")])
    text = text_of(model, expand_nested=True, show_trainable=True, line_length=100)
    assert "└ inside (Dense)" in text
    assert max(map(len, text.splitlines())) <= 100
    assert [line.split()[-1] for line in text.splitlines() if "(Dense)" in line] == ["yes", "yes"]


MASKED = """\
Model: "net"
────────────────────────────────────────────────────────────────────────────────
 Layer (type)                     Output Shape             Param #       Mask
════════════════════════════════════════════════════════════════════════════════
 words (Embedding)                (None, 7, 4)             36            made
 reader (LSTM)                    (None, 7, 2)             56            kept
 last (GRU)                       (None, 2)                36            used
 out (Dense)                      (None, 1)                3             -
────────────────────────────────────────────────────────────────────────────────
 Total params: 131 (524.00 B)
 Trainable params: 131 (524.00 B)
 Non-trainable params: 0 (0.00 B)"""


def test_masks_have_a_column():
    model = lamina.Sequential([lamina.Input((7,), dtype="int32"), layers.Embedding(9, 4, mask_zero=True, name="words"),
                               layers.LSTM(2, return_sequences=True, name="reader"), layers.GRU(2, name="last"),
                               layers.Dense(1, name="out")], name="net")
    assert text_of(model) == MASKED


def test_unbuilt_and_subclassed_models_have_a_summary():
    class Net(lamina.Model):
        def __init__(self):
            super().__init__(name="own")
            self.d = layers.Dense(2, name="d")

        def call(self, x):
            return self.d(x)

    model = Net()
    assert "unbuilt" in text_of(model)
    model(np.zeros((1, 3), "float32"))
    assert " d (Dense)                           (None, 2)                   8" in text_of(model)
    assert "Total params: 8" in text_of(model)


def test_long_names_wrap_in_their_column():
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(1, name="a" * 60)])
    assert max(map(len, text_of(model).splitlines())) <= 80
