"""Sequences of words of many lengths, padded and masked, read in both directions."""

import keras
import numpy as np
from keras import layers

max_features, maxlen = 50, 12
random = np.random.default_rng(6)
texts = [random.integers(1, max_features, size=random.integers(3, 20)).tolist() for _ in range(96)]
labels = np.array([text[0] % 2 for text in texts])
x = keras.utils.pad_sequences(texts, maxlen=maxlen)

inputs = keras.Input(shape=(None,), dtype="int32")
embedded = layers.Embedding(max_features, 8, mask_zero=True)(inputs)
sequences = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(embedded)
summary = layers.Bidirectional(layers.LSTM(5))(sequences)
outputs = layers.Dense(1, activation="sigmoid")(summary)
model = keras.Model(inputs, outputs)
model.set_weights([0.3 * random.normal(size=w.shape) for w in model.get_weights()])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, labels, batch_size=32, epochs=3, validation_data=(x[:32], labels[:32]), shuffle=False, verbose=0)

results = {
    "loss": history.history["loss"],
    "val_loss": history.history["val_loss"],
    "prediction": model.predict(x[:5], verbose=0),
}
