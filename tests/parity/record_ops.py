"""Record functions of `keras.ops`: outputs, and gradients where there are any."""

from typing import Any

import numpy as np
from recording import Recorder, gradients, keras, rng_for

record = Recorder("ops")
F = np.float32
seed = rng_for("ops")

A, B = seed.normal(size=(3, 4)).astype(F), seed.normal(size=(3, 4)).astype(F)
ROW, CUBE = seed.normal(size=(4,)).astype(F), seed.normal(size=(2, 3, 4)).astype(F)
POSITIVE = seed.uniform(0.1, 3, (3, 4)).astype(F)
UNIT = seed.uniform(-0.95, 0.95, (3, 4)).astype(F)
TIES = F([[2, 1, 2, 0], [0, 0, 0, 0], [-1, -3, -1, -2]])
HALVES = F([-2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 3.7, -3.7])
ODD = F([[np.nan, 1, -np.inf], [np.inf, 0, -2]])
INTS = np.array([[7, -7, 5], [0, 3, -4]], np.int32)
DIVISORS = np.array([[2, 2, -3], [4, -2, 3]], np.int32)
BOOLS = np.array([[True, False, True], [False, False, True]])
OTHER = np.array([[True, True, False], [False, True, True]])
SQUARE = (seed.normal(size=(3, 3)) + 3 * np.eye(3)).astype(F)
DEFINITE = (SQUARE @ SQUARE.T).astype(F)
HUGE = F([[1000, 0, -1000], [-60, -61, -62], [88, 89, 90]])
CLASSES = np.array([0, 2, 1, 3, -1, 7], np.int32)  # the last two are out of range
ROWS = np.exp(A) / np.exp(A).sum(1, keepdims=True)


def op(case_id: str, name: str, *args: Any, tags: tuple[str, ...] = (), grad: bool = True, **kwargs: Any) -> None:
    """Record one call. Arrays may be in lists in `args`; `grad=False` leaves the gradient out."""
    flat: list[Any] = []

    def hold(value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            return [hold(item) for item in value]
        if isinstance(value, np.ndarray):
            flat.append(value)
            return ("array", len(flat) - 1)
        return value

    held = [hold(value) for value in args]

    def put(value: Any, arrays: Any) -> Any:
        if isinstance(value, list):
            return [put(item, arrays) for item in value]
        return arrays[value[1]] if isinstance(value, tuple) and value[:1] == ("array",) else value

    outputs, output_grads, grads = gradients(
        lambda *arrays: getattr(keras.ops, name)(*[put(value, arrays) for value in held], **kwargs),
        flat,
        rng_for(case_id),
    )
    case: dict[str, Any] = {"function": name, "args": list(args), "kwargs": kwargs, "outputs": outputs}
    if grad and any(value is not None for value in grads):
        case |= {"output_grads": output_grads, "input_grads": grads}
    if tags:
        case["tags"] = list(tags)
    record.add({"id": case_id, **record.names(case_id, case)})


def pointwise() -> None:
    for name in [
        "abs",
        "negative",
        "square",
        "exp",
        "expm1",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arctan",
        "sign",
        "erf",
        "sigmoid",
        "softplus",
        "exp2",
        "sinc",
        "deg2rad",
        "rad2deg",
    ]:
        op(name, name, A)
    for name in ["sqrt", "rsqrt", "log", "log1p", "log2", "log10", "reciprocal", "cbrt"]:
        op(name, name, POSITIVE)
    for name in ["arcsin", "arccos", "arctanh", "erfinv"]:
        op(name, name, UNIT)
    op("arccosh", "arccosh", 1 + POSITIVE)
    for name in ["floor", "ceil", "round", "trunc", "sign", "abs", "relu"]:
        op(f"{name}_halves", name, HALVES, tags=("ties",))
    op("round_decimals", "round", A, 1, grad=False)
    for name in ["isnan", "isinf", "isfinite", "isneginf", "isposinf", "signbit"]:
        op(name, name, ODD)
    op("nan_to_num", "nan_to_num", ODD, grad=False)
    op("nan_to_num_all", "nan_to_num", ODD, nan=1.0, posinf=2.0, neginf=-3.0, grad=False)
    for name in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "arctan2", "logaddexp", "hypot"]:
        op(name, name, A, B)
        op(f"{name}_row", name, A, ROW)
        op(f"{name}_column", name, A, B[:, :1])
        op(f"{name}_number", name, A, 2.0)
    for name in ["maximum", "minimum"]:
        op(f"{name}_ties", name, TIES, TIES.copy() * F(1), tags=("ties",))
        op(f"{name}_nan", name, ODD, np.zeros_like(ODD), grad=False)
    op("heaviside", "heaviside", TIES, B, grad=False)
    op("heaviside_nan", "heaviside", ODD, np.ones_like(ODD), grad=False)
    op("power", "power", POSITIVE, B)
    op("power_number", "power", A, 3.0)
    op("power_square_negative", "power", A, 2.0)
    for name in ["mod", "floor_divide", "fmod"]:
        op(name, name, 5 * A, POSITIVE, grad=name == "mod")
        op(f"{name}_negative", name, 5 * A, -POSITIVE, grad=name == "mod")
        op(f"{name}_int", name, INTS, DIVISORS)
    op("divide_int", "divide", INTS, DIVISORS)
    op("true_divide_int", "true_divide", INTS, DIVISORS)
    op("divide_no_nan", "divide_no_nan", A, np.where(A > 0, B, F(0)))
    for name in ["add", "subtract", "multiply", "maximum", "minimum"]:
        op(f"{name}_int", name, INTS, DIVISORS)
    for name in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]:
        op(name, name, TIES, TIES[::-1].copy())
        op(f"{name}_nan", name, ODD, ODD[:, ::-1].copy())
    for name in ["logical_and", "logical_or", "logical_xor"]:
        op(name, name, BOOLS, OTHER)
    op("logical_not", "logical_not", BOOLS)
    op("clip", "clip", A, -0.5, 0.5)
    op("clip_edges", "clip", F([-1, -0.5, 0, 0.5, 1]), -0.5, 0.5, tags=("ties",))
    op("where", "where", A > 0, A, B)
    op("where_broadcast", "where", A > 0, ROW, 0.0)
    op("where_condition_only", "where", BOOLS)
    op("cast_int", "cast", HALVES, "int32", grad=False)
    op("cast_bool", "cast", HALVES, "bool", grad=False)
    op("cast_float", "cast", INTS, "float32")
    op("stop_gradient", "stop_gradient", A)


