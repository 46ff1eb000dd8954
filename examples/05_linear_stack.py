"""A stack of layers without activations is one linear layer; with ReLU it is not."""

import numpy as np

import lamina
from lamina import Input, Sequential, layers


def stack(activation):
    lamina.random.set_seed(1)
    return Sequential([Input((8,))] + [layers.Dense(16, activation=activation) for _ in range(3)] + [layers.Dense(4)])


def folded(model):
    """The kernel and the bias of the one layer that a linear stack equals."""
    kernel, bias = np.eye(8, dtype="float32"), np.zeros(8, "float32")
    for layer in model.layers:
        w, b = layer.get_weights()
        kernel, bias = kernel @ w, bias @ w[: len(bias)] + b
    return kernel, bias


x = lamina.random.normal((100, 8))
for activation in ("linear", "relu"):
    model = stack(activation)
    kernel, bias = folded(model)
    one = Sequential([Input((8,)), layers.Dense(4)])
    one.set_weights([kernel, bias])
    difference = np.abs(model.predict(x, verbose=0) - one.predict(x, verbose=0)).max()
    print(f"{activation:<7} {model.count_params()} parameters, one layer has {one.count_params()}: "
          f"{'the same function' if difference < 1e-5 else 'another function'}")  # fmt: skip
