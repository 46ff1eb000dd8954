"""Record the core layers of Keras 3: dense, activations, shapes, embedding, merging, convolution, pooling, norms."""

from typing import Any

import numpy as np
from recording import LayerRecorder, rng_for

record = LayerRecorder("layers")

NAMES = [
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "sigmoid",
    "log_sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "tanh",
    "hard_tanh",
    "softplus",
    "softsign",
    "softmax",
    "log_softmax",
    "exponential",
    "tanh_shrink",
    "soft_shrink",
    "hard_shrink",
]
# Where a slope jumps, Keras on JAX takes the side of zero, as recorded: relu'(0) = 0.
KINKS = np.array([[-60, -3, -1, -0.5, -0.0, 0.0], [0.25, 0.5, 1, 3, 6, 60]], np.float32)
OFF_KINKS = np.array(
    [[-7.5, -2.9, -1.25, -0.3, -0.01], [0.01, 0.3, 1.25, 2.9, 7.5], [-9, -8, -7, -6.5, -6.1]], np.float32
)


def dense() -> None:
    for name in NAMES:
        record(f"dense_{name}", "Dense", {"units": 4, "activation": name}, (3, 5))
    record("dense_plain", "Dense", {"units": 3}, (2, 4))
    record("dense_no_bias", "Dense", {"units": 3, "use_bias": False}, (2, 4))
    record("dense_3d", "Dense", {"units": 3, "activation": "relu"}, (2, 3, 4))
    record("dense_4d_no_bias", "Dense", {"units": 2, "use_bias": False}, (2, 2, 3, 4))
    record("dense_one_unit", "Dense", {"units": 1, "activation": "sigmoid"}, (5, 1))
    record("dense_one_row", "Dense", {"units": 4, "activation": "tanh"}, (1, 3))
    record("dense_wide", "Dense", {"units": 17, "activation": "relu"}, (13, 33))
    record("dense_zero_input", "Dense", {"units": 3, "activation": "relu"}, np.zeros((2, 4), np.float32))
    record(
        "dense_huge_softmax",
        "Dense",
        {"units": 3, "activation": "softmax"},
        60 * rng_for("huge").normal(size=(4, 4)).astype(np.float32),
        tags=("rounding",),
    )


def activations() -> None:
    for name in NAMES:
        record(f"activation_{name}", "Activation", {"activation": name}, OFF_KINKS)
    record("activation_relu_kinks", "Activation", {"activation": "relu"}, KINKS, tags=("ties",))
    configs: list[tuple[str, str, dict[str, Any]]] = [
        ("relu", "ReLU", {}),
        ("relu_max", "ReLU", {"max_value": 2.0}),
        ("relu_slope", "ReLU", {"negative_slope": 0.2}),
        ("relu_threshold", "ReLU", {"threshold": 0.4}),
        ("relu_max_slope", "ReLU", {"max_value": 2.0, "negative_slope": 0.1}),
        ("relu_all", "ReLU", {"max_value": 2.0, "negative_slope": 0.1, "threshold": 0.4}),
        ("relu_threshold_above", "ReLU", {"negative_slope": 0.5, "threshold": 1.0}),
        ("leaky_relu", "LeakyReLU", {}),
        ("leaky_relu_slope", "LeakyReLU", {"negative_slope": 0.01}),
        ("elu", "ELU", {}),
        ("elu_alpha", "ELU", {"alpha": 0.5}),
        ("prelu", "PReLU", {}),
        ("softmax", "Softmax", {}),
        ("softmax_axis0", "Softmax", {"axis": 0}),
    ]
    for name, class_name, config in configs:
        record(f"layer_{name}", class_name, config, OFF_KINKS)
        if class_name != "Softmax":
            record(f"layer_{name}_kinks", class_name, config, KINKS, tags=("ties",))
    record("layer_softmax_axes", "Softmax", {"axis": [1, 2]}, (2, 3, 4))
    record("layer_softmax_axis1_3d", "Softmax", {"axis": 1}, (2, 3, 4))
    record("layer_softmax_huge", "Softmax", {}, np.array([[60, -60, 0], [60, 60, 60], [-60, -60, -61]], np.float32))
    mask = np.array([[True, True, False], [False, True, True]])
    record("layer_softmax_mask", "Softmax", {}, (2, 3), call={"mask": mask})
    record("layer_prelu_shared", "PReLU", {"shared_axes": [1, 2]}, (2, 3, 3, 2))
    record("layer_prelu_shared_one", "PReLU", {"shared_axes": [1]}, (2, 3, 2))


