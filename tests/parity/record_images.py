"""Record images resized, moved and cropped: functions of `keras.ops.image`, and layers that are certain.

A random layer is certain where its factor is an interval of no width.
"""

from typing import Any

import numpy as np
import record_ops
from record_ops import op
from recording import LayerRecorder, keras, rng_for

record = LayerRecorder("images")
record_ops.record = record  # `op` adds its cases here
F = np.float32
seed = rng_for("images")
FIRST = {"data_format": "channels_first"}


def noise(*shape: int) -> np.ndarray:
    return seed.normal(size=shape).astype(F)


def pixels(*shape: int) -> np.ndarray:
    return seed.integers(0, 256, shape).astype(np.uint8)


def image(case_id: str, name: str, *args: Any, **kwargs: Any) -> None:
    """A function of `ops.image`; its name is recorded without the module."""
    keras.ops.__dict__[name] = getattr(keras.ops.image, name)
    op(case_id, name, *args, **kwargs)


def resizing() -> None:
    batch, one = noise(2, 5, 6, 3), noise(5, 7, 1)
    for word in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
        for size in ([3, 4], [9, 11], [5, 13]):
            image(f"resize_{word}_{size[0]}_{size[1]}", "resize", batch, size, interpolation=word)
        image(f"resize_{word}_antialias", "resize", batch, [2, 3], interpolation=word, antialias=True)
    for way in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        for size in ([4, 4], [3, 9], [8, 2]):
            image(f"resize_{way}_{size[0]}_{size[1]}", "resize", batch, size, **{way: True})
    image("resize_pad_value", "resize", batch, [4, 9], pad_to_aspect_ratio=True, fill_value=2.5)
    image("resize_one", "resize", one, [8, 3])
    image("resize_wide", "resize", noise(2, 4, 5, 18), [6, 3])
    image("resize_first", "resize", noise(2, 3, 5, 6), [7, 4], **FIRST)
    image("resize_first_nearest", "resize", noise(2, 3, 5, 6), [7, 4], interpolation="nearest", **FIRST)
    image("resize_first_one", "resize", noise(3, 5, 6), [7, 4], crop_to_aspect_ratio=True, **FIRST)
    image("resize_pixels", "resize", pixels(2, 5, 7, 3), [3, 11])  # no mean is half a whole number
    image("resize_pixels_nearest", "resize", pixels(2, 5, 6, 3), [3, 8], interpolation="nearest")
    image("resize_same", "resize", batch, [5, 6])
    image("resize_large_to_one", "resize", batch, [1, 1], antialias=True)


def moving() -> None:
    """No coordinate is a whole number or a half, where rounding decides."""
    batch = noise(2, 5, 6, 3)
    maps = np.concatenate([noise(2, 6) * 0.4 + F([1, 0, 0.3, 0, 1, -0.7]), np.zeros((2, 2), F)], axis=1)
    far = maps + F([0, 0, 11.3, 0, 0, -9.2, 0, 0])
    for fill_mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
        for word in ("nearest", "bilinear"):
            given = {"interpolation": word, "fill_mode": fill_mode, "fill_value": 0.6}
            image(f"affine_{fill_mode}_{word}", "affine_transform", batch, maps, **given)
            image(f"affine_{fill_mode}_{word}_far", "affine_transform", batch, far, **given)
        places = noise(2, 4, 3) * 4 + 2
        for order in (0, 1):
            given = {"order": order, "fill_mode": fill_mode, "fill_value": -1.5}
            image(f"map_coordinates_{fill_mode}_{order}", "map_coordinates", noise(5, 4), places, **given)
    image("affine_one", "affine_transform", batch[0], maps[0])
    image("affine_first", "affine_transform", noise(2, 3, 5, 6), maps, **FIRST)
    image("affine_pixels", "affine_transform", pixels(2, 5, 6, 3), maps, grad=False)
    image("map_coordinates_line", "map_coordinates", noise(7), noise(1, 5) * 3 + 3, order=1)
    image("map_coordinates_cube", "map_coordinates", noise(3, 4, 2), noise(3, 6) + 1, order=1, fill_mode="reflect")
    whole = np.array([9, 2, 40, 7, 5], np.int32)
    image("map_coordinates_ints", "map_coordinates", whole, noise(1, 6) * 2 + 2, order=1, grad=False)


def cutting() -> None:
    batch = noise(2, 5, 6, 3)
    image("crop_by_both", "crop_images", batch, 1, 2, 1, 1)
    image("crop_by_target", "crop_images", batch, 1, 0, target_height=3, target_width=4)
    image(
        "crop_from_behind", "crop_images", batch, bottom_cropping=0, right_cropping=2, target_height=3, target_width=4
    )
    image("crop_one_first", "crop_images", noise(3, 5, 6), 2, 1, 0, 1, **FIRST)
    image("pad_by_both", "pad_images", batch, 1, 2, 0, 1)
    image("pad_by_target", "pad_images", batch, 1, 0, target_height=8, target_width=7)
    image(
        "pad_one_first",
        "pad_images",
        noise(3, 2, 2),
        bottom_padding=1,
        right_padding=0,
        target_height=4,
        target_width=3,
        **FIRST,
    )
    image("gray", "rgb_to_grayscale", batch)
    image("gray_first", "rgb_to_grayscale", noise(2, 3, 4, 5), **FIRST)
    image("gray_pixels", "rgb_to_grayscale", pixels(2, 3, 4, 3))
    image("gray_already", "rgb_to_grayscale", noise(4, 5, 1))


