"""How much arithmetic a node is: multiplications and additions, each counted as one."""

from __future__ import annotations

from math import prod

from ..graph import Graph, Node

FREE = {
    "item",
    "reshape",
    "transpose",
    "expand",
    "slice",
    "pad",
    "concatenate",
    "reverse",
    "gather",
    "full",
    "iota",
    "cast",
    "stop_gradient",
}
PER_ELEMENT = {
    "softmax": 5,
    "log_softmax": 5,
    "softmax_cross_entropy": 6,
    "sparse_softmax_cross_entropy": 6,
    "sigmoid_cross_entropy": 5,
    "layer_normalization": 8,
}


def flops(node: Node) -> int:
    """The floating-point operations of a node; moving numbers is none, a function such as exp is one.

    >>> from lamina.graph import placeholder
    >>> from lamina.types import Type
    >>> a, b = placeholder(Type("float32", (2, 3))), placeholder(Type("float32", (3, 4)))
    >>> lamina.insight.cost.flops(lamina.ops.matmul(a, b))
    48
    """
    assert node.op is not None
    name, inputs = node.op.name, [x.types[0] for x in node.inputs]
    made = sum(t.size for t in node.types)
    if name in FREE:
        return 0
    if name == "scatter_onto":
        return inputs[1].size
    if name == "matmul":
        return 2 * made * inputs[0].shape[-1]
    if name.startswith("conv"):
        return convolution(name, node)
    if name == "scan":
        bodies = [v for v in node.attrs.values() if isinstance(v, Graph)]
        return node.attrs.get("length", 1) * sum(flops(n) for body in bodies for n in body.nodes)
    if name in PER_ELEMENT:
        return PER_ELEMENT[name] * inputs[0].size
    return max([made, *(t.size for t in inputs)])


def convolution(name: str, node: Node) -> int:
    """Two for each pair of a weight and a place where it is used. The three kinds share the same triples."""
    if name == "conv":
        output, kernel = node.types[0].shape, node.inputs[1].types[0].shape
    elif name == "conv_input_grad":
        output, kernel = node.inputs[0].types[0].shape, node.inputs[1].types[0].shape
    else:
        output, kernel = node.inputs[1].types[0].shape, node.types[0].shape
    return 2 * prod(output) * prod(kernel[:-1])


def traffic(node: Node) -> int:
    """The bytes that a node reads and writes if nothing is fused."""
    types = [*(t for x in node.inputs for t in x.types), *node.types]
    if node.op is not None and node.op.name == "scatter_onto":
        types = [types[1], types[1], *types[1:3]]  # of the table only rows are read and written
    return sum(t.size * item_size(t.dtype) for t in types)


def item_size(dtype: str) -> int:
    """Bytes of one element."""
    return {"float64": 8, "int64": 8, "uint8": 1, "bool": 1}.get(dtype, 4)
