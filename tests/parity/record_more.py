"""Record what the other families leave out: some layers, functions and metrics, and control flow."""

from typing import Any

import numpy as np
import record_metrics
import record_ops
from control_programs import PROGRAMS
from record_metrics import one
from record_ops import op
from recording import LayerRecorder, gradients, keras, rng_for

record = LayerRecorder("more")
record_ops.record = record_metrics.record = record  # `op` and `one` add their cases here

F = np.float32
seed = rng_for("more")


def noise(*shape: int) -> np.ndarray:
    return seed.normal(size=shape).astype(F)


def functions_as_layers() -> None:
    """The config of a Lambda is recorded with the name of the function: it is that of `ops`."""
    cases: list[tuple[str, dict[str, Any]]] = [("square", {}), ("tanh", {}), ("logsumexp", {"axis": -1})]
    for name, arguments in cases:
        config = {"function": getattr(keras.ops, name), "arguments": arguments}
        record(f"lambda_{name}", "Lambda", config, (2, 3, 4))
        record.cases[-1]["config"]["function"] = name


def activity() -> None:
    """Beside the usual, `losses` has what the layer adds to the loss."""
    for word, config in [("l1", {"l1": 0.3}), ("l2", {"l2": 0.2}), ("both", {"l1": 0.3, "l2": 0.2}), ("none", {})]:
        for shape in ((4, 3), (2, 3, 2)):
            record(name := f"activity_{word}_{len(shape)}d", "ActivityRegularization", config, shape)
            layer = keras.layers.ActivityRegularization(**config)
            layer(record.arrays[record.cases[-1]["inputs"][0]])
            record.cases[-1]["losses"] = record.names(f"{name}/losses", [np.asarray(sum(layer.losses), F)])


def layers() -> None:
    still = {"training": False}
    record("alpha_dropout_inference", "AlphaDropout", {"rate": 0.4}, (3, 4), call=still)
    record("spatial_dropout_2d_inference", "SpatialDropout2D", {"rate": 0.4}, (2, 3, 3, 2), call=still)
    record("spatial_dropout_3d_inference", "SpatialDropout3D", {"rate": 0.4}, (2, 2, 3, 2, 2), call=still)
    for word, config in [
        ("", {}),
        ("_keepdims", {"keepdims": True}),
        ("_first", {"data_format": "channels_first"}),
    ]:
        record(f"global_max_pooling_3d{word}", "GlobalMaxPooling3D", config, (2, 2, 3, 4, 3))
    for word, more in [
        ("", {}),
        ("_same", {"padding": "same"}),
        ("_strides", {"strides": 2}),
        ("_strides_same", {"strides": [1, 2, 2], "padding": "same", "activation": "tanh"}),
        ("_output_padding", {"strides": 2, "output_padding": 1}),
        ("_no_bias", {"use_bias": False, "kernel_size": [1, 2, 3]}),
    ]:
        config = {"filters": 2, "kernel_size": 2, **more}
        record(f"conv_3d_transpose{word}", "Conv3DTranspose", config, (2, 2, 3, 2, 2))
    dense = {"class": "Dense", "config": {"units": 3}}
    conv = {"class": "Conv2D", "config": {"filters": 2, "kernel_size": 2}}
    record("spectral_normalization_dense", "SpectralNormalization", {"layer": dense}, (3, 4), call=still)
    record("spectral_normalization_conv", "SpectralNormalization", {"layer": conv}, (2, 3, 3, 2), call=still)
    kinds = [("LSTMCell", 3), ("GRUCell", 2), ("SimpleRNNCell", 4)]
    stack = [{"class": name, "config": {"units": units}} for name, units in kinds]
    for word, more in [("", {}), ("_sequences", {"return_sequences": True}), ("_backwards", {"go_backwards": True})]:
        cells = {"class": "StackedRNNCells", "config": {"cells": stack}}
        record(f"rnn_of_three_cells{word}", "RNN", {"cell": cells, **more}, (2, 4, 3))


