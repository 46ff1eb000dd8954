"""Is a film review friendly? LSTMs over 20,000 words and the last 200 tokens, padding masked; and a small transformer.

    LAMINA_DATA=DIR python -m bench.experiments.imdb lstm            Embedding 128 - LSTM 128
    LAMINA_DATA=DIR python -m bench.experiments.imdb bidirectional   Embedding 128 - two bidirectional LSTMs of 64
    LAMINA_DATA=DIR python -m bench.experiments.imdb transformer     one encoder block of 4 heads, mean over the words
    ... --epochs 4 --peer                                            ... and PyTorch's time for the same network

DIR/imdb/imdb_tokens20k.npz holds, for ``train`` and ``test``, ``_tokens`` (ranks by frequency, 0 for rarer words),
``_offsets`` and ``_labels``. PyTorch's LSTM is timed twice: on packed sequences (the same answer as with our mask) and
on padded ones.
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

import lamina
from lamina import layers, ops

WORDS, LENGTH, BATCH = 20_000, 200, 32


def load() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(x, y) to train and to test; x is int32 [reviews, 200], padded on the left with 0; 1 starts one, 2 is rare."""
    with np.load(Path(os.environ["LAMINA_DATA"]) / "imdb" / "imdb_tokens20k.npz") as npz:
        file = dict(npz)
    parts = []
    for part in ("train", "test"):
        offsets, tokens = file[f"{part}_offsets"], file[f"{part}_tokens"].astype(np.int32)
        words = np.where((tokens == 0) | (tokens + 3 >= WORDS), 2, tokens + 3)
        reviews = [np.append(1, words[a:b]) for a, b in pairwise(offsets)]
        labels = file[f"{part}_labels"].astype("float32")[:, None]
        parts.append((lamina.utils.pad_sequences(reviews, maxlen=LENGTH), labels))
    return parts[0], parts[1]


def lstm():
    return lamina.Sequential(
        [
            layers.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, 128, mask_zero=True),
            layers.LSTM(128),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def bidirectional():
    return lamina.Sequential(
        [
            layers.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, 128, mask_zero=True),
            layers.Dropout(0.5),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(64)),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def transformer():
    tokens = layers.Input((LENGTH,), dtype="int32")
    words = layers.Embedding(WORDS, 64, mask_zero=True)
    x = layers.Add()([words(tokens), layers.Embedding(LENGTH, 64)(ops.cumsum(ops.ones_like(tokens), axis=1) - 1)])
    y = layers.MultiHeadAttention(4, 16)(x, x)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y]))
    y = layers.Dense(64)(layers.Dense(128, activation="relu")(x))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y]))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling1D()(x))
    return lamina.Model(tokens, layers.Dense(1, activation="sigmoid")(x))


NETWORKS = {"lstm": lstm, "bidirectional": bidirectional, "transformer": transformer}


def torch_network(name: str, packed: bool):
    """The same network as a function of (words, lengths); its parameters."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 64 if name == "transformer" else 128, padding_idx=0)
            if name == "transformer":
                self.places = nn.Embedding(LENGTH, 64)
                self.block = nn.TransformerEncoderLayer(64, 4, 128, 0.0, batch_first=True)
            elif name == "lstm":
                self.lstm = nn.LSTM(128, 128, batch_first=True)
            else:
                self.lstm = nn.LSTM(128, 64, num_layers=2, bidirectional=True, batch_first=True)
            self.drop = nn.Dropout({"lstm": 0.0, "bidirectional": 0.5, "transformer": 0.3}[name])
            self.words_drop = nn.Dropout(0.5 if name == "bidirectional" else 0.0)
            self.dense = nn.Linear(64 if name == "transformer" else 128, 1)

        def forward(self, words, lengths):
            x = self.words_drop(self.embedding(words))
            if name == "transformer":
                valid = torch.arange(LENGTH)[None, :] < lengths[:, None]
                x = self.block(x + self.places.weight, src_key_padding_mask=~valid) * valid[..., None]
                return self.dense(self.drop(x.sum(1) / lengths[:, None]))
            if packed:
                x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            _, (h, _) = self.lstm(x)
            return self.dense(self.drop(h[-1] if name == "lstm" else torch.cat([h[-2], h[-1]], 1)))

    return Network()


def torch_epoch(name: str, x: np.ndarray, y: np.ndarray, packed: bool, steps: int = 120) -> float:
    """Seconds that PyTorch would take for an epoch, from some of its steps. Padding is on the right for it."""
    import torch

    network = torch_network(name, packed)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    lengths = torch.from_numpy((x != 0).sum(1))
    right = torch.from_numpy(np.stack([np.roll(row, -(row == 0).sum()) for row in x]).astype("int64"))
    target, order = torch.from_numpy(y), torch.randperm(len(x))

    def step(i: int) -> None:
        rows = order[i * BATCH : (i + 1) * BATCH]
        optimizer.zero_grad(set_to_none=True)
        logits = network(right[rows], lengths[rows])
        torch.nn.functional.binary_cross_entropy_with_logits(logits, target[rows]).backward()
        optimizer.step()

    for i in range(10):
        step(i)
    start = time.perf_counter()
    for i in range(10, 10 + steps):
        step(i)
    return (time.perf_counter() - start) / steps * -(-len(x) // BATCH)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.experiments.imdb", description=__doc__)
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--peer", action="store_true", help="time PyTorch as well")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    (x, y), test = load()
    lamina.utils.set_random_seed(given.seed)
    model = NETWORKS[given.name]()
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    for epoch in range(given.epochs):
        start = time.perf_counter()
        loss = model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0).history["loss"][0]
        seconds = time.perf_counter() - start
        accuracy = model.evaluate(*test, verbose=0)[1]
        print(f"epoch {epoch + 1}  {seconds:5.1f} s  loss {loss:.4f}  test accuracy {accuracy:.4f}", flush=True)
        if given.peer and epoch == 1:
            forms = {"packed": True, "padded": False} if given.name != "transformer" else {"masked": False}
            for form, packed in forms.items():
                peer = torch_epoch(given.name, x, y, packed)
                print(f"         PyTorch, {form}: {peer:5.1f} s; ours takes {seconds / peer:.2f} of it", flush=True)


if __name__ == "__main__":
    main()
