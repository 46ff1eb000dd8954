"""Pictures pressed into a few numbers and drawn again; encoder and decoder are models in a model."""

import keras
import numpy as np
from keras import layers

random = np.random.default_rng(10)
pictures = np.zeros((64, 8, 8, 1), "float32")
for picture in pictures:
    row, column = random.integers(0, 5, 2)
    picture[row : row + 3, column : column + 3] = 1

image = keras.Input(shape=(8, 8, 1), name="image")
hidden = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image)
hidden = layers.Flatten()(hidden)
encoder = keras.Model(image, layers.Dense(6, name="code")(hidden), name="encoder")

code = keras.Input(shape=(6,))
hidden = layers.Dense(4 * 4 * 4, activation="relu")(code)
hidden = layers.Reshape((4, 4, 4))(hidden)
hidden = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(hidden)
decoder = keras.Model(code, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(hidden), name="decoder")

autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")
autoencoder.set_weights([0.2 * random.normal(size=w.shape) for w in autoencoder.get_weights()])
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
history = autoencoder.fit(pictures, pictures, epochs=3, batch_size=16, shuffle=False, verbose=0)
codes = encoder.predict(pictures[:2], verbose=0)

results = {
    "loss": history.history["loss"],
    "codes": codes,
    "drawn": decoder.predict(codes, verbose=0)[0, :2, :, 0],
    "parameters": autoencoder.count_params(),
}
