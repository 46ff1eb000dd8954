"""Record the rest of Keras 3's layers: more convolutions, cropping, upsampling, attention, more norms."""

from typing import Any

import numpy as np
from recording import LayerRecorder, rng_for

record = LayerRecorder("layers_catalogue")

LAST = {"return_attention_scores": True}
IMAGE, LINE = (2, 5, 6, 2), (2, 7, 2)


def convolution() -> None:
    ways: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("_same", {"padding": "same"}),
        ("_strides", {"strides": 2}),
        ("_same_strides", {"padding": "same", "strides": 2}),
        ("_multiplier", {"depth_multiplier": 2}),
        ("_no_bias", {"use_bias": False}),
        ("_even_same", {"kernel_size": 2, "padding": "same"}),
        ("_dilation", {"dilation_rate": 2, "padding": "same"}),
        ("_relu", {"activation": "relu"}),
    ]
    for word, more in ways:
        for rank, shape in (("1", LINE), ("2", IMAGE)):
            record(f"depthwise_conv{rank}d{word}", f"DepthwiseConv{rank}D", {"kernel_size": 3, **more}, shape)
            record(
                f"separable_conv{rank}d{word}", f"SeparableConv{rank}D", {"filters": 3, "kernel_size": 3, **more}, shape
            )
    turned: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("_same", {"padding": "same"}),
        ("_strides", {"strides": 2}),
        ("_same_strides", {"padding": "same", "strides": 2}),
        ("_even", {"kernel_size": 2, "strides": 2}),
        ("_even_same", {"kernel_size": 4, "strides": 2, "padding": "same"}),
        ("_gaps", {"kernel_size": 2, "strides": 3}),
        ("_gaps_same", {"kernel_size": 2, "strides": 3, "padding": "same"}),
        ("_output_padding", {"strides": 2, "output_padding": 1}),
        ("_no_bias", {"use_bias": False}),
        ("_same_output_padding", {"strides": 2, "padding": "same", "output_padding": 0}),
    ]
    for word, more in turned:
        for rank, shape in (("1", (2, 4, 2)), ("2", (2, 3, 4, 2))):
            record(
                f"conv{rank}d_transpose{word}", f"Conv{rank}DTranspose", {"filters": 3, "kernel_size": 3, **more}, shape
            )
    record(
        "conv2d_transpose_dilation",
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "dilation_rate": 2},
        (1, 3, 4, 2),
    )
    record("conv3d", "Conv3D", {"filters": 2, "kernel_size": 2}, (1, 3, 3, 4, 2))
    record("conv3d_same", "Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same", "strides": 2}, (1, 3, 3, 4, 1))
    record("max_pool3d", "MaxPooling3D", {}, (1, 4, 5, 4, 1))
    record("average_pool3d_same", "AveragePooling3D", {"pool_size": 2, "padding": "same"}, (1, 3, 3, 4, 1))
    record("global_average_pool3d", "GlobalAveragePooling3D", {}, (2, 2, 3, 2, 2))
    for kind in ("Average", "Max"):
        for size in (3, 2, 5, 1):
            name = f"adaptive_{kind.lower()}_pool1d_{size}"
            record(name, f"Adaptive{kind}Pooling1D", {"output_size": size}, (2, 5, 2))
        record(f"adaptive_{kind.lower()}_pool2d", f"Adaptive{kind}Pooling2D", {"output_size": [2, 3]}, (2, 5, 6, 2))
        first = {"output_size": 2, "data_format": "channels_first"}
        record(f"adaptive_{kind.lower()}_pool2d_first", f"Adaptive{kind}Pooling2D", first, (2, 2, 5, 6))
        record(f"adaptive_{kind.lower()}_pool3d", f"Adaptive{kind}Pooling3D", {"output_size": 2}, (1, 3, 4, 5, 1))


def shapes() -> None:
    record("cropping_1d", "Cropping1D", {"cropping": [1, 2]}, (2, 5, 2))
    record("cropping_2d", "Cropping2D", {"cropping": [[1, 0], [2, 1]]}, (2, 4, 5, 2))
    record("cropping_2d_one", "Cropping2D", {"cropping": 1}, (2, 4, 5, 2))
    record("cropping_3d", "Cropping3D", {"cropping": 1}, (1, 3, 4, 3, 2))
    record("upsampling_1d", "UpSampling1D", {"size": 3}, (2, 3, 2))
    record("upsampling_2d", "UpSampling2D", {}, (2, 2, 3, 2))
    record("upsampling_2d_pair", "UpSampling2D", {"size": [1, 3]}, (2, 2, 3, 2))
    record("upsampling_2d_bilinear", "UpSampling2D", {"size": 2, "interpolation": "bilinear"}, (2, 2, 3, 2))
    record("upsampling_3d", "UpSampling3D", {"size": 2}, (1, 2, 1, 2, 2))
    record("zero_padding_3d", "ZeroPadding3D", {"padding": 1}, (1, 2, 1, 2, 1))
    record(
        "einsum_dense",
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": [None, 5], "bias_axes": "d"},
        (2, 3, 4),
    )
    record(
        "einsum_dense_heads",
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"},
        (2, 3, 4),
    )
    ids = np.array([[3, 1, 0], [0, 2, 2]], np.int32)
    for mode in ("multi_hot", "one_hot", "count"):
        values = ids if mode != "one_hot" else ids[:, 0]
        record(f"category_encoding_{mode}", "CategoryEncoding", {"num_tokens": 4, "output_mode": mode}, values)