def certain_layers() -> None:
    training, shape, first = {"training": True}, (2, 5, 6, 3), (2, 3, 5, 6)
    for word, more in [
        ("", {}),
        ("_nearest", {"interpolation": "nearest"}),
        ("_bicubic", {"interpolation": "bicubic", "antialias": True}),
        ("_crop", {"crop_to_aspect_ratio": True}),
        ("_pad", {"pad_to_aspect_ratio": True, "fill_value": 0.4}),
    ]:
        record(f"resizing{word}", "Resizing", {"height": 4, "width": 3, **more}, shape)
    record("resizing_first", "Resizing", {"height": 7, "width": 3, **FIRST}, first)
    record("resizing_one", "Resizing", {"height": 4, "width": 9}, shape[1:])
    record("resizing_pixels", "Resizing", {"height": 3, "width": 11}, pixels(2, 5, 7, 3))
    record(
        "resizing_pixels_lanczos", "Resizing", {"height": 9, "width": 9, "interpolation": "lanczos3"}, pixels(*shape)
    )
    record("center_crop", "CenterCrop", {"height": 3, "width": 3}, shape)
    record("center_crop_first", "CenterCrop", {"height": 2, "width": 5, **FIRST}, first)
    record("center_crop_one", "CenterCrop", {"height": 4, "width": 2}, shape[1:])
    record("center_crop_larger", "CenterCrop", {"height": 7, "width": 4}, shape)
    for mode in ("constant", "nearest", "wrap", "reflect"):
        fill = {"fill_mode": mode, "fill_value": 0.7}
        record(f"rotation_{mode}", "RandomRotation", {"factor": [0.07, 0.07], **fill}, shape, call=training)
        factors = {"height_factor": [0.27, 0.27], "width_factor": [-0.31, -0.31]}
        record(f"translation_{mode}", "RandomTranslation", {**factors, **fill}, shape, call=training)
        record(f"zoom_{mode}", "RandomZoom", {**factors, **fill}, shape, call=training)
    for word, more in [("_nearest_cell", {"interpolation": "nearest"}), ("_backwards", {"factor": [-0.2, -0.2]})]:
        record(f"rotation{word}", "RandomRotation", {"factor": [0.11, 0.11], **more}, shape, call=training)
    record("rotation_first", "RandomRotation", {"factor": [0.11, 0.11], **FIRST}, first, call=training)
    record("rotation_one", "RandomRotation", {"factor": [0.11, 0.11]}, shape[1:], call=training)
    both = {"height_factor": [0.3, 0.3], "width_factor": [0.2, 0.2]}
    record("translation_first", "RandomTranslation", {**both, **FIRST}, first, call=training)
    record("translation_nearest_cell", "RandomTranslation", {**both, "interpolation": "nearest"}, shape, call=training)
    record("translation_one", "RandomTranslation", both, shape[1:], call=training)
    record("zoom_first", "RandomZoom", {**both, **FIRST}, first, call=training)
    record("zoom_height_alone", "RandomZoom", {"height_factor": [-0.4, -0.4]}, shape, call=training)
    record("zoom_nearest_cell", "RandomZoom", {**both, "interpolation": "nearest"}, shape, call=training)
    range_ = {"value_range": [-1.2, 1.3]}
    record("contrast", "RandomContrast", {"factor": [-0.3, 0.3], **range_}, shape, call=training)
    record("contrast_first", "RandomContrast", {"factor": [-0.3, 0.3], **range_, **FIRST}, first, call=training)
    record("contrast_none", "RandomContrast", {"factor": [0.0, 0.0], **range_}, shape[1:], call=training)
    record("brightness", "RandomBrightness", {"factor": [0.2, 0.2], **range_}, shape, call=training)
    record("brightness_darker", "RandomBrightness", {"factor": [-0.3, -0.3], **range_}, shape[1:], call=training)
    still = {"training": False}
    record("flip_inference", "RandomFlip", {}, shape, call=still)
    record("rotation_inference", "RandomRotation", {"factor": 0.2}, shape, call=still)
    record("contrast_inference", "RandomContrast", {"factor": 0.2, **range_}, shape, call=still)
    record("brightness_inference", "RandomBrightness", {"factor": 0.2, **range_}, shape, call=still)


if __name__ == "__main__":
    for family in (resizing, moving, cutting, certain_layers):
        family()
    record.save()
