"""Every layer comes back from a file: the same bits, and the same file again."""

import numpy as np
import pytest

import lamina
from lamina import layers as L
from lamina import ops

IMAGES, SEQUENCES, NUMBERS, VOLUMES = (2, 8, 8, 3), (2, 6, 4), (2, 6), (2, 4, 4, 4, 2)
LAYERS = {
    IMAGES: {
        "Conv2D": lambda: L.Conv2D(4, 3, activation="relu", kernel_regularizer="l2"),
        "Conv2DTranspose": lambda: L.Conv2DTranspose(4, 3, strides=2),
        "DepthwiseConv2D": lambda: L.DepthwiseConv2D(3),
        "SeparableConv2D": lambda: L.SeparableConv2D(4, 3),
        "BatchNormalization": lambda: L.BatchNormalization(),
        "GroupNormalization": lambda: L.GroupNormalization(3),
        "LayerNormalization": lambda: L.LayerNormalization(),
        "RMSNormalization": lambda: L.RMSNormalization(),
        "UnitNormalization": lambda: L.UnitNormalization(),
        "SpectralNormalization": lambda: L.SpectralNormalization(L.Conv2D(4, 3)),
        "Normalization": lambda: L.Normalization(mean=0.5, variance=2.0),
        "Rescaling": lambda: L.Rescaling(1 / 255, offset=0.1),
        "MaxPooling2D": lambda: L.MaxPooling2D(),
        "AveragePooling2D": lambda: L.AveragePooling2D(),
        "AdaptiveAveragePooling2D": lambda: L.AdaptiveAveragePooling2D(2),
        "GlobalAveragePooling2D": lambda: L.GlobalAveragePooling2D(),
        "UpSampling2D": lambda: L.UpSampling2D(),
        "ZeroPadding2D": lambda: L.ZeroPadding2D(),
        "Cropping2D": lambda: L.Cropping2D(1),
        "SpatialDropout2D": lambda: L.SpatialDropout2D(0.3),
        "GaussianNoise": lambda: L.GaussianNoise(0.1),
        "PReLU": lambda: L.PReLU(),
        "LeakyReLU": lambda: L.LeakyReLU(),
        "ReLU": lambda: L.ReLU(max_value=6),
        "ELU": lambda: L.ELU(),
        "Softmax": lambda: L.Softmax(),
        "Activation": lambda: L.Activation("gelu"),
        "Permute": lambda: L.Permute((3, 1, 2)),
        "Reshape": lambda: L.Reshape((64, 3)),
        "Flatten": lambda: L.Flatten(),
        "EinsumDense": lambda: L.EinsumDense("abcd,de->abce", output_shape=(None, None, 5), bias_axes="e"),
    },
    SEQUENCES: {
        "LSTM": lambda: L.LSTM(5, return_sequences=True),
        "GRU": lambda: L.GRU(5),
        "SimpleRNN": lambda: L.SimpleRNN(3),
        "Bidirectional": lambda: L.Bidirectional(L.LSTM(3)),
        "TimeDistributed": lambda: L.TimeDistributed(L.Dense(3, "tanh")),
        "RNN": lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2)]),
        "Masking": lambda: L.Masking(),
        "Conv1D": lambda: L.Conv1D(3, 2, padding="causal"),
        "GlobalMaxPooling1D": lambda: L.GlobalMaxPooling1D(),
        "Sequential": lambda: lamina.Sequential([lamina.Input((6, 4)), L.Dense(4), L.Dropout(0.2)]),
        "Dense": lambda: L.Dense(
            3, kernel_initializer=lamina.initializers.HeNormal(seed=1), kernel_constraint="non_neg"
        ),
    },
    VOLUMES: {"Conv3D": lambda: L.Conv3D(2, 2)},
}
CASES = [(shape, name) for shape, made in LAYERS.items() for name in made]


def check(model, x, folder, own=None):
    """Saved, loaded and saved again."""
    before = model.predict(x, verbose=0)
    model.save(folder / "a.lamina")
    loaded = lamina.load_model(folder / "a.lamina", own)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), before)
    loaded.save(folder / "b.lamina")
    assert (folder / "a.lamina").read_bytes() == (folder / "b.lamina").read_bytes()
    return loaded


@pytest.mark.parametrize(("shape", "name"), CASES)
def test_every_layer_comes_back(tmp_path, rng, shape, name):
    model = lamina.Sequential([lamina.Input(shape[1:]), LAYERS[shape][name]()])
    loaded = check(model, rng.normal(size=shape).astype("float32"), tmp_path)
    assert type(loaded.layers[0]).__name__ == name


def test_embedding_with_a_mask(tmp_path, rng):
    model = lamina.Sequential([lamina.Input(NUMBERS[1:], dtype="int32"), L.Embedding(9, 4, mask_zero=True), L.LSTM(3)])
    check(model, rng.integers(0, 9, NUMBERS).astype("int32"), tmp_path)


def attention():
    x = lamina.Input(SEQUENCES[1:])
    return lamina.Model(x, L.MultiHeadAttention(2, 3)(x, x))


def functions():
    x = lamina.Input(SEQUENCES[1:])
    y = ops.relu(x * 2.0 + 1.0)
    return lamina.Model(x, ops.concatenate([ops.mean(y, axis=1), x[:, 0]], axis=-1))


def shared():
    inner = lamina.Sequential([lamina.Input(SEQUENCES[1:]), L.Dense(4)], name="inner")
    x = lamina.Input(SEQUENCES[1:])
    return lamina.Model(x, L.Add()([inner(x), inner(inner(x))]))


def late():
    return lamina.Sequential([L.Dense(4), L.Dense(2)])


class Own(lamina.Model):
    """A subclass with an argument of its own."""

    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units = units
        self.first, self.second = L.Dense(units), L.Dense(2)

    def call(self, x):
        return self.second(self.first(x))


@pytest.mark.parametrize("make", [attention, functions, shared, late, lambda: Own(5)])
def test_every_kind_of_model_comes_back(tmp_path, rng, make):
    check(make(), rng.normal(size=SEQUENCES).astype("float32"), tmp_path, {"Own": Own})


def test_schedules_losses_and_metrics_come_back(tmp_path, rng):
    model = lamina.Sequential([lamina.Input((4,)), L.Dense(3)])
    schedule = lamina.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    metrics = [lamina.metrics.MeanAbsoluteError(name="mae"), "mse"]
    model.compile(lamina.optimizers.SGD(schedule), loss=lamina.losses.Huber(2.0), metrics=metrics)
    x, y = rng.normal(size=(8, 4)).astype("float32"), rng.normal(size=(8, 3)).astype("float32")
    model.fit(x, y, epochs=3, verbose=0)
    loaded = check(model, x, tmp_path)
    assert loaded.evaluate(x, y, verbose=0, return_dict=True) == model.evaluate(x, y, verbose=0, return_dict=True)
    assert float(loaded.optimizer.learning_rate) == float(model.optimizer.learning_rate)