def norms() -> None:
    shifted = 3 + 2 * rng_for("shifted").normal(size=(4, 6)).astype(np.float32)
    for word, config in [
        ("", {"groups": 2}),
        ("_instance", {"groups": -1}),
        ("_layer", {"groups": 1}),
        ("_bare", {"groups": 3, "center": False, "scale": False}),
        ("_epsilon", {"groups": 2, "epsilon": 0.1}),
    ]:
        record(f"group_norm{word}", "GroupNormalization", config, shifted)
        record(f"group_norm_4d{word}", "GroupNormalization", config, (2, 2, 3, 6))
    record("group_norm_axis1", "GroupNormalization", {"groups": 2, "axis": 1}, (2, 4, 3))
    record("unit_norm", "UnitNormalization", {}, shifted)
    record("unit_norm_axes", "UnitNormalization", {"axis": [1, 2]}, (2, 3, 4))
    record(
        "unit_norm_zero_row",
        "UnitNormalization",
        {},
        shifted * np.array([[1], [0], [1], [1]], np.float32),
        tags=("ties",),
    )
    record("rms_norm", "RMSNormalization", {}, shifted)
    record("rms_norm_epsilon", "RMSNormalization", {"epsilon": 0.1}, (2, 3, 4))
    given = {"mean": 3.0, "variance": 4.0}
    record("normalization_given", "Normalization", given, shifted)
    record("normalization_given_invert", "Normalization", {**given, "invert": True}, shifted)
    record(
        "normalization_given_axis", "Normalization", {"axis": -1, "mean": [1.0, 2.0], "variance": [4.0, 0.0]}, (3, 2)
    )


def attention() -> None:
    query, value = (2, 3, 4), (2, 5, 4)
    keys = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
    queries = np.array([[1, 1, 0], [1, 1, 1]], bool)
    pairs = np.array(rng_for("pairs").integers(0, 2, (2, 3, 5)), bool)
    pairs[:, :, 0] = True
    base = {"num_heads": 2, "key_dim": 3}
    for word, config, call in [
        ("", {}, {}),
        ("_scores", {}, LAST),
        ("_value_dim", {"value_dim": 2}, LAST),
        ("_no_bias", {"use_bias": False}, {}),
        ("_output_shape", {"output_shape": 5}, {}),
        ("_mask", {}, {"attention_mask": pairs}),
        ("_mask_scores", {}, {"attention_mask": pairs, **LAST}),
        ("_one_head", {"num_heads": 1}, {}),
        ("_query_mask", {}, {"query_mask": queries}),
        ("_value_mask", {}, {"value_mask": keys}),
        ("_dropout_inference", {"dropout": 0.3}, {"training": False}),
    ]:
        record(
            f"multi_head_attention{word}", "MultiHeadAttention", {**base, **config}, query, value, how="args", call=call
        )
    record("multi_head_attention_key", "MultiHeadAttention", base, query, (2, 5, 3), value, how="args")
    same = rng_for("same").normal(size=(2, 4, 4)).astype(np.float32)
    record("multi_head_attention_self", "MultiHeadAttention", base, same, same, how="args")
    record(
        "multi_head_attention_causal",
        "MultiHeadAttention",
        base,
        same,
        same,
        how="args",
        call={"use_causal_mask": True},
    )
    record(
        "multi_head_attention_causal_mask",
        "MultiHeadAttention",
        base,
        same,
        same,
        how="args",
        call={"use_causal_mask": True, "value_mask": keys[:, 1:], **LAST},
    )
    record(
        "group_query_attention",
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        query,
        value,
        how="args",
    )
    for name in ("Attention", "AdditiveAttention"):
        for word, config in [
            ("", {}),
            ("_scale", {"use_scale": name == "Attention"}),
            ("_concat", {"score_mode": "concat"}),
        ]:
            if word == "_concat" and name != "Attention":
                continue
            record(f"{name.lower()}{word}", name, config, query, value, how="list")
        record(f"{name.lower()}_scores", name, {}, query, value, (2, 5, 4), how="list", call=LAST)
    record("attention_causal", "Attention", {}, same, same, how="list", call={"use_causal_mask": True})


if __name__ == "__main__":
    for family in (convolution, shapes, norms, attention):
        family()
    record.save()