def reductions() -> None:
    ways: list[tuple[str, dict[str, Any]]] = [
        ("", {}),
        ("_axis0", {"axis": 0}),
        ("_last", {"axis": -1}),
        ("_keep", {"axis": 1, "keepdims": True}),
        ("_axes", {"axis": (0, 2)}),
    ]
    for name in ["sum", "mean", "max", "min", "prod", "var", "std", "logsumexp"]:
        for word, kwargs in ways:
            if (name, word) != ("prod", "_axes"):
                op(name + word, name, CUBE, **kwargs)
    for name in ["max", "min", "amax"]:
        op(f"{name}_ties", name, TIES, axis=1, tags=("ties",))
    for name in ["argmax", "argmin"]:
        for word, kwargs in [("", {}), ("_axis", {"axis": 1}), ("_keep", {"axis": 0, "keepdims": True})]:
            op(name + word, name, TIES, **kwargs)
    for name in ["all", "any", "count_nonzero"]:
        op(name, name, BOOLS)
        op(f"{name}_axis", name, BOOLS, axis=1)
    op("sum_int", "sum", INTS, axis=0)
    op("mean_int", "mean", INTS)
    op("sum_bool", "sum", BOOLS, axis=1)
    op("max_initial", "max", A, axis=1, initial=0.3)
    op("logsumexp_huge", "logsumexp", HUGE, axis=1)
    for name in ["cumsum", "cumprod"]:
        op(name, name, A, axis=1)
        op(f"{name}_flat", name, A)
    op("average", "average", A, axis=0)
    op("median", "median", A, axis=1, grad=False)
    op("quantile", "quantile", A, 0.3, axis=1, grad=False)
    op("moments", "moments", CUBE, axes=(0, 1))
    op("norm", "norm", A)
    op("norm_axis", "norm", A, axis=1, ord=1)
    op("normalize", "normalize", A)
    op("normalize_zero_row", "normalize", A * F([[1], [0], [1]]), tags=("ties",))
    op("diff", "diff", A)
    op("trace", "trace", SQUARE)
    op("bincount", "bincount", np.array([0, 2, 2, 5], np.int32))
    op("segment_sum", "segment_sum", A, np.array([0, 2, 2], np.int32), num_segments=4)
    op("segment_max", "segment_max", A, np.array([0, 1, 1], np.int32), num_segments=2)


