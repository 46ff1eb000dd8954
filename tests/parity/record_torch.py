"""Record a second opinion from PyTorch, in float64: LSTM, GRU and Conv2D, weights in the layout of Keras."""

from typing import Any

import numpy as np
import torch
from recording import Recorder, rng_for

record = Recorder("torch", double=True)


def add(
    case_id: str, class_name: str, config: dict[str, Any], x: np.ndarray, weights: dict[str, np.ndarray], forward: Any
) -> None:
    """Run forward(x, **weights), tensors in Keras's layout, and record values and gradients in that layout."""
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in weights.items()}
    data = torch.tensor(x, requires_grad=True)
    outputs = forward(data, **tensors)
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    rng = rng_for(case_id + " grads")
    output_grads = [rng.normal(size=tuple(output.shape)) for output in outputs]
    sum((out * torch.tensor(grad)).sum() for out, grad in zip(outputs, output_grads, strict=True)).backward()
    case = {
        "class": class_name,
        "config": config,
        "how": "one",
        "inputs": [x],
        "call": {},
        "weight_names": list(weights),
        "trainable": [True] * len(weights),
        "weights": list(weights.values()),
        "outputs": [output.detach().numpy() for output in outputs],
        "output_grads": output_grads,
        "input_grads": [data.grad.numpy()],
        "weight_grads": [tensor.grad.numpy() for tensor in tensors.values()],
    }
    record.add({"id": case_id, **record.names(case_id, case)})


def blocks(tensor: torch.Tensor, order: list[int]) -> torch.Tensor:
    """The same as `gates`, for tensors, with the gates then on the first axis as PyTorch has them."""
    parts = tensor.chunk(len(order), dim=-1)
    return torch.cat([parts[index] for index in order], dim=-1).T


def lstm(case_id: str, steps: int, units: int, features: int, batch: int) -> None:
    """Keras's gates are i, f, c, o; PyTorch's are i, f, g, o: the same order, with two biases instead of one."""
    rng = rng_for(case_id)
    weights = {
        "kernel": rng.normal(size=(features, 4 * units)),
        "recurrent_kernel": rng.normal(size=(units, 4 * units)),
        "bias": rng.normal(size=4 * units),
    }

    def forward(x: torch.Tensor, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: torch.Tensor) -> Any:
        module = torch.nn.LSTM(features, units, batch_first=True, dtype=torch.float64)
        parameters = {
            "weight_ih_l0": kernel.T,
            "weight_hh_l0": recurrent_kernel.T,
            "bias_ih_l0": bias,
            "bias_hh_l0": torch.zeros_like(bias),
        }
        output, (h, c) = torch.func.functional_call(module, parameters, (x,))
        return output, h[0], c[0]

    config = {"units": units, "return_sequences": True, "return_state": True}
    add(case_id, "LSTM", config, rng.normal(size=(batch, steps, features)), weights, forward)


def gru(case_id: str, steps: int, units: int, features: int, batch: int) -> None:
    """Keras's gates are z, r, h; PyTorch's are r, z, n. `reset_after=True` is PyTorch's form."""
    rng = rng_for(case_id)
    weights = {
        "kernel": rng.normal(size=(features, 3 * units)),
        "recurrent_kernel": rng.normal(size=(units, 3 * units)),
        "bias": rng.normal(size=(2, 3 * units)),
    }

    def forward(x: torch.Tensor, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: torch.Tensor) -> Any:
        module = torch.nn.GRU(features, units, batch_first=True, dtype=torch.float64)
        order = [1, 0, 2]
        parameters = {
            "weight_ih_l0": blocks(kernel, order),
            "weight_hh_l0": blocks(recurrent_kernel, order),
            "bias_ih_l0": blocks(bias[:1], order)[:, 0],
            "bias_hh_l0": blocks(bias[1:], order)[:, 0],
        }
        output, h = torch.func.functional_call(module, parameters, (x,))
        return output, h[0]

    config = {"units": units, "return_sequences": True, "return_state": True}
    add(case_id, "GRU", config, rng.normal(size=(batch, steps, features)), weights, forward)


def conv(case_id: str, config: dict[str, Any], shape: tuple[int, ...], kernel_shape: tuple[int, ...]) -> None:
    """Keras's kernel is (height, width, in, out) over channels last; "same" only where both agree."""
    rng = rng_for(case_id)
    weights = {"kernel": rng.normal(size=kernel_shape), "bias": rng.normal(size=kernel_shape[-1])}

    def forward(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        options = {
            "stride": config.get("strides", 1),
            "dilation": config.get("dilation_rate", 1),
            "groups": config.get("groups", 1),
            "padding": config.get("padding", "valid"),
        }
        result = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, **options)
        return result.permute(0, 2, 3, 1)

    config = {"filters": kernel_shape[-1], "kernel_size": list(kernel_shape[:2]), **config}
    add(case_id, "Conv2D", config, rng.normal(size=shape), weights, forward)


if __name__ == "__main__":
    torch.set_num_threads(1)
    lstm("lstm", steps=5, units=3, features=2, batch=3)
    lstm("lstm_one_step", steps=1, units=4, features=3, batch=1)
    gru("gru", steps=5, units=3, features=2, batch=3)
    conv("conv2d", {}, (2, 6, 5, 3), (3, 3, 3, 4))
    conv("conv2d_strides", {"strides": [2, 1]}, (2, 7, 6, 2), (3, 2, 2, 3))
    conv("conv2d_same", {"padding": "same"}, (2, 5, 4, 2), (3, 3, 2, 3))
    conv("conv2d_same_even", {"padding": "same"}, (2, 5, 4, 2), (2, 4, 2, 3))
    conv("conv2d_dilation", {"dilation_rate": [2, 1]}, (1, 7, 6, 2), (3, 3, 2, 2))
    conv("conv2d_groups", {"groups": 2}, (2, 5, 5, 4), (3, 3, 2, 6))
    record.save()
