"""A small residual network with batch normalisation on CIFAR-10, in Lamina and PyTorch from the same initial weights.

    LAMINA_DATA=folder python -m bench.experiments.cifar_residual [--framework lamina|torch|both] [--pictures 12000]

``folder`` has ``cifar10_jpeg/cifar10_jpeg.npz``: pictures as JPEG bytes behind one another, with where each begins, and
their labels. Needs Pillow, and PyTorch for its part. Prints loss and test accuracy for each epoch, and the time. A loss
that is not finite ends with status 1, and so does a mean accuracy over the last two epochs that is more than one point
below PyTorch's. The order of the pictures differs between the two.

The network (He et al., "Deep residual learning for image recognition", CVPR 2016, section 4.2, smaller): a convolution,
then for 16, 32 and 64 channels one block of two convolutions whose input is added to what they give; between widths
the block has strides of 2 and its shortcut a convolution of 1 x 1.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from pathlib import Path

import numpy as np

import lamina
from lamina import layers

WIDTHS = (16, 32, 64)
MOMENTUM = 0.9  # of the moving averages: 1 - 0.1, PyTorch's default


def pictures(split: str, count: int):
    """Pictures float32 [count, 32, 32, 3] within -1 .. 1 and labels, drawn from all classes."""
    from PIL import Image

    with np.load(Path(os.environ["LAMINA_DATA"]) / "cifar10_jpeg" / "cifar10_jpeg.npz") as file:
        starts, data, labels = (file[f"{split}_{name}"] for name in ("offsets", "jpeg", "labels"))
    chosen = np.random.default_rng(1).permutation(len(labels))[:count]
    read = [np.asarray(Image.open(io.BytesIO(data[starts[i] : starts[i + 1]].tobytes()))) for i in chosen]
    return np.stack(read).astype("float32") / 127.5 - 1, labels[chosen].astype("int32")


def convolved(x, width: int, size: int, strides: int, active: bool):
    """Convolution without bias, batch normalisation, and relu if wanted."""
    x = layers.Conv2D(width, size, strides, "same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-5)(x)
    return layers.ReLU()(x) if active else x


def in_lamina():
    """The network as a functional model."""
    given = lamina.Input((32, 32, 3))
    x = convolved(given, WIDTHS[0], 3, 1, True)
    for i, width in enumerate(WIDTHS):
        strides = 2 if i else 1
        inner = convolved(convolved(x, width, 3, strides, True), width, 3, 1, False)
        shortcut = convolved(x, width, 1, strides, False) if strides > 1 else x
        x = layers.ReLU()(layers.Add()([inner, shortcut]))
    return lamina.Model(given, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def in_torch(kernels):
    """The network in PyTorch, with the kernels of the other one, in the order in which it computes."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, before: int, width: int, strides: int):
            super().__init__()
            self.strides = strides
            self.first, self.second = kernel(before, width, 3, strides), kernel(width, width, 3, 1)
            self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(3 if strides > 1 else 2))
            self.shortcut = kernel(before, width, 1, strides) if strides > 1 else None

        def forward(self, x):
            y = self.norms[0](same(self.first, x)).relu()
            y = self.norms[1](same(self.second, y))
            return (y + (x if self.shortcut is None else self.norms[2](same(self.shortcut, x)))).relu()

    def kernel(before: int, width: int, size: int, strides: int):
        return nn.Conv2d(before, width, size, strides, bias=False)

    def same(convolution, x):
        """Keras's padding: the odd cell behind."""
        size, strides = convolution.kernel_size[0], convolution.stride[0]
        total = max((-(-x.shape[-1] // strides) - 1) * strides + size - x.shape[-1], 0)
        return convolution(nn.functional.pad(x, (total // 2, total - total // 2) * 2))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.norm = kernel(3, WIDTHS[0], 3, 1), nn.BatchNorm2d(WIDTHS[0])
            pairs = zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)
            self.blocks = nn.ModuleList(Block(a, b, 2 if i else 1) for i, (a, b) in enumerate(pairs))
            self.dense = nn.Linear(WIDTHS[-1], 10)

        def forward(self, x):
            x = self.norm(same(self.first, x)).relu()
            for block in self.blocks:
                x = block(x)
            return self.dense(x.mean((2, 3)))

    network = Network()
    convolutions = [network.first]
    for block in network.blocks:
        convolutions += [block.first, block.second, *([block.shortcut] if block.shortcut is not None else [])]
    with torch.no_grad():
        for convolution, value in zip(convolutions, kernels[:-1], strict=True):
            convolution.weight.copy_(torch.from_numpy(value.transpose(3, 2, 0, 1).copy()))
        network.dense.weight.copy_(torch.from_numpy(kernels[-1].T.copy()))
        network.dense.bias.zero_()
    return network.to(memory_format=torch.channels_last)


def train_lamina(model, train, test, chosen) -> list[float]:
    """Test accuracies, epoch by epoch."""
    steps = chosen.epochs * -(-len(train[0]) // 64)
    model.compile(
        lamina.optimizers.SGD(lamina.optimizers.schedules.CosineDecay(0.1, steps), momentum=0.9, nesterov=True),
        lamina.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    print(f"lamina: operations off the engine: {len(lamina.explain(model).training.elsewhere)}")
    found, begun = [], time.perf_counter()
    for epoch in range(chosen.epochs):
        seen = model.fit(*train, batch_size=64, initial_epoch=epoch, epochs=epoch + 1, verbose=0).history
        spent = time.perf_counter() - begun
        found.append(model.evaluate(*test, batch_size=500, verbose=0, return_dict=True)["accuracy"])
        tell("lamina", epoch, seen["loss"][-1], found[-1], spent)
    return found


def train_torch(network, train, test, chosen) -> list[float]:
    """Test accuracies, epoch by epoch."""
    import torch

    torch.manual_seed(chosen.seed)
    x, x_test = (torch.from_numpy(a).permute(0, 3, 1, 2) for a in (train[0], test[0]))  # the bytes stay channels last
    y, y_test = (torch.from_numpy(b).long() for b in (train[1], test[1]))
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, nesterov=True)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, chosen.epochs * -(-len(x) // 64))
    found, begun = [], time.perf_counter()
    for epoch in range(chosen.epochs):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            rate.step()
            total += float(loss.detach()) * len(rows)
        spent = time.perf_counter() - begun
        network.eval()
        with torch.no_grad():
            guesses = torch.cat([network(part).argmax(1) for part in x_test.split(500)])
        found.append(float((guesses == y_test).float().mean()))
        tell("torch", epoch, total / len(x), found[-1], spent)
    return found


def tell(who: str, epoch: int, loss: float, accuracy: float, spent: float) -> None:
    print(f"{who} epoch {epoch + 1}: loss {loss:.4f}, test accuracy {accuracy:.4f}, {spent:.1f} s", flush=True)
    if not np.isfinite(loss):
        sys.exit(f"{who}: the loss is not finite")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--framework", choices=("lamina", "torch", "both"), default="both")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--pictures", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    lamina.random.set_seed(chosen.seed)
    train, test = pictures("train", chosen.pictures), pictures("test", 4000)
    model = in_lamina()
    kernels = in_order(model)
    reached = {}
    if chosen.framework != "lamina":
        reached["torch"] = train_torch(in_torch(kernels), train, test, chosen)
    if chosen.framework != "torch":
        reached["lamina"] = train_lamina(model, train, test, chosen)
    means = {who: float(np.mean(found[-2:])) for who, found in reached.items()}
    print("mean of the last two epochs:", ", ".join(f"{who} {mean:.4f}" for who, mean in means.items()))
    return 1 if len(means) == 2 and means["lamina"] < means["torch"] - 0.01 else 0


def in_order(model) -> list[np.ndarray]:
    """The kernels of the network in the order in which its layers were made."""
    made = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    numbers = sorted(made, key=lambda layer: int(layer.name.partition("_")[2] or 0))
    dense = next(layer for layer in model.layers if isinstance(layer, layers.Dense))
    return [layer.kernel.numpy() for layer in (*numbers, dense)]


if __name__ == "__main__":
    sys.exit(main())
