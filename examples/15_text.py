"""A model that reads text: its vocabulary is found in the data, and is part of the saved file."""

import numpy as np

import lamina
from lamina import Input, Sequential, layers

lamina.random.set_seed(0)
rng = np.random.default_rng(0)
GOOD, BAD = ["fine", "lovely", "clever", "warm"], ["dull", "awful", "silly", "cold"]
REST = ["the film", "its music", "the cast", "every scene", "its end"]


def review(good: bool) -> str:
    """A few words of praise, or of blame; "not" turns a word around."""
    parts = []
    for thing in rng.choice(REST, 3, replace=False):
        turned = rng.random() < 0.3
        word = rng.choice(GOOD if good != turned else BAD)
        parts.append(f"{thing} was {'not ' if turned else ''}{word}")
    return ", ".join(parts).capitalize() + "."


labels = np.arange(1200) % 2
texts = [review(bool(good)) for good in labels]
train, test = slice(0, 1000), slice(1000, None)
print(texts[0])
print(texts[1])

words = layers.TextVectorization(output_sequence_length=18, name="words")
words.adapt(texts[train])
print(words.vocabulary_size(), "words:", " ".join(words.get_vocabulary()[2:8]), "...")

model = Sequential(
    [
        Input((), dtype="string"),
        words,
        layers.Embedding(words.vocabulary_size(), 16, mask_zero=True),
        layers.Bidirectional(layers.LSTM(16)),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(lamina.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
model.fit(texts[train], labels[train], epochs=12, verbose=0)
print("right on", f"{model.evaluate(texts[test], labels[test], verbose=0)[1]:.0%}", "of reviews it has never seen")

model.save("reviews.lamina")
again = lamina.load_model("reviews.lamina")
assert (again.predict(texts, verbose=0) == model.predict(texts, verbose=0)).all()
for text in ("The film was not dull, the cast was lovely.", "The film was not lovely, the cast was dull."):
    print(f"{text} -> {'good' if again.predict([text], verbose=0)[0, 0] > 0.5 else 'bad'}")
