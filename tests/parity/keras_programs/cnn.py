"""Small pictures of bars, upright or lying, classified by a convolutional network."""

import keras
import numpy as np
from keras import layers

num_classes, input_shape = 2, (12, 12, 1)
random = np.random.default_rng(2)
pictures = (50 * random.random((96, 12, 12))).astype("uint8")
labels = random.integers(0, num_classes, 96)
for picture, label in zip(pictures, labels):
    place = random.integers(1, 11)
    if label:
        picture[place, 2:10] = 255
    else:
        picture[2:10, place] = 255

x_train = np.expand_dims(pictures.astype("float32") / 255, -1)
y_train = keras.utils.to_categorical(labels, num_classes)

model = keras.Sequential(
    [
        keras.Input(shape=input_shape),
        layers.Conv2D(8, kernel_size=(3, 3), activation="relu", padding="same"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.SeparableConv2D(8, 3, use_bias=False),
        layers.Activation("relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.0),
        layers.Dense(num_classes, activation="softmax"),
    ]
)
weights = [0.3 * random.normal(size=w.shape) for w in model.get_weights()]
model.set_weights([np.abs(w) if w.shape == (8,) else w for w in weights])
model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=16, epochs=3, shuffle=False, verbose=0)

results = {"loss": history.history["loss"], "score": model.evaluate(x_train, y_train, verbose=0)}
