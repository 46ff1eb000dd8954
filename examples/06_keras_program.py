"""A Keras program, word for word, but for the name in the import."""

from lamina import layers, models

model = models.Sequential()
model.add(layers.Dense(32, input_shape=(784,)))
model.add(layers.Dense(10))
model.summary()