def shapes() -> None:
    record("flatten", "Flatten", {}, (2, 3, 4))
    record("flatten_4d", "Flatten", {}, (2, 2, 3, 2))
    record("flatten_2d", "Flatten", {}, (2, 3))
    record("flatten_1d", "Flatten", {}, (3,))
    record("flatten_channels_first", "Flatten", {"data_format": "channels_first"}, (2, 3, 2, 4))
    record("reshape", "Reshape", {"target_shape": [4, 3]}, (2, 12))
    record("reshape_minus_one", "Reshape", {"target_shape": [-1, 2]}, (2, 3, 4))
    record("reshape_flat", "Reshape", {"target_shape": [-1]}, (2, 3, 4))
    record("permute", "Permute", {"dims": [2, 1]}, (2, 3, 4))
    record("permute_three", "Permute", {"dims": [3, 1, 2]}, (2, 3, 4, 2))
    record("repeat_vector", "RepeatVector", {"n": 3}, (2, 4))
    for name, config in [("dropout", {"rate": 0.4}), ("dropout_noise_shape", {"rate": 0.4, "noise_shape": [2, 1]})]:
        record(f"{name}_inference", "Dropout", config, (2, 4), call={"training": False})
    record("dropout_zero_training", "Dropout", {"rate": 0.0}, (2, 4), call={"training": True})
    record("gaussian_noise_inference", "GaussianNoise", {"stddev": 0.4}, (2, 4), call={"training": False})
    record("gaussian_dropout_inference", "GaussianDropout", {"rate": 0.4}, (2, 4), call={"training": False})
    record("spatial_dropout_inference", "SpatialDropout1D", {"rate": 0.4}, (2, 4, 2), call={"training": False})
    record("identity", "Identity", {}, (2, 3))
    record("rescaling", "Rescaling", {"scale": 1 / 255, "offset": -0.5}, (2, 3))
    ids = np.array([[3, 1, 0, 0], [0, 2, 2, 4]], np.int32)
    record("embedding", "Embedding", {"input_dim": 5, "output_dim": 3}, ids)
    record("embedding_mask_zero", "Embedding", {"input_dim": 5, "output_dim": 3, "mask_zero": True}, ids)
    record("embedding_1d", "Embedding", {"input_dim": 5, "output_dim": 2}, np.array([4, 0, 4], np.int32))
    record("embedding_3d", "Embedding", {"input_dim": 5, "output_dim": 2}, ids.reshape(2, 2, 2))
    steps = rng_for("masking").normal(size=(3, 4, 2)).astype(np.float32)
    steps[0, :2], steps[1, 3], steps[2, 1, 0] = 0, 0, 0
    record("masking", "Masking", {}, steps)
    record("masking_value", "Masking", {"mask_value": -1.0}, np.where(steps == 0, np.float32(-1), steps))
    record("zero_padding_1d", "ZeroPadding1D", {}, (2, 3, 2))
    record("zero_padding_1d_pair", "ZeroPadding1D", {"padding": [2, 1]}, (2, 3, 2))
    record("zero_padding_2d", "ZeroPadding2D", {}, (2, 2, 3, 2))
    record("zero_padding_2d_two", "ZeroPadding2D", {"padding": [1, 2]}, (2, 2, 3, 2))
    record("zero_padding_2d_four", "ZeroPadding2D", {"padding": [[1, 0], [2, 3]]}, (2, 2, 3, 2))
    record("zero_padding_2d_first", "ZeroPadding2D", {"padding": 1, "data_format": "channels_first"}, (2, 2, 3, 2))


def merging() -> None:
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        record(f"merge_{name.lower()}", name, {}, (2, 3), (2, 3), how="list")
        record(f"merge_{name.lower()}_broadcast", name, {}, (2, 3, 4), (2, 1, 4), how="list")
        if name != "Subtract":
            record(f"merge_{name.lower()}_three", name, {}, (2, 3), (2, 3), (2, 3), how="list")
    same = rng_for("same").normal(size=(2, 3)).astype(np.float32)
    for name in ("Maximum", "Minimum"):
        record(f"merge_{name.lower()}_ties", name, {}, same, same, how="list", tags=("ties",))
    record("merge_add_rank", "Add", {}, (2, 3, 4), (2, 4), how="list")
    record("concatenate", "Concatenate", {}, (2, 3), (2, 1), (2, 4), how="list")
    record("concatenate_axis1", "Concatenate", {"axis": 1}, (2, 3, 2), (2, 1, 2), how="list")
    record("concatenate_axis_minus2", "Concatenate", {"axis": -2}, (2, 3, 2), (2, 2, 2), how="list")
    record("dot", "Dot", {"axes": 1}, (2, 3), (2, 3), how="list")
    record("dot_normalize", "Dot", {"axes": 1, "normalize": True}, (2, 3), (2, 3), how="list")
    record("dot_3d", "Dot", {"axes": [2, 1]}, (2, 3, 4), (2, 4, 5), how="list")
    record("dot_3d_same", "Dot", {"axes": 2}, (2, 3, 4), (2, 5, 4), how="list")
    record("dot_3d_2d", "Dot", {"axes": [2, 1]}, (2, 3, 4), (2, 4), how="list")


