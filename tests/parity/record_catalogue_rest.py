"""Record ConvLSTM, and layers of the catalogue that came later."""

from typing import Any

import numpy as np
from recording import LayerRecorder

record = LayerRecorder("catalogue_rest")
FIRST = {"data_format": "channels_first"}


def convolutional_memory() -> None:
    line, image, volume = (2, 4, 7, 3), (2, 4, 5, 6, 2), (2, 2, 3, 4, 3, 2)
    first = {"data_format": "channels_first"}
    every, states = {"return_sequences": True}, {"return_state": True}

    def two(name: str, config: dict[str, Any], *inputs: Any, rank: int = 2, **more: Any) -> None:
        config = {"filters": 2, "kernel_size": 3, **config}
        record(f"conv_lstm_{rank}d_{name}", f"ConvLSTM{rank}D", config, *inputs, **more)

    two("plain", {}, line, rank=1)
    two("same", {"padding": "same", **every, **states}, line, rank=1)
    two("strides", {"strides": 2, **every}, line, rank=1)
    two("dilated", {"dilation_rate": 2, "kernel_size": 2, **states}, line, rank=1)
    two("first", {**first, **every}, (2, 4, 3, 7), rank=1)
    two("plain", {}, image)
    two("same", {"padding": "same", **every, **states}, image)
    two("strides", {"strides": [2, 1], "padding": "same", "kernel_size": [3, 2]}, image)
    two("dilated", {"dilation_rate": [1, 2], "kernel_size": 2, **every}, image)
    two("backwards", {"go_backwards": True, **every, "use_bias": False}, image)
    two("activations", {"activation": "relu", "recurrent_activation": "hard_sigmoid", "unit_forget_bias": False}, image)
    two("first", {**first, **every, **states}, (2, 4, 2, 5, 6))
    two("first_last", {**first, "padding": "same"}, (2, 4, 2, 5, 6))
    start = [(2, 3, 4, 2), (2, 3, 4, 2)]
    two("started", {**states}, image, call={"initial_state": start})
    start = [(2, 2, 3, 4), (2, 2, 3, 4)]
    two("started_first", {**states, **first}, (2, 4, 2, 5, 6), call={"initial_state": start})
    two("plain", {"kernel_size": 2}, volume, rank=3)
    two("same", {"kernel_size": 2, "padding": "same", **every}, volume, rank=3)
    two("first", {"kernel_size": 2, **first, **states}, (2, 2, 2, 3, 4, 3), rank=3)


