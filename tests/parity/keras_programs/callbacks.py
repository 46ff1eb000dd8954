"""Training that stops by itself, keeps the best model, changes its learning rate and writes a log."""

import os
import tempfile

import keras
import numpy as np

random = np.random.default_rng(8)
x = random.normal(size=(80, 4)).astype("float32")
y = (x @ np.array([[1.0], [-2.0], [0.5], [0.0]]) + 0.1 * random.normal(size=(80, 1))).astype("float32")

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
model.set_weights([0.3 * random.normal(size=w.shape) for w in model.get_weights()])
model.compile(
    keras.optimizers.SGD(0.3), loss=keras.losses.MeanSquaredError(), metrics=[keras.metrics.MeanAbsoluteError()]
)


def schedule(epoch, rate):
    return rate if epoch < 3 else rate * 0.5


class Remember(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.rates = []

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


folder = tempfile.mkdtemp()
best, log = os.path.join(folder, "best.keras"), os.path.join(folder, "log.csv")
remember = Remember()
history = model.fit(
    x,
    y,
    epochs=30,
    batch_size=20,
    validation_split=0.25,
    shuffle=False,
    verbose=0,
    callbacks=[
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, min_delta=1e-4, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
        keras.callbacks.LearningRateScheduler(schedule),
        keras.callbacks.CSVLogger(log),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        remember,
    ],
)
kept = keras.saving.load_model(best)

results = {
    "epochs": len(history.history["loss"]),
    "val_loss": history.history["val_loss"],
    "rates": remember.rates,
    "kept": kept.evaluate(x, y, verbose=0),
    "lines": len(np.genfromtxt(log, delimiter=",", names=True)),
}
