"""Handwritten digits in ten lines."""

from lamina import layers, models, random
from lamina.datasets import digits

(x, y), (x_test, y_test) = digits.load_data()
random.set_seed(0)
model = models.Sequential([layers.Input((8, 8)), layers.Rescaling(1 / 16), layers.Flatten()])
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=30, verbose=0)
print(f"right on {model.evaluate(x_test, y_test, verbose=0)[1]:.2f} of the test pictures")