def shapes() -> None:
    op("reshape", "reshape", A, (2, -1))
    op("transpose", "transpose", CUBE)
    op("transpose_axes", "transpose", CUBE, axes=(1, 2, 0))
    op("swapaxes", "swapaxes", CUBE, 0, 2)
    op("moveaxis", "moveaxis", CUBE, 0, -1)
    op("expand_dims", "expand_dims", A, 1)
    op("squeeze", "squeeze", A[:, None])
    op("squeeze_axis", "squeeze", A[None, :, None], axis=0)
    op("ravel", "ravel", A)
    op("broadcast_to", "broadcast_to", ROW, (2, 4))
    op("concatenate", "concatenate", [A, B], axis=1)
    op("stack", "stack", [A, B], axis=1)
    op("hstack", "hstack", [A, B])
    op("vstack", "vstack", [A, B])
    op("unstack", "unstack", A, axis=1)
    op("split", "split", A, 2, axis=1)
    op("split_at", "split", A, [1, 3], axis=1)
    op("tile", "tile", A, (2, 1))
    op("repeat", "repeat", A, 2, axis=0)
    op("repeat_flat", "repeat", A, 2)
    op("flip", "flip", A, axis=1)
    op("flip_all", "flip", A)
    op("roll", "roll", A, 1, axis=1)
    op("roll_flat", "roll", A, -2)
    for mode in ["constant", "reflect", "symmetric"]:
        op(f"pad_{mode}", "pad", A, ((1, 0), (2, 1)), mode=mode)
    op("pad_value", "pad", A, ((1, 0), (0, 1)), mode="constant", constant_values=7.0)
    op("pad_number", "pad", A, 1)
    op("tril", "tril", A)
    op("triu_k", "triu", A, k=1)
    op("diag", "diag", ROW)
    op("diag_of", "diag", SQUARE)
    op("diagonal", "diagonal", CUBE, axis1=1, axis2=2)
    op("eye", "eye", 3, 4, k=1)
    op("arange", "arange", 2, 11, 3)
    op("arange_float", "arange", 0.0, 1.0, 0.25)
    op("linspace", "linspace", 0.0, 1.0, 5)
    op("full", "full", (2, 3), 1.5)
    op("meshgrid", "meshgrid", ROW, F([1, 2]))


def indexing() -> None:
    places = np.array([[0, 2, 2], [1, 0, -1]], np.int32)
    op("take", "take", A, places)
    op("take_axis", "take", A, places, axis=1)
    op("take_axis0", "take", A, np.array([2, 0, 2], np.int32), axis=0)
    op("take_along_axis", "take_along_axis", A, np.array([[0], [3], [1]], np.int32), axis=1)
    for axis in (-1, 0, None):
        op(f"sort_{axis}", "sort", A, axis=axis)
        op(f"argsort_{axis}", "argsort", TIES, axis=axis)
    op("sort_ties", "sort", TIES, axis=1, tags=("ties",))
    op("top_k", "top_k", A, 2)
    op("top_k_ties", "top_k", TIES, 3, tags=("ties",))
    op("in_top_k", "in_top_k", np.array([0, 3, 1], np.int32), TIES, k=2)
    op("one_hot", "one_hot", CLASSES, 4)
    op("one_hot_axis", "one_hot", CLASSES, 4, axis=0)
    op("one_hot_int", "one_hot", CLASSES.reshape(2, 3), 4, dtype="int32")
    op("multi_hot", "multi_hot", np.array([[0, 2], [1, 1]], np.int32), 4)
    op("searchsorted", "searchsorted", F([0, 1, 1, 2]), F([-1, 1, 1.5, 3]))
    op("searchsorted_right", "searchsorted", F([0, 1, 1, 2]), F([-1, 1, 1.5, 3]), side="right")
    op("slice", "slice", A, (1, 1), (2, 3))
    op("slice_update", "slice_update", A, (1, 0), 9 * B[:2, :2])
    op("scatter", "scatter", np.array([[0], [2], [0]], np.int32), F([1, 2, 3]), (4,))
    op("scatter_update", "scatter_update", A, np.array([[0, 1], [2, 3]], np.int32), F([5, 6]))
    op("nonzero", "nonzero", BOOLS)
    op("unique", "unique", np.array([3, 1, 1, 2, 3], np.int32))


