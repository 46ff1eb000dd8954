"""Two neurons in a chain: each delta, each gradient and each new weight by hand, and the same from Lamina.

x -> z1 = w1 x + b1 -> a1 = sigmoid(z1) -> z2 = w2 a1 + b2 -> a2 = sigmoid(z2), E = (a2 - y)^2 / 2.
"""

import numpy as np

import lamina
from lamina import ops

x, y, rate = 0.5, 0.2, 0.1
w1, b1, w2, b2 = 0.4, 0.1, 0.6, -0.3


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


a1 = sigmoid(w1 * x + b1)
a2 = sigmoid(w2 * a1 + b2)
delta_2 = (a2 - y) * a2 * (1 - a2)  # dE/dz2 = dE/da2 * da2/dz2
delta_1 = delta_2 * w2 * a1 * (1 - a1)  # dE/dz1 = delta_2 * dz2/da1 * da1/dz1
by_hand = {"w1": delta_1 * x, "b1": delta_1, "w2": delta_2 * a1, "b2": delta_2}  # dE/dw = delta * input


def error(w1, b1, w2, b2):
    """The same chain; x and y are constants."""
    a1 = ops.sigmoid(w1 * x + b1)
    a2 = ops.sigmoid(w2 * a1 + b2)
    return 0.5 * ops.square(a2 - y)


weights = [np.float64(w) for w in (w1, b1, w2, b2)]
value, gradients = lamina.value_and_grad(error, argnums=(0, 1, 2, 3))(*weights)

print(f"a1 = {a1:.6f}   a2 = {a2:.6f}   E = {float(value):.6f}")
print(f"delta_2 = {delta_2:.6f}   delta_1 = {delta_1:.6f}")
print("       by hand      Lamina       new weight")
for (name, hand), gradient, old in zip(by_hand.items(), gradients, weights, strict=True):
    assert np.isclose(hand, gradient, rtol=1e-12)
    print(f"dE/d{name}  {hand:.6f}     {float(gradient):.6f}     {name} = {old - rate * hand:.6f}")
after = error(*(w - rate * g for w, g in zip(weights, gradients, strict=True)))
print(f"E after one step: {float(after):.6f}, smaller: {bool(after < value)}")