def convolution() -> None:
    base: dict[str, Any] = {"filters": 3, "kernel_size": 3}
    ones: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("same", {"padding": "same"}),
        ("causal", {"padding": "causal"}),
        ("strides", {"strides": 2}),
        ("same_strides", {"padding": "same", "strides": 2}),
        ("same_strides3", {"padding": "same", "strides": 3}),
        ("causal_strides", {"padding": "causal", "strides": 2}),
        ("dilation", {"dilation_rate": 2}),
        ("same_dilation", {"padding": "same", "dilation_rate": 2}),
        ("causal_dilation", {"padding": "causal", "dilation_rate": 2}),
        ("no_bias", {"use_bias": False}),
        ("relu", {"activation": "relu"}),
        ("even", {"kernel_size": 4, "padding": "same"}),
        ("even2_same_strides", {"kernel_size": 2, "padding": "same", "strides": 2}),
        ("kernel1", {"kernel_size": 1}),
        ("groups", {"filters": 4, "groups": 2}),
    ]
    for name, more in ones:
        for length in (7, 8):
            record(f"conv1d_{name}_{length}".replace("__", "_"), "Conv1D", {**base, **more}, (2, length, 2))
    record("conv1d_channels_first", "Conv1D", {**base, "padding": "same", "data_format": "channels_first"}, (2, 2, 7))
    twos: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("same", {"padding": "same"}),
        ("strides", {"strides": 2}),
        ("same_strides", {"padding": "same", "strides": 2}),
        ("same_strides_mixed", {"padding": "same", "strides": [1, 2]}),
        ("strides_above_kernel", {"kernel_size": 2, "strides": 3}),
        ("same_strides_above_kernel", {"kernel_size": 2, "strides": 3, "padding": "same"}),
        ("dilation", {"dilation_rate": 2}),
        ("same_dilation", {"padding": "same", "dilation_rate": [2, 1]}),
        ("even", {"kernel_size": 2}),
        ("even_same", {"kernel_size": 2, "padding": "same"}),
        ("even_same_strides", {"kernel_size": 4, "padding": "same", "strides": 2}),
        ("oblong", {"kernel_size": [1, 3]}),
        ("oblong_same", {"kernel_size": [2, 3], "padding": "same"}),
        ("no_bias", {"use_bias": False}),
        ("relu_same", {"activation": "relu", "padding": "same"}),
        ("kernel1", {"kernel_size": 1}),
        ("groups", {"filters": 4, "groups": 2, "padding": "same"}),
    ]
    for name, more in twos:
        for size in ((5, 6), (6, 5)):
            case_id = f"conv2d_{name}_{size[0]}x{size[1]}".replace("__", "_")
            record(case_id, "Conv2D", {**base, **more}, (2, *size, 2))
    record("conv2d_channels_first", "Conv2D", {**base, "data_format": "channels_first"}, (2, 2, 5, 6))
    record("conv2d_one_by_one_image", "Conv2D", {**base, "padding": "same"}, (2, 1, 1, 2))
    record("conv2d_whole_image", "Conv2D", {**base, "kernel_size": [4, 5]}, (2, 4, 5, 2))
    record("conv2d_lenet", "Conv2D", {"filters": 4, "kernel_size": 5, "activation": "tanh"}, (1, 9, 9, 1))