def linear() -> None:
    op("matmul", "matmul", A, B.T.copy())
    op("matmul_batch", "matmul", CUBE, seed.normal(size=(2, 4, 5)).astype(F))
    op("matmul_batch_matrix", "matmul", CUBE, seed.normal(size=(4, 5)).astype(F))
    op("matmul_vectors", "matmul", ROW, ROW + F(1))
    op("matmul_matrix_vector", "matmul", A, ROW)
    op("matmul_vector_batch", "matmul", seed.normal(size=(3,)).astype(F), CUBE)
    op("dot", "dot", A, ROW)
    op("dot_3d", "dot", CUBE, seed.normal(size=(2, 4, 3)).astype(F))
    op("tensordot", "tensordot", CUBE, A, axes=2)
    op("tensordot_axes", "tensordot", CUBE, A, axes=((2,), (1,)))
    op("inner", "inner", A, B)
    op("outer", "outer", ROW, F([1, 2, 3]))
    op("vdot", "vdot", ROW, ROW + F(1))
    op("cross", "cross", SQUARE, DEFINITE)
    for index, (words, arrays) in enumerate(
        [
            ("ij,kj->ik", (A, B)),
            ("bij,jk->bik", (CUBE, seed.normal(size=(4, 2)).astype(F))),
            ("ij->j", (A,)),
            ("ii->i", (SQUARE,)),
            ("bij,bkj->bik", (CUBE, CUBE + F(1))),
            ("i,j->ij", (ROW, ROW + F(2))),
        ]
    ):
        op(f"einsum_{index}", "einsum", words, *arrays)
    op("cholesky", "cholesky", DEFINITE, grad=False)
    op("det", "det", SQUARE)
    op("inv", "inv", SQUARE)
    op("solve", "solve", SQUARE, A)


def network() -> None:
    image, kernel = seed.normal(size=(2, 5, 6, 2)).astype(F), seed.normal(size=(3, 2, 2, 4)).astype(F)
    line = seed.normal(size=(2, 7, 2)).astype(F)
    for padding in ("valid", "same"):
        for word, more in [("", {}), ("_strides", {"strides": 2}), ("_dilation", {"dilation_rate": 2})]:
            op(f"conv_{padding}{word}", "conv", image, kernel, padding=padding, data_format="channels_last", **more)
            op(
                f"conv1d_{padding}{word}",
                "conv",
                line,
                kernel[:, 0],
                padding=padding,
                data_format="channels_last",
                **more,
            )
        for name in ("max_pool", "average_pool"):
            for word, more in [("", {"strides": 2}), ("_overlap", {"strides": 1})]:
                op(f"{name}_{padding}{word}", name, image, (2, 2), padding=padding, data_format="channels_last", **more)
            op(f"{name}_1d_{padding}", name, line, (3,), strides=2, padding=padding, data_format="channels_last")
    op("conv_groups", "conv", image, kernel[:, :, :1], data_format="channels_last")
    op("depthwise_conv", "depthwise_conv", image, kernel, data_format="channels_last")
    for name in ("softmax", "log_softmax"):
        op(name, name, A)
        op(f"{name}_axis0", name, A, axis=0)
        op(f"{name}_huge", name, HUGE)
    op("batch_normalization", "batch_normalization", A, ROW, POSITIVE[0], axis=-1, grad=False)
    op("layer_normalization", "layer_normalization", A, POSITIVE[0], ROW)
    target = np.eye(4, dtype=F)[[0, 3, 1]]
    op("categorical_crossentropy", "categorical_crossentropy", target, ROWS)
    op("categorical_crossentropy_logits", "categorical_crossentropy", target, A, from_logits=True)
    op("sparse_categorical_crossentropy", "sparse_categorical_crossentropy", np.array([0, 3, 1], np.int32), ROWS)
    op(
        "sparse_categorical_crossentropy_logits",
        "sparse_categorical_crossentropy",
        np.array([0, 3, 1], np.int32),
        A,
        from_logits=True,
    )
    op("binary_crossentropy", "binary_crossentropy", target, np.clip(ROWS, 0.01, 0.99))
    op("binary_crossentropy_logits", "binary_crossentropy", target, 9 * A, from_logits=True)


if __name__ == "__main__":
    for family in (pointwise, reductions, shapes, indexing, linear, network):
        family()
    record.save()
