"""Sigmoid and ReLU in a deep stack: how large the gradient of each layer's kernel is before any training."""

import numpy as np

import lamina
from lamina import Input, Sequential, layers, losses, ops
from lamina.datasets import digits

(x, y), _ = digits.load_data()
x, y = (x[:200] / 16).astype("float32"), y[:200].astype("int32")


def norms(activation, initializer):
    """The norm of the gradient of each kernel, from the first layer to the last."""
    lamina.random.set_seed(2)
    hidden = [layers.Dense(32, activation, kernel_initializer=initializer) for _ in range(8)]
    model = Sequential([Input((8, 8)), layers.Flatten(), *hidden, layers.Dense(10)])

    def loss(x, y):
        return ops.mean(losses.sparse_categorical_crossentropy(y, model(x), from_logits=True))

    kernels = [v for v in model.trainable_variables if v.name == "kernel"]
    _, gradients = lamina.value_and_grad(loss, variables=kernels)(x, y)
    return [float(np.linalg.norm(g)) for g in gradients]


sigmoid, relu = norms("sigmoid", "glorot_uniform"), norms("relu", "he_uniform")
print("layer   sigmoid      relu")
for i, (s, r) in enumerate(zip(sigmoid, relu, strict=True), 1):
    print(f"{i:>5}  {s:8.1e}  {r:8.1e}")
print(f"first to last: sigmoid {sigmoid[0] / sigmoid[-1]:.0e}, relu {relu[0] / relu[-1]:.0e}")
print("The derivative of the sigmoid is at most 0.25: on its way back each layer takes most of the gradient away.")
