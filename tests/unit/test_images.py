"""Layers that change images at random: laws of their draws, in data pipelines and inside of a model."""

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, ShapeError
from lamina.trace import trace
from lamina.types import type_of

PICTURES = np.random.default_rng(0).uniform(0, 255, (12, 6, 8, 3)).astype("float32")
RANDOM = [
    (layers.RandomFlip, {}),
    (layers.RandomFlip, {"mode": "horizontal"}),
    (layers.RandomRotation, {"factor": 0.2}),
    (layers.RandomTranslation, {"height_factor": 0.3, "width_factor": 0.3, "fill_mode": "wrap"}),
    (layers.RandomZoom, {"height_factor": 0.3, "fill_mode": "constant"}),
    (layers.RandomCrop, {"height": 4, "width": 5}),
    (layers.RandomContrast, {"factor": 0.5}),
    (layers.RandomBrightness, {"factor": 0.5}),
]
EACH = pytest.mark.parametrize(("kind", "config"), RANDOM, ids=[k.__name__ + str(i) for i, (k, _) in enumerate(RANDOM)])


def in_training(layer, x, seed=3, **options):
    made = trace(lambda x: layer(x), [type_of(x)], training=True, generator=lamina.random.Generator(seed))
    return made(x, **options)


@EACH
def test_inference_changes_nothing(kind, config):
    y = kind(**config)(PICTURES, training=False)
    wanted = PICTURES if kind is not layers.RandomCrop else PICTURES[:, 1:5, 1:6]
    np.testing.assert_array_equal(y, wanted)


@EACH
def test_on_plain_arrays_a_layer_works_at_once(kind, config):
    y = kind(**config)(PICTURES)
    assert y.shape == kind(**config)(PICTURES, training=False).shape
    assert (y != kind(**config)(PICTURES, training=False)).any()


@EACH
def test_the_same_seed_gives_the_same_bits_call_by_call(kind, config):
    one, two, other = kind(**config, seed=5), kind(**config, seed=5), kind(**config, seed=6)
    first, second = one(PICTURES), one(PICTURES)
    np.testing.assert_array_equal(first, two(PICTURES))
    np.testing.assert_array_equal(second, two(PICTURES))
    assert (first != second).any()
    assert (first != other(PICTURES)).any()


@EACH
def test_each_image_has_its_own_draw(kind, config):
    alike = np.repeat(PICTURES[:1], 40, axis=0)
    y = in_training(kind(**config), alike)
    different = len(np.unique(y.reshape(40, -1), axis=0))
    assert different == {"RandomFlip": 4 if not config else 2, "RandomCrop": different}.get(kind.__name__, 40)
    assert different > 1


@EACH
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_where_the_channels_stand_changes_nothing(kind, config, first):
    config = {**config, "seed": 3}
    y = in_training(kind(**config), PICTURES)
    turned = in_training(kind(**config, data_format="channels_first"), PICTURES.transpose(0, 3, 1, 2).copy())
    np.testing.assert_allclose(turned.transpose(0, 2, 3, 1), y, rtol=1e-5)


@EACH
def test_one_image_is_a_batch_of_one(kind, config):
    layer = kind(**config, seed=3)
    np.testing.assert_allclose(in_training(layer, PICTURES[0]), in_training(layer, PICTURES[:1])[0], rtol=1e-6)


@EACH
@pytest.mark.parametrize("backend", ["native", "xla"])
def test_backends_agree(kind, config, backend):
    layer = kind(**config, seed=3)
    found, wanted = in_training(layer, PICTURES, backend=backend), in_training(layer, PICTURES, backend="reference")
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=0.05)


@EACH
def test_threads_change_no_bit(kind, config):
    x = np.random.default_rng(1).uniform(0, 255, (16, 32, 32, 3)).astype("float32")
    found = []
    before = lamina.get_num_threads()
    for threads in (1, 2, 5):
        lamina.set_num_threads(threads)
        found.append(in_training(kind(**config), x))
    lamina.set_num_threads(before)
    for y in found[1:]:
        np.testing.assert_array_equal(y, found[0])


