"""Stochastic, mini-batch and full-batch gradient descent: the same data, the same number of passes."""

import lamina
from lamina import Input, Sequential, layers
from lamina.datasets import digits

(x, y), (x_test, y_test) = digits.load_data()
x, x_test = x / 16, x_test / 16

print("batch  steps  loss    right on test")
for name, size in (("1", 1), ("32", 32), ("full", len(x))):
    lamina.random.set_seed(0)
    model = Sequential([Input((8, 8)), layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10, "softmax")])
    model.compile(lamina.optimizers.SGD(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=size, epochs=10, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    steps = 10 * -(-len(x) // size)
    print(f"{name:<6} {steps:>5}  {history.history['loss'][-1]:.3f}   {accuracy:.2f}")