def sliding() -> None:
    """What the other files leave out of convolution, pooling, padding and up-sampling."""
    volume, turned = (2, 4, 5, 3, 2), (2, 2, 4, 5, 3)
    for name, more in [
        ("same", {"padding": "same"}),
        ("strides", {"strides": [2, 1, 1]}),
        ("dilated", {"dilation_rate": [2, 3, 1]}),
        ("dilated_same", {"dilation_rate": 2, "padding": "same", "use_bias": False}),
        ("groups", {"groups": 2, "filters": 4, "activation": "relu"}),
        ("sizes", {"kernel_size": [1, 3, 2]}),
    ]:
        record(f"conv_3d_{name}", "Conv3D", {"filters": 2, "kernel_size": 2, **more}, volume)
    record("conv_3d_first", "Conv3D", {"filters": 2, "kernel_size": 2, "strides": [1, 2, 1], **FIRST}, turned)
    record("conv_2d_first_groups", "Conv2D", {"filters": 4, "kernel_size": 2, "groups": 2, **FIRST}, (2, 4, 5, 6))
    dilated = {"filters": 2, "kernel_size": 2, "dilation_rate": [2, 1], "padding": "same", **FIRST}
    record("conv_2d_first_dilated", "Conv2D", dilated, (2, 3, 5, 6))
    record("conv_1d_first_causal", "Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
           (2, 7, 3))  # fmt: skip
    shapes = {1: (2, 3, 6), 2: (2, 3, 5, 6), 3: (2, 2, 3, 4, 3)}
    for rank, shape in shapes.items():
        config = {"filters": 2, "kernel_size": 3, **FIRST}
        name = f"conv_{rank}d_transpose"
        record(f"{name}_first", f"Conv{rank}DTranspose", config, shape)
        record(f"{name}_first_strides", f"Conv{rank}DTranspose", {**config, "strides": 2, "padding": "same"}, shape)
        more = {"strides": 3, "output_padding": 2, "activation": "relu"}
        record(f"{name}_first_output_padding", f"Conv{rank}DTranspose", {**config, **more}, shape)
        dilated = {"filters": 2, "kernel_size": 2, "dilation_rate": 2}
        record(f"{name}_dilated", f"Conv{rank}DTranspose", dilated, (2, *(4,) * rank, 3))
    for rank in (1, 2):
        for kind in ("DepthwiseConv", "SeparableConv"):
            config = {"kernel_size": 2, **FIRST, **({"filters": 3} if kind == "SeparableConv" else {})}
            name = f"{kind.lower()}_{rank}d"
            record(f"{name}_first", f"{kind}{rank}D", {**config, "padding": "same"}, shapes[rank])
            more = {"strides": 2, "depth_multiplier": 2, "activation": "tanh"}
            record(f"{name}_first_more", f"{kind}{rank}D", {**config, **more}, shapes[rank])
            record(f"{name}_first_dilated", f"{kind}{rank}D", {**config, "dilation_rate": 2}, shapes[rank])
    sizes = {"kernel_size": [1, 3], "padding": "same"}
    record("depthwise_conv_2d_sizes", "DepthwiseConv2D", sizes, (2, 5, 6, 3))
    record("separable_conv_2d_sizes", "SeparableConv2D", {"filters": 2, **sizes}, (2, 5, 6, 3))
    for kind in ("Max", "Average"):
        for name, more in [
            ("sizes", {"pool_size": [1, 2, 3], "strides": [1, 2, 1]}),
            ("same", {"pool_size": 2, "padding": "same", "strides": [2, 1, 3]}),
        ]:
            record(f"{kind.lower()}_pooling_3d_{name}", f"{kind}Pooling3D", more, volume)
        record(f"{kind.lower()}_pooling_3d_first", f"{kind}Pooling3D", {"pool_size": 2, **FIRST}, turned)
        same = {"pool_size": 2, "padding": "same", **FIRST}
        record(f"{kind.lower()}_pooling_2d_first_same", f"{kind}Pooling2D", same, (2, 3, 5, 6))
    record("global_average_pooling_3d_first", "GlobalAveragePooling3D", FIRST, turned)
    record("global_average_pooling_3d_kept", "GlobalAveragePooling3D", {"keepdims": True}, volume)
    for word in ("bicubic", "lanczos3", "lanczos5"):
        record(f"up_sampling_2d_{word}", "UpSampling2D", {"size": [2, 3], "interpolation": word}, (2, 3, 4, 2))
    record("up_sampling_2d_first", "UpSampling2D", {"size": [2, 3], **FIRST}, (2, 2, 3, 4))
    up = {"size": [3, 2], "interpolation": "bilinear", **FIRST}
    record("up_sampling_2d_first_bilinear", "UpSampling2D", up, (2, 2, 3, 4))
    record("up_sampling_3d_first", "UpSampling3D", {"size": [1, 2, 3], **FIRST}, (2, 2, 2, 3, 2))
    record("zero_padding_1d_first", "ZeroPadding1D", {"padding": [1, 2], **FIRST}, (2, 2, 3))
    pairs = [[1, 0], [2, 1], [0, 3]]
    record("zero_padding_3d_pairs", "ZeroPadding3D", {"padding": pairs}, volume)
    record("zero_padding_3d_first", "ZeroPadding3D", {"padding": [1, 2, 0], **FIRST}, turned)
    record("cropping_2d_first", "Cropping2D", {"cropping": [[1, 0], [2, 1]], **FIRST}, (2, 2, 4, 6))
    record("cropping_3d_pairs", "Cropping3D", {"cropping": [[1, 0], [2, 1], [0, 1]]}, volume)
    record("cropping_3d_first", "Cropping3D", {"cropping": [1, 2, 0], **FIRST}, turned)


def merging() -> None:
    """Tensors of any rank, that broadcast."""
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        record(f"merge_{name.lower()}_4d", name, {}, (2, 3, 1, 4), (2, 1, 5, 4), how="list")
        record(f"merge_{name.lower()}_5d", name, {}, (2, 1, 3, 1, 2), (2, 2, 1, 4, 2), how="list")
    record("concatenate_5d", "Concatenate", {"axis": 2}, (2, 3, 1, 2, 2), (2, 3, 4, 2, 2), how="list")
    record("concatenate_three", "Concatenate", {"axis": -1}, (2, 3), (2, 1), (2, 4), how="list")
    record("dot_behind", "Dot", {"axes": -1}, (2, 3), (2, 3), how="list")
    record("dot_4d", "Dot", {"axes": [3, 1]}, (2, 2, 3, 4), (2, 4, 5), how="list")
    record("dot_normalized_3d", "Dot", {"axes": [2, 2], "normalize": True}, (2, 3, 4), (2, 5, 4), how="list")


def preparing() -> None:
    record("gray_all", "RandomGrayscale", {"factor": 1.0}, (2, 3, 4, 3), call={"training": True})
    record("gray_none", "RandomGrayscale", {"factor": 0.0}, (2, 3, 4, 3), call={"training": True})
    record("gray_first", "RandomGrayscale", {"factor": 1.0, **FIRST}, (2, 3, 4, 5), call={"training": True})
    table = {"input_dim": 5, "output_dim": 3}
    words = np.array([[0, 3, 4], [2, 2, 1]], np.int32)
    record("reversible_embedding", "ReversibleEmbedding", table, words)
    back = {"reverse": True}
    record("reversible_embedding_back", "ReversibleEmbedding", table, (2, 4, 3), call=back)
    record("reversible_embedding_apart", "ReversibleEmbedding", {**table, "tie_weights": False}, (2, 4, 3), call=back)
    record("reversible_embedding_capped", "ReversibleEmbedding", {**table, "logit_soft_cap": 2.0}, (2, 3), call=back)


if __name__ == "__main__":
    for family in (convolutional_memory, sliding, merging, preparing):
        family()
    record.save()