@EACH
def test_configuration_and_copy(kind, config):
    layer = kind(**config, seed=3)
    again = layers.deserialize(layers.serialize(layer))
    np.testing.assert_array_equal(in_training(again, PICTURES), in_training(layer, PICTURES))
    assert again.get_config() == layer.get_config()


def test_half_of_the_images_are_mirrored():
    x = np.tile(np.arange(4, dtype="float32")[None, None, :, None], (2000, 1, 1, 1))
    turned = (in_training(layers.RandomFlip("horizontal"), x)[:, 0, 0, 0] == 3).mean()
    assert abs(turned - 0.5) < 0.04
    x = np.tile(np.arange(4, dtype="float32").reshape(1, 2, 2, 1), (2000, 1, 1, 1))
    corners = in_training(layers.RandomFlip(), x)[:, 0, 0, 0]
    for corner in range(4):
        assert abs((corners == corner).mean() - 0.25) < 0.04


def test_every_part_is_cut_out_equally_often():
    x = np.tile(np.arange(30, dtype="float32").reshape(1, 5, 6, 1), (4000, 1, 1, 1))
    starts = in_training(layers.RandomCrop(3, 4), x)[:, 0, 0, 0]
    wanted = {6 * i + j for i in range(3) for j in range(3)}
    assert set(starts) == wanted
    for start in wanted:
        assert abs((starts == start).mean() - 1 / 9) < 0.02


def test_draws_are_spread_evenly():
    x = np.full((4000, 1, 1, 1), 100.0, "float32")
    added = in_training(layers.RandomBrightness((-0.1, 0.2), value_range=(0, 1000)), x).ravel() - 100
    assert added.min() >= -100
    assert added.max() <= 200
    assert abs(added.mean() - 50) < 5
    assert abs(added.std() - 300 / 12**0.5) < 4
    stripes = np.tile(np.float32([[[-1], [1]]]), (4000, 1, 1, 1))
    times = in_training(layers.RandomContrast(0.4, value_range=(-9, 9)), stripes)[:, 0, 1, 0]
    assert 0.6 <= times.min() < 0.61
    assert 1.39 < times.max() <= 1.4


def test_zoom_keeps_the_shape_unless_the_width_has_its_own_factor():
    ramp = np.stack(np.meshgrid(np.arange(9), np.arange(9), indexing="ij"), -1).astype("float32")
    x = np.tile(ramp, (20, 1, 1, 1))
    together = in_training(layers.RandomZoom((-0.5, -0.1)), x)
    np.testing.assert_allclose(together[:, 0, 0, 0], together[:, 0, 0, 1], atol=1e-4)
    apart = in_training(layers.RandomZoom((-0.5, -0.1), (-0.5, -0.1)), x)
    assert (abs(apart[:, 0, 0, 0] - apart[:, 0, 0, 1]) > 0.01).any()


def test_small_images_are_enlarged_before_they_are_cut():
    y = layers.RandomCrop(6, 6)(PICTURES[:, :3], training=True)
    np.testing.assert_array_equal(y, layers.CenterCrop(6, 6)(PICTURES[:, :3]))
    assert layers.RandomCrop(6, 6).compute_output_shape((None, 3, 8, 3)) == (None, 6, 6, 3)


