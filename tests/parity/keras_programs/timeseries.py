"""The next value of a series from a window of the values before, by a convolution and a recurrent layer."""

import keras
import numpy as np
from keras import layers

random = np.random.default_rng(9)
series = np.sin(np.arange(240) / 8) + 0.1 * random.normal(size=240)
mean, std = series[:160].mean(), series[:160].std()
series = ((series - mean) / std).astype("float32")
window = 16
x = np.stack([series[i : i + window] for i in range(len(series) - window)])[..., np.newaxis]
y = series[window:]

model = keras.models.Sequential()
model.add(keras.Input((window, 1)))
model.add(layers.Conv1D(6, 4, padding="causal", activation="relu"))
model.add(layers.GRU(8, return_sequences=True))
model.add(layers.GRU(8))
model.add(layers.Dense(1))
model.set_weights([0.3 * random.normal(size=w.shape) for w in model.get_weights()])
rate = keras.optimizers.schedules.ExponentialDecay(1e-2, decay_steps=5, decay_rate=0.9)
model.compile(loss=keras.losses.Huber(), optimizer=keras.optimizers.Adam(rate, clipnorm=1.0), metrics=["mae"])
history = model.fit(
    x[:160], y[:160], epochs=3, batch_size=32, validation_data=(x[160:], y[160:]), shuffle=False, verbose=0
)
forecast = model.predict(x[-3:], verbose=0)

results = {"loss": history.history["loss"], "val_mae": history.history["val_mae"], "forecast": forecast}
