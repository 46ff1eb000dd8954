"""One sample from Python: ``model.predict_on_batch(x)`` against ONNX Runtime's ``session.run`` on the same network.

The ONNX files are built in memory with the same weights; ONNX Runtime has two threads and its own optimizations.
"""

from __future__ import annotations

import numpy as np

from .race import Job, line, race, started
from .results import keep
from .works import WORKS, data, weights

CALLS = {"book": 2000, "cnn": 300}  # calls in one sample


def one(name: str) -> np.ndarray:
    return data(WORKS[name])[0][:1]


def repeated(call, count: int):
    def run():
        for _ in range(count):
            call()

    return run


def with_lamina(name: str) -> Job:
    from .with_lamina import NETWORKS

    model = NETWORKS[name]()
    model.set_weights(weights(name))
    x = one(name)
    answer = model.predict_on_batch(x)
    return Job(repeated(lambda: model.predict_on_batch(x), CALLS[name]), CALLS[name], [answer])


def with_onnxruntime(name: str) -> Job:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(onnx_file(name), options, providers=["CPUExecutionProvider"])
    x = one(name)
    given = {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x}
    answer = session.run(None, given)[0]
    return Job(repeated(lambda: session.run(None, given), CALLS[name]), CALLS[name], [answer])


def onnx_file(name: str) -> bytes:
    """The network as ONNX: Gemm for dense layers; convolutions channels first, as its operators are."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, constants = [], []

    def constant(array: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), f"w{len(constants)}"))
        return constants[-1].name

    def node(kind: str, *inputs: str, **attributes) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"v{len(nodes)}"], **attributes))
        return f"v{len(nodes) - 1}"

    given = weights(name)
    pairs = list(zip(given[::2], given[1::2], strict=True))
    x, shape = "x", [1, 784]
    if name == "cnn":
        shape = [1, 1, 28, 28]
        for kernel, bias in pairs[:-1]:
            x = node("Relu", node("Conv", x, constant(kernel.transpose(3, 2, 0, 1)), constant(bias)))
            x = node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        x = node("Flatten", node("Transpose", x, perm=[0, 2, 3, 1]))
    else:
        for kernel, bias in pairs[:-1]:
            x = node("Sigmoid", node("Gemm", x, constant(kernel), constant(bias)))
    x = node("Softmax", node("Gemm", x, constant(pairs[-1][0]), constant(pairs[-1][1])))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 10])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model.SerializeToString()


def measure(rounds: int, only: list[str]) -> None:
    rows = {}
    with started({"lamina": "inference:with_lamina", "onnxruntime": "inference:with_onnxruntime"}) as competitors:
        for name in CALLS:
            rows[name] = race(competitors, name, rounds)
            print(line(name, rows[name]), flush=True)
    keep("inference", "microseconds a call with one sample", rows, rounds)
