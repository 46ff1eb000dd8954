"""Strings of three to five spoken digits, read by a bidirectional LSTM with CTC: which digits, and no word of where.

    LAMINA_DATA=DIR python -m bench.experiments.spoken_digits                    unseen recordings of known speakers
    LAMINA_DATA=DIR python -m bench.experiments.spoken_digits --without theo     a speaker who was never heard

DIR/fsdd/fsdd.npz holds the Free Spoken Digit Dataset: ``audio`` (8 kHz, int16) cut at ``offsets``, ``digit``,
``speaker`` (a number in ``speakers``), ``index``; recordings 0 to 4 of each speaker and digit are its test set.
Printed: the digit error rate, edits (insertions, deletions, substitutions) over digits, of greedy decoding.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

import lamina
from lamina import layers

WINDOW, HOP, BANDS = 256, 128, 40  # 32 and 16 ms
STRINGS, TESTS, BATCH = 4000, 400, 32
BLANK = 10


def spectrogram(signal: np.ndarray) -> np.ndarray:
    """log energies [frames, 40] in bands of equal width on the mel scale, from 100 to 4000 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2
    mels = np.linspace(1127 * np.log(1 + 100 / 700), 1127 * np.log(1 + 4000 / 700), BANDS + 2)
    edges = 700 * (np.exp(mels / 1127) - 1) / 4000 * (WINDOW // 2)
    bins = np.arange(WINDOW // 2 + 1)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.log(power @ np.maximum(0, np.minimum(rise, fall)).T + 1e-6)


def strings(recordings: list[tuple[np.ndarray, int]], count: int, seed: int):
    """Recordings joined at random, near silence of up to 0.2 s between: frames [count, time, 40], digits [count, 5]."""
    rng = np.random.default_rng(seed)
    frames, labels = [], np.full((count, 5), -1, "int32")
    for k in range(count):
        chosen = rng.integers(0, len(recordings), rng.integers(3, 6))
        pieces = []
        for i in chosen:
            pieces += [recordings[i][0], 1e-4 * rng.standard_normal(rng.integers(80, 1600))]
        labels[k, : len(chosen)] = [recordings[i][1] for i in chosen]
        frames.append(spectrogram(np.concatenate(pieces)))
    x = np.zeros((count, max(map(len, frames)), BANDS), "float32")
    for k, f in enumerate(frames):
        x[k, : len(f)] = (f - f.mean()) / f.std()
    return x, labels


def load(without: str | None):
    """Recordings to learn from, recordings to be tested on; each (signal in -1..1, digit)."""
    with np.load(Path(os.environ["LAMINA_DATA"]) / "fsdd" / "fsdd.npz") as npz:
        file = dict(npz)
    learn, test = [], []
    for k, (start, end) in enumerate(zip(file["offsets"][:-1], file["offsets"][1:], strict=True)):
        one = file["audio"][start:end] / 32768.0, int(file["digit"][k])
        speaker = str(file["speakers"][file["speaker"][k]])
        if without is not None and speaker == without:
            test.append(one)
        elif file["index"][k] >= 5:
            learn.append(one)
        elif without is None:
            test.append(one)
    return learn, test


def network(length: int):
    return lamina.Sequential(
        [
            layers.Input((length, BANDS)),
            layers.Masking(),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.Dropout(0.3),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.Dropout(0.3),
            layers.Dense(BLANK + 1),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.experiments.spoken_digits", description=__doc__)
    parser.add_argument("--without", help="a speaker to be kept for the test")
    parser.add_argument("--epochs", type=int, default=8)
    given = parser.parse_args()
    start = time.perf_counter()
    learn, test = load(given.without)
    x, y = strings(learn, STRINGS, seed=1)
    x_test, y_test = strings(test, TESTS, seed=2)
    length = max(x.shape[1], x_test.shape[1])
    x, x_test = (np.pad(a, ((0, 0), (0, length - a.shape[1]), (0, 0))) for a in (x, x_test))
    passed = time.perf_counter() - start
    print(f"{len(learn)} recordings in {STRINGS} strings of up to {length} frames, {passed:.0f} s", flush=True)
    lamina.utils.set_random_seed(0)
    model = network(length)
    optimizer = lamina.optimizers.Adam(2e-3, clipnorm=1.0)
    error_rate = lamina.metrics.LabelErrorRate(blank=BLANK)
    model.compile(optimizer, loss=lamina.losses.CTC(blank=BLANK), metrics=[error_rate])
    for epoch in range(given.epochs):
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        loss, rate = model.evaluate(x_test, y_test, verbose=0)
        passed = time.perf_counter() - start
        print(f"epoch {epoch + 1}  {passed:4.0f} s  test loss {loss:.3f}  digit error rate {rate:.3f}", flush=True)


if __name__ == "__main__":
    main()