def pooling() -> None:
    rng = rng_for("pooling")
    noise = {"1": (2, 7, 2), "2": (2, 5, 6, 2)}
    nasty = {
        "ties": {
            "1": rng.integers(0, 2, (2, 6, 2)).astype(np.float32),
            "2": rng.integers(0, 2, (1, 4, 5, 2)).astype(np.float32),
        },
        "negative": {
            "1": -1 - rng.uniform(0, 5, (2, 7, 2)).astype(np.float32),
            "2": -1 - rng.uniform(0, 5, (2, 5, 4, 2)).astype(np.float32),
        },
    }
    for rank in ("1", "2"):
        configs: list[tuple[str, dict[str, Any]]] = [
            ("", {}),
            ("same", {"padding": "same"}),
            ("size3", {"pool_size": 3}),
            ("size3_same", {"pool_size": 3, "padding": "same"}),
            ("overlap", {"pool_size": 3, "strides": 2}),
            ("overlap_same", {"pool_size": 3, "strides": 2, "padding": "same"}),
            ("stride1_same", {"pool_size": 2, "strides": 1, "padding": "same"}),
            ("gaps", {"pool_size": 2, "strides": 3}),
            ("gaps_same", {"pool_size": 2, "strides": 3, "padding": "same"}),
        ]
        if rank == "2":
            configs += [
                ("oblong", {"pool_size": [1, 3]}),
                ("oblong_same", {"pool_size": [2, 3], "strides": [2, 1], "padding": "same"}),
            ]
        for kind in ("Max", "Average"):
            default = {"pool_size": 2} if kind == "Average" else {}  # Keras has a default for Max only
            for name, more in configs:
                case_id, config = f"{kind.lower()}_pool{rank}d_{name}".rstrip("_"), {**default, **more}
                record(case_id, f"{kind}Pooling{rank}D", config, noise[rank])
                for word in nasty if name in ("", "overlap_same", "size3_same") else ():
                    tags = ("ties",) if word == "ties" and kind == "Max" else ()
                    record(f"{case_id}_{word}", f"{kind}Pooling{rank}D", config, nasty[word][rank], tags=tags)
            first = {"data_format": "channels_first"}
            record(f"{kind.lower()}_pool{rank}d_first", f"{kind}Pooling{rank}D", {**default, **first}, noise[rank])
            for name, config in [("", {}), ("_keepdims", {"keepdims": True}), ("_first", first)]:
                record(f"global_{kind.lower()}_pool{rank}d{name}", f"Global{kind}Pooling{rank}D", config, noise[rank])
            record(
                f"global_{kind.lower()}_pool{rank}d_negative",
                f"Global{kind}Pooling{rank}D",
                {},
                nasty["negative"][rank],
            )
    record("global_max_pool2d_ties", "GlobalMaxPooling2D", {}, nasty["ties"]["2"], tags=("ties",))
    mask = np.array([[True, True, False], [False, True, True]])
    record("global_average_pool1d_mask", "GlobalAveragePooling1D", {}, (2, 3, 2), call={"mask": mask})


def norms() -> None:
    shifted = 3 + 2 * rng_for("shifted").normal(size=(4, 3)).astype(np.float32)
    configs: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("no_center", {"center": False}),
        ("no_scale", {"scale": False}),
        ("bare", {"center": False, "scale": False}),
        ("momentum", {"momentum": 0.5}),
        ("momentum0", {"momentum": 0.0}),
        ("epsilon", {"epsilon": 0.1}),
    ]
    for training in (True, False):
        call = {"training": training}
        word = "training" if training else "inference"
        for name, config in configs:
            record(f"batch_norm_{name}_{word}".replace("__", "_"), "BatchNormalization", config, shifted, call=call)
        record(f"batch_norm_4d_{word}", "BatchNormalization", {}, (2, 3, 4, 2), call=call)
        record(f"batch_norm_3d_{word}", "BatchNormalization", {}, (2, 3, 4), call=call)
        record(f"batch_norm_axis1_{word}", "BatchNormalization", {"axis": 1}, (2, 3, 4, 2), call=call)
        same = np.full((3, 2), 7, np.float32)
        tags = ("rounding",) if training else ()
        record(f"batch_norm_constant_{word}", "BatchNormalization", {}, same, call=call, tags=tags)
        record(f"batch_norm_one_row_{word}", "BatchNormalization", {}, (1, 3), call=call)
        frozen = {"trainable": False}
        record(f"batch_norm_frozen_{word}", "BatchNormalization", frozen, shifted, call=call)
    mask = np.array([[True, True, False], [False, True, False]])
    record("batch_norm_mask_training", "BatchNormalization", {}, (2, 3, 2), call={"training": True, "mask": mask})
    for name, config in configs[:4] + configs[6:]:
        record(f"layer_norm_{name}".rstrip("_"), "LayerNormalization", config, shifted)
    record("layer_norm_3d", "LayerNormalization", {}, (2, 3, 4))
    record("layer_norm_axis1", "LayerNormalization", {"axis": 1}, (2, 3, 4))
    record("layer_norm_axes", "LayerNormalization", {"axis": [1, 2]}, (2, 3, 4))
    record("layer_norm_axes_outer", "LayerNormalization", {"axis": [1, 3]}, (2, 3, 2, 4))
    record("layer_norm_constant", "LayerNormalization", {}, np.full((2, 3), -4, np.float32))
    record("layer_norm_one_feature", "LayerNormalization", {}, (3, 1))


if __name__ == "__main__":
    for family in (dense, activations, shapes, merging, convolution, pooling, norms):
        family()
    record.save()
