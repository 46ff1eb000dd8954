"""A layer of one's own, and a training loop of one's own, with lamina.value_and_grad."""

import numpy as np

import lamina
from lamina import Input, Sequential, layers, ops


class Quadratic(layers.Layer):
    """y = x A x + x B + c for each of its units: what a dense layer cannot do alone."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        n = input_shape[-1]
        self.a = self.add_weight(shape=(n, self.units), name="a")
        self.b = self.add_weight(shape=(n, self.units), name="b")
        self.c = self.add_weight(shape=(self.units,), initializer="zeros", name="c")

    def call(self, x):
        return ops.square(x) @ self.a + x @ self.b + self.c


lamina.random.set_seed(0)
x = lamina.random.uniform((256, 2), minval=-1, maxval=1)
y = (3 * x[:, :1] ** 2 - 2 * x[:, 1:] + 1).astype("float32")

model = Sequential([Input((2,)), Quadratic(1, name="quadratic")])
optimizer = lamina.optimizers.Adam(0.05)


def loss(x, y):
    return ops.mean(ops.square(model(x) - y))


step = lamina.value_and_grad(loss, variables=model.trainable_variables)
for epoch in range(60):
    for i in range(0, len(x), 32):
        value, gradients = step(x[i : i + 32], y[i : i + 32])
        optimizer.apply(gradients, model.trainable_variables)
    if epoch % 20 == 0:
        print(f"epoch {epoch:>2}  loss {float(value):.3f}")

for variable in model.trainable_variables:
    print(variable.name, np.round(variable.numpy().ravel(), 2) + 0.0)
