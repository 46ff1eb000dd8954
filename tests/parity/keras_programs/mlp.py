"""Three classes of points, told apart by a multilayer perceptron."""

import keras
import numpy as np
from keras import layers

random = np.random.default_rng(1)
x = random.normal(size=(300, 8)).astype("float32")
y = np.argmax(x[:, :3] + 0.3 * x[:, 3:6] ** 2, axis=1)
x_train, y_train, x_test, y_test = x[:240], y[:240], x[240:], y[240:]

model = keras.Sequential(
    [
        keras.Input(shape=(8,)),
        layers.Dense(32, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
        layers.Dense(16, activation="gelu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.set_weights([0.3 * random.normal(size=w.shape) for w in model.get_weights()])
model.summary(print_fn=lambda line, **more: None)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
history = model.fit(x_train, y_train, batch_size=32, epochs=4, validation_split=0.1, shuffle=False, verbose=0)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
probabilities = model.predict(x_test, verbose=0)
predicted = np.argmax(probabilities, axis=-1)

results = {
    "loss": history.history["loss"],
    "val_acc": history.history["val_acc"],
    "test": [loss, accuracy],
    "right": float(np.mean(predicted == y_test)),
    "first": probabilities[0],
}
