"""PyTorch, eager, in its best form.

Arrays in memory, ``randperm`` slices, fused optimizers, channels last, no ``.item()`` in a step.
"""

from __future__ import annotations

import torch
from torch import nn

from .works import Work, data, weights


class Sequence(nn.Module):
    """Embedding - LSTM - Dense."""

    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.dense = (
            nn.Embedding(20_000, 128),
            nn.LSTM(128, 128, batch_first=True),
            nn.Linear(128, 1),
        )

    def forward(self, x):
        return self.dense(self.lstm(self.embedding(x))[0][:, -1])


def book():
    return nn.Sequential(nn.Linear(784, 50), nn.Sigmoid(), nn.Linear(50, 100), nn.Sigmoid(), nn.Linear(100, 10))


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 10),
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(1600, 10),
    ).to(memory_format=torch.channels_last)


def plain_cnn():
    stack, last = [], 3
    for filters, stride in ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        stack += [nn.Conv2d(last, filters, 3, stride, 1), nn.BatchNorm2d(filters, 1e-3), nn.ReLU()]
        last = filters
    return nn.Sequential(*stack, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)).to(
        memory_format=torch.channels_last
    )


NETWORKS = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn, "lstm": Sequence}


def load(model, name: str) -> None:
    """Gives the model the common weights, in PyTorch's layouts."""
    given = [torch.from_numpy(w) for w in weights(name)]
    if name == "cnn":  # rows of the last layer: (height, width, channel) there, (channel, height, width) here
        given[4] = given[4].reshape(5, 5, 64, 10).permute(2, 0, 1, 3).reshape(1600, 10)
    if name == "lstm":
        given.insert(4, torch.zeros(512))  # its second bias
    own = [t for key, t in model.state_dict().items() if not key.endswith("num_batches_tracked")]
    for mine, w in zip(own, given, strict=True):
        turned = w.permute(3, 2, 0, 1) if w.ndim == 4 else w.T if w.ndim == 2 and len(w) < 20_000 else w
        mine.copy_(turned)


def as_in_keras(model, x):
    """The model's outputs where convolutions of stride 2 pad below and on the right only, as Keras's "same" does.

    For the comparison: a step takes as long with one padding as with the other.
    """
    for layer in model if isinstance(model, nn.Sequential) else [model]:
        if isinstance(layer, nn.Conv2d) and layer.stride[0] == 2:
            x = nn.functional.pad(x, (0, 1, 0, 1))
            x = nn.functional.conv2d(x, layer.weight, layer.bias, layer.stride)
        else:
            x = layer(x)
    return x


def prepare(work: Work):
    """A function that trains one epoch, and the first outputs."""
    torch.manual_seed(0)
    model = NETWORKS[work.name]()
    load(model, work.name)
    x, y = (torch.from_numpy(a) for a in data(work))
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    y = y if work.name == "lstm" else y.long()
    loss = nn.BCEWithLogitsLoss() if work.name == "lstm" else nn.CrossEntropyLoss()
    if work.name == "book":
        optimizer = torch.optim.SGD(model.parameters(), 0.01, fused=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), fused=True)

    with torch.no_grad():
        z = as_in_keras(model.eval(), x[:16])
        answer = torch.sigmoid(z) if work.name == "lstm" else torch.softmax(z, 1)
    model.train()

    def epoch():
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for i in range(0, work.steps * work.batch, work.batch):
            rows = order[i : i + work.batch]
            optimizer.zero_grad(set_to_none=True)
            value = loss(model(x[rows]), y[rows])
            value.backward()
            optimizer.step()
            total += value.detach()
        return float(total)

    return epoch, [answer.numpy()]