def augmented():
    return lamina.Sequential(
        [
            lamina.Input((8, 8, 1), dtype="uint8"),
            layers.Resizing(10, 10),
            layers.RandomCrop(8, 8),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
            layers.RandomZoom(0.2, fill_mode="nearest"),
            layers.RandomContrast(0.2),
            layers.RandomBrightness(0.1),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def data():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 100, (64, 8, 8, 1)).astype("uint8")
    y = rng.integers(0, 2, 64)
    x[:, :4] += (y * 120).astype("uint8")[:, None, None, None]
    return x, y


def fitted(threads=None):
    lamina.random.set_seed(0)
    layers.reset_names()
    model = augmented()
    loss = lamina.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    before = lamina.get_num_threads()
    lamina.set_num_threads(threads or before)
    history = model.fit(*data(), epochs=3, batch_size=16, verbose=0)
    lamina.set_num_threads(before)
    return model, history.history["loss"]


def test_a_model_with_augmentation_trains_natively():
    model, losses = fitted()
    assert losses[-1] < losses[0]
    told = lamina.explain(model)
    assert told.training.elsewhere == []
    assert told.inference.elsewhere == []
    x, _ = data()
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_trainings_are_the_same_for_any_number_of_threads():
    assert fitted(1)[1] == fitted(3)[1] == fitted()[1]


def test_a_model_is_at_rest_where_nobody_says_training():
    x, _ = data()
    model = augmented()
    np.testing.assert_array_equal(model(x), model(x, training=False))


def test_draws_differ_from_step_to_step_in_training_with_a_seed_too():
    layer = layers.RandomBrightness(0.3, seed=1)
    made = trace(lambda x: layer(x), [type_of(PICTURES)], training=True, generator=(g := lamina.random.Generator(3)))
    first = made(PICTURES)
    g.step.assign_add(np.uint32(1))
    assert (made(PICTURES) != first).any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.RandomRotation(2.0), r"(?s)factor=2\.0.*from -1 to 1"),
        (lambda: layers.RandomRotation("far"), "factor='far'"),
        (lambda: layers.RandomZoom(-1.0), "from above -1 to 1"),
        (lambda: layers.RandomTranslation(0.1, (0.1, 0.2, 0.3)), "width_factor"),
        (lambda: layers.RandomContrast(1.5), "within 0..1"),
        (lambda: layers.RandomBrightness(0.1, value_range=3), "value_range is two numbers"),
        (lambda: layers.RandomFlip("both"), "unknown mode of RandomFlip"),
        (lambda: layers.RandomFlip(seed=1.5), "a seed is a whole number"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirrored"), "unknown fill_mode of RandomRotation"),
        (lambda: layers.RandomRotation(0.1, interpolation="bicubic"), "unknown interpolation"),
        (lambda: layers.Resizing(4, 4, interpolation="cubic"), "bicubic"),
        (lambda: layers.Resizing(4, 4, True, crop_to_aspect_ratio=True), "unknown interpolation"),
        (lambda: layers.Resizing(4, 4, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "not both"),
        (lambda: layers.CenterCrop(0, 4), "height"),
        (lambda: layers.RandomFlip(bounding_box_format="xyxy"), "bounding boxes"),
    ],
)
def test_wrong_arguments(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


def test_wrong_inputs():
    with pytest.raises(ShapeError, match="it takes images"):
        layers.RandomFlip()(np.zeros((4, 4), "float32"))
    with pytest.raises(ShapeError, match="takes one tensor, 2 were given"):
        layers.RandomFlip()({"images": PICTURES, "labels": np.zeros(12)})


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        ("resize", {"size": (0, 3)}, r"a size of images is \(height, width\)"),
        ("resize", {"size": 3}, "a size of images"),
        ("resize", {"size": (3, 3), "interpolation": "linear"}, "unknown interpolation of resize"),
        ("resize", {"size": (3, 3), "data_format": "NCHW"}, "unknown data_format"),
        ("affine_transform", {"transform": np.zeros(6)}, "eight numbers"),
        ("affine_transform", {"transform": np.zeros(8), "fill_mode": "edge"}, "unknown fill_mode"),
        ("crop_images", {"top_cropping": 1}, "two of three"),
        (
            "crop_images",
            {"top_cropping": 3, "bottom_cropping": 3, "left_cropping": 0, "right_cropping": 0},
            "does not fit",
        ),
        ("pad_images", {"top_padding": 0, "left_padding": 0, "target_height": 2, "target_width": 9}, "no smaller"),
        ("map_coordinates", {"coordinates": np.zeros((2, 3)), "order": 1}, "one coordinate for each axis"),
        ("map_coordinates", {"coordinates": np.zeros((4, 3)), "order": 3}, "the order is 0"),
    ],
)
def test_refusals_of_functions(function, arguments, words):
    with pytest.raises((ArgumentError, ShapeError), match=words):
        getattr(lamina.ops.image, function)(PICTURES, **arguments)


def test_functions_are_steps_of_a_functional_model():
    x = lamina.Input((6, 8, 3))
    model = lamina.Model(x, lamina.ops.image.resize(x, (3, 4)))
    np.testing.assert_allclose(model(PICTURES), lamina.ops.image.resize(PICTURES, (3, 4)), rtol=1e-6)
