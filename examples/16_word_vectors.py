"""Vectors of words that others trained, kept as they are or trained on: the file is written here, in GloVe's form."""

import numpy as np

import lamina
from lamina import Input, layers
from lamina.data import word_vectors

lamina.random.set_seed(1)
rng = np.random.default_rng(1)
ANIMALS = ["cat", "dog", "horse", "cow", "mouse", "bird", "fish", "lion", "bear", "wolf"]
TOOLS = ["saw", "hammer", "drill", "pliers", "chisel", "file", "rasp", "plane", "clamp", "vice"]

with open("tiny_glove.txt", "w") as file:  # words of one kind lie near each other, as in the large files
    for names, centre in ((ANIMALS, (1, 0, 0.5)), (TOOLS, (-0.5, 1, 0))):
        for name in names[:9]:
            file.write(name + "".join(f" {v:.4f}" for v in np.add(centre, 0.2 * rng.normal(size=3))) + "\n")

words = layers.StringLookup(vocabulary=[*ANIMALS, *TOOLS])
vectors = word_vectors.read("tiny_glove.txt", words.get_vocabulary())
print(vectors)

seen, labels = ANIMALS[:3] + TOOLS[:3], np.array([0, 0, 0, 1, 1, 1])
unseen, answers = ANIMALS[3:9] + TOOLS[3:9], np.array([0] * 6 + [1] * 6)
for trainable in (False, True):
    table = layers.Embedding(*vectors.matrix.shape, weights=[vectors.matrix], trainable=trainable)
    text = Input((), dtype="string")
    model = lamina.Model(text, layers.Dense(2, activation="softmax")(table(words(text))))
    model.compile(lamina.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(seen, labels, epochs=60, verbose=0)
    right = model.evaluate(unseen, answers, verbose=0)[1]
    moved = np.abs(table.get_weights()[0] - vectors.matrix).max() > 0
    print(f"{'tuned' if moved else 'kept'}: right on {right:.0%} of words that it was not trained on")
