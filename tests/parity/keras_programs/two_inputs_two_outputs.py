"""A functional model of two inputs and two outputs: tickets get a priority and a department."""

import keras
import numpy as np
from keras import layers

random = np.random.default_rng(3)
words, tags = 60, 5
title = keras.Input(shape=(None,), name="title", dtype="int32")
marks = keras.Input(shape=(tags,), name="marks")
embedded = layers.Embedding(words, 8)(title)
features = layers.LSTM(6)(embedded)
both = layers.concatenate([features, marks])
priority = layers.Dense(1, name="priority")(both)
department = layers.Dense(4, name="department")(layers.Dense(7, activation="silu")(both))
model = keras.Model(inputs=[title, marks], outputs={"priority": priority, "department": department})
model.set_weights([0.3 * random.normal(size=w.shape) for w in model.get_weights()])

model.compile(
    optimizer=keras.optimizers.RMSprop(1e-2),
    loss={
        "priority": keras.losses.BinaryCrossentropy(from_logits=True),
        "department": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.2},
    metrics={"department": ["accuracy"]},
)
title_data = random.integers(0, words, size=(64, 10))
marks_data = random.integers(0, 2, size=(64, tags)).astype("float32")
priority_targets = (marks_data[:, :1] + marks_data[:, 1:2] > 1).astype("float32")
department_targets = random.integers(0, 4, size=(64, 1))
history = model.fit(
    {"title": title_data, "marks": marks_data},
    {"priority": priority_targets, "department": department_targets},
    epochs=3,
    batch_size=16,
    shuffle=False,
    verbose=0,
)
out = model.predict({"title": title_data[:3], "marks": marks_data[:3]}, verbose=0)

results = {
    "loss": history.history["loss"],
    "accuracy": history.history["department_accuracy"],
    "priority": out["priority"],
    "department": out["department"],
}