def functions() -> None:
    last = {"data_format": "channels_last"}
    line, image = noise(2, 5, 2), noise(2, 4, 3, 2)
    for padding in ("valid", "same"):
        for strides in (1, 2):
            given = {"strides": strides, "padding": padding, **last}
            op(f"conv_transpose_1d_{padding}_{strides}", "conv_transpose", line, noise(3, 4, 2), **given)
            op(f"conv_transpose_2d_{padding}_{strides}", "conv_transpose", image, noise(3, 2, 4, 2), **given)
            depthwise, pointwise = noise(2, 3, 2, 2), noise(1, 1, 4, 3)
            op(f"separable_conv_2d_{padding}_{strides}", "separable_conv", image, depthwise, pointwise, **given)
    op("separable_conv_1d", "separable_conv", line, noise(3, 2, 2), noise(1, 4, 3), **last)
    op("separable_conv_dilated", "separable_conv", image, noise(2, 2, 2, 1), noise(1, 1, 2, 3), dilation_rate=2, **last)
    op("conv_transpose_dilated", "conv_transpose", image, noise(2, 2, 3, 2), dilation_rate=2, **last)
    cube = noise(2, 3, 4)
    op("rms_normalization", "rms_normalization", cube)
    op("rms_normalization_scale", "rms_normalization", cube, noise(4))
    op("rms_normalization_axis", "rms_normalization", cube, axis=1)
    op("rms_normalization_epsilon", "rms_normalization", cube, noise(4), epsilon=0.1)
    left = F([1, 1, 1, 0, -2, np.inf, np.inf, np.nan, np.nan, 0, 100])
    right = F([1, 1.000005, 1.1, 1e-9, 2, np.inf, -np.inf, np.nan, 1, 1e-6, 100.0005])
    op("isclose", "isclose", left, right, grad=False)
    op("isclose_nan", "isclose", left, right, equal_nan=True, grad=False)
    op("isclose_loose", "isclose", left, right, rtol=0.2, atol=0.01, grad=False)
    op("isclose_broadcast", "isclose", F([[1], [2]]), F([1, 2, 3]), grad=False)
    edges = F([-1.5, 0, 0.5, 2])
    op("digitize", "digitize", noise(3, 4), edges, grad=False)
    op("digitize_edges", "digitize", F([-1.5, 0, 0.5, 2, -9, 9]), edges, grad=False)
    op("digitize_ints", "digitize", np.array([0, 1, 5, 12, 3], np.int32), np.array([1, 3, 12], np.int32), grad=False)


def control() -> None:
    """A `while_loop` has no gradient in Keras on JAX."""
    count = np.int32(0)
    given: list[tuple[str, str, list[Any]]] = [
        ("cond_true", "either", [np.array(True), noise(2, 3), noise(2, 3)]),
        ("cond_false", "either", [np.array(False), noise(2, 3), noise(2, 3)]),
        ("cond_computed_true", "either_of_two", [np.abs(noise(3))]),
        ("cond_computed_false", "either_of_two", [-np.abs(noise(3))]),
        ("while_loop", "until", [9 * noise(2, 3), np.array(count)]),
        ("while_loop_never", "until", [F([0.1, 0.2]), np.array(count)]),
        ("while_loop_limited", "until_at_most", [99 * noise(4), np.array(count)]),
        ("scan", "running", [noise(3), noise(5, 3)]),
        ("scan_reverse", "backwards", [noise(3), noise(5, 3)]),
        ("scan_one_row", "running", [noise(2, 2), noise(1, 2, 2)]),
        ("scan_counted", "counted", [noise(3)]),
    ]
    for case_id, name, args in given:
        case: dict[str, Any] = {"program": name, "args": args}
        if name.startswith("until"):
            tensors = [keras.ops.convert_to_tensor(a) for a in args]
            case["outputs"] = [np.asarray(y) for y in PROGRAMS[name](keras.ops, *tensors)]
        else:
            found = gradients(lambda *xs, name=name: PROGRAMS[name](keras.ops, *xs), args, rng_for(case_id))
            case["outputs"], case["output_grads"], case["input_grads"] = found
        record.add({"id": case_id, **record.names(case_id, case)})


def metrics() -> None:
    """Weights are whole numbers: Keras cuts off the rest here, and warns of it."""
    batches = [(seed.integers(0, 3, rows), noise(rows, 3), seed.integers(0, 3, rows).astype(F)) for rows in (6, 1, 5)]
    eye = np.eye(3, dtype=F)
    for class_name, more in [("OneHotIoU", {"target_class_ids": [0, 2]}), ("OneHotMeanIoU", {})]:
        config, name = {"num_classes": 3, **more}, class_name.lower()
        scores = [{"y_true": eye[true], "y_pred": pred} for true, pred, _ in batches]
        one(name, class_name, config, scores)
        weighted = [{**update, "sample_weight": w} for update, (_, _, w) in zip(scores, batches, strict=True)]
        one(f"{name}_weighted", class_name, config, weighted)
        said = [{"y_true": eye[true], "y_pred": pred.argmax(-1).astype(np.int32)} for true, pred, _ in batches]
        one(f"{name}_sparse", class_name, {**config, "sparse_y_pred": True}, said)
        one(f"{name}_ignored", class_name, {**config, "ignore_class": 1}, scores)
        first = [{"y_true": np.array(eye[true].T), "y_pred": np.array(pred.T)} for true, pred, _ in batches]
        one(f"{name}_axis", class_name, {**config, "axis": 0}, first)


if __name__ == "__main__":
    for family in (functions_as_layers, activity, layers, functions, control, metrics):
        family()
    record.save()
