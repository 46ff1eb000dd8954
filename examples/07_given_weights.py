"""The 784-50-100-10 network with given weights, on one picture and in batches of 100: the same answers."""

import numpy as np

import lamina
from lamina import Input, Sequential, layers

lamina.random.set_seed(0)
SHAPES = [(784, 50), (50,), (50, 100), (100,), (100, 10), (10,)]
given = [lamina.random.normal(shape) * 0.1 for shape in SHAPES]

network = Sequential([
    Input((784,)),
    layers.Dense(50, activation="sigmoid"),
    layers.Dense(100, activation="sigmoid"),
    layers.Dense(10, activation="softmax"),
])  # fmt: skip
network.set_weights(given)

pictures = lamina.random.uniform((1000, 784))
alone = network(pictures[:1])
print("one picture:", pictures[:1].shape, "->", alone.shape, "sum", round(float(alone.sum()), 5))

answers = []
for i in range(0, len(pictures), 100):
    batch = network(pictures[i : i + 100])
    answers.append(batch.argmax(axis=1))
print("in batches: ", pictures[:100].shape, "->", batch.shape, f"x {len(answers)}")

one_by_one = [int(network(pictures[i : i + 1]).argmax()) for i in range(20)]
print("the same answers:", one_by_one == np.concatenate(answers)[:20].tolist())
print("parameters:", network.count_params(), "= 784*50+50 + 50*100+100 + 100*10+10")
