"""Where paths branch, their contributions to the gradient add up."""

import numpy as np

import lamina
from lamina import Input, Model, layers, ops

x = Input((1,), name="x")
h = layers.Dense(1, use_bias=False, name="h")(x)
left = layers.Dense(1, use_bias=False, name="left")(h)
right = layers.Dense(1, use_bias=False, activation="tanh", name="right")(h)
model = Model(inputs=x, outputs=layers.Add(name="sum")([left, right]))
for layer, weight in (("h", 0.5), ("left", 3.0), ("right", 2.0)):
    model.get_layer(layer).set_weights([np.array([[weight]], "float32")])

data = np.array([[1.5]], "float32")
weight = model.get_layer("h").weights[0]
value, (gradient,) = lamina.value_and_grad(lambda x: ops.sum(model(x)), variables=[weight])(data)

z = 0.5 * 1.5
through_left = 3.0 * 1.5
through_right = (1 - np.tanh(2.0 * z) ** 2) * 2.0 * 1.5
print(f"y = {float(value):.6f}")
print(f"dy/dw through left:  {through_left:.6f}")
print(f"dy/dw through right: {through_right:.6f}")
print(f"their sum:           {through_left + through_right:.6f}")
print(f"Lamina's gradient:   {float(gradient[0, 0]):.6f}")
assert np.isclose(through_left + through_right, gradient[0, 0], rtol=1e-6)
