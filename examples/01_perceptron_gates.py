"""One neuron with a step is AND, OR or NAND; XOR needs two layers of them."""

import numpy as np

from lamina import Input, Sequential, layers

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")


def step(z):
    """1 above the threshold, else 0: step(0) is 0."""
    return z > 0


def gate(weights, bias):
    """A perceptron: two inputs, one neuron, weights chosen by hand."""
    neuron = Sequential([Input((2,)), layers.Dense(1)])
    neuron.set_weights([np.array(weights, "float32").reshape(2, 1), np.array([bias], "float32")])
    return lambda x: step(neuron(x)).astype("float32")


GATES = {"AND": gate([0.5, 0.5], -0.7), "OR": gate([0.5, 0.5], -0.2), "NAND": gate([-0.5, -0.5], 0.7)}


def xor(x):
    """AND of (NAND, OR): two layers, as no straight line parts the ones from the zeros."""
    hidden = np.concatenate([GATES["NAND"](x), GATES["OR"](x)], axis=1)
    return GATES["AND"](hidden)


print("inputs ", *("".join(str(int(v)) for v in row) for row in INPUTS))
for name, outputs in [*((name, g(INPUTS)) for name, g in GATES.items()), ("XOR", xor(INPUTS))]:
    print(f"{name:<7}", *(f"{int(v):>2}" for v in outputs[:, 0]))
