"""A model written to a file and read again, weights alone, a configuration, a copy."""

import os
import tempfile

import keras
import numpy as np
from keras import layers

random = np.random.default_rng(11)
x = random.normal(size=(40, 3)).astype("float32")
y = random.integers(0, 2, (40, 1))


def get_model():
    inputs = keras.Input(shape=(3,))
    hidden = layers.Dense(5, activation="elu", name="hidden")(inputs)
    outputs = layers.Dense(1, activation="sigmoid", name="out")(hidden)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    return model


model = get_model()
model.set_weights([0.5 * random.normal(size=w.shape) for w in model.get_weights()])
first = model.fit(x, y, epochs=2, batch_size=10, shuffle=False, verbose=0).history["loss"]

folder = tempfile.mkdtemp()
model.save(os.path.join(folder, "model.keras"))
again = keras.models.load_model(os.path.join(folder, "model.keras"))
np.testing.assert_allclose(model.predict(x, verbose=0), again.predict(x, verbose=0), rtol=1e-6)
second = again.fit(x, y, epochs=2, batch_size=10, shuffle=False, verbose=0).history["loss"]

other = get_model()
other.set_weights(model.get_weights())
copy = keras.models.clone_model(model)
copy.set_weights(model.get_weights())
config = keras.Model.from_config(model.get_config())
middle = keras.Model(model.input, model.get_layer("hidden").output)

results = {
    "first": first,
    "second": second,
    "other": other.predict(x[:3], verbose=0),
    "copy": copy.predict(x[:3], verbose=0),
    "names": float(len([layer.name for layer in config.layers])),
    "middle": middle.predict(x[:2], verbose=0),
}
