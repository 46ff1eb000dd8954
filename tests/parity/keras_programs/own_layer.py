"""Layers of one's own: weights, a loss in the layer, a configuration, and a model file that knows them."""

import os
import tempfile

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="own")
class Linear(layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True, name="w"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True, name="b")

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units})
        return config


@keras.saving.register_keras_serializable(package="own")
class Sparse(layers.Layer):
    def __init__(self, rate=1e-2, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs):
        self.add_loss(self.rate * ops.mean(ops.abs(inputs)))
        return inputs

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


random = np.random.default_rng(5)
inputs = keras.Input((6,))
hidden = Sparse()(layers.Activation("relu")(Linear(10)(inputs)))
model = keras.Model(inputs, Linear(1)(hidden))
model.set_weights([0.3 * random.normal(size=w.shape) for w in model.get_weights()])
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse", metrics=["mae"])
x = random.normal(size=(64, 6)).astype("float32")
history = model.fit(x, x.sum(axis=1, keepdims=True), epochs=3, batch_size=16, shuffle=False, verbose=0)

path = os.path.join(tempfile.mkdtemp(), "own.keras")
model.save(path)
again = keras.models.load_model(path)
np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)

results = {"loss": history.history["loss"], "mae": history.history["mae"], "units": again.layers[1].units}
