"""The forward pass of a network with two hidden layers, by hand with NumPy and with Lamina."""

import numpy as np

from lamina import Input, Sequential, layers

W1, b1 = np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], "float32"), np.array([0.1, 0.2, 0.3], "float32")
W2, b2 = np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], "float32"), np.array([0.1, 0.2], "float32")
W3, b3 = np.array([[0.1, 0.3], [0.2, 0.4]], "float32"), np.array([0.1, 0.2], "float32")
x = np.array([[1.0, 0.5]], "float32")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


z1 = sigmoid(x @ W1 + b1)
z2 = sigmoid(z1 @ W2 + b2)
by_hand = z2 @ W3 + b3

model = Sequential([
    Input((2,)),
    layers.Dense(3, activation="sigmoid", name="first"),
    layers.Dense(2, activation="sigmoid", name="second"),
    layers.Dense(2, name="output"),
])  # fmt: skip
model.set_weights([W1, b1, W2, b2, W3, b3])
output = model(x)

np.set_printoptions(precision=6)
print("hidden layer 1", z1[0])
print("hidden layer 2", z2[0])
print("by hand       ", by_hand[0])
print("with Lamina   ", output[0])
print("equal         ", bool(np.allclose(by_hand, output, rtol=1e-6)))
